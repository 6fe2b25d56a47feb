// Streams are made, described, listed and deleted.
import { expect } from 'vitest';
import type { Members } from './api-client.ts';
import type { ControlPlace } from './control-place.ts';
import { libraries, misnamed, newest, notFound, refusedWith, type Scenario, versionMismatch } from './scenario.ts';

type ControlScenario = Scenario<ControlPlace>;

const arnOf = (name: unknown) =>
  expect.stringMatching(new RegExp(`^arn:aws:kinesisvideo:us-west-2:\\d{12}:stream/${name}/\\d{13}$`));

const apiNames = [
  'PUT_MEDIA',
  'GET_MEDIA',
  'LIST_FRAGMENTS',
  'GET_MEDIA_FOR_FRAGMENT_LIST',
  'GET_HLS_STREAMING_SESSION_URL',
  'GET_DASH_STREAMING_SESSION_URL',
  'GET_CLIP',
  'GET_IMAGES',
];

const creation: ControlScenario[] = [
  {
    ...{ operation: 'CreateStream', what: 'keeps all it was told' },
    input: ({ newName }) => ({
      ...{ StreamName: newName(), DeviceName: 'gate', MediaType: 'video/h264,audio/aac', DataRetentionInHours: 24 },
      ...{ KmsKeyId: 'alias/own', Tags: { site: 'home', 'of day': 'ñ' } },
    }),
    async holds({ answer }, { see }, { Tags, ...members }) {
      expect(answer).toEqual({ StreamARN: arnOf(members.StreamName) });
      const { StreamInfo } = await see('DescribeStream', answer);
      expect(StreamInfo).toMatchObject(members);
      expect(await see('ListTagsForStream', answer)).toEqual({ Tags });
    },
  },
  {
    ...{ operation: 'CreateStream', what: 'a storage tier is kept', clients: newest },
    input: ({ newName }) => ({ StreamName: newName(), StreamStorageConfiguration: { DefaultStorageTier: 'WARM' } }),
    async holds({ answer }, { see }) {
      const StreamStorageConfiguration = { DefaultStorageTier: 'WARM' };
      expect(await see('DescribeStreamStorageConfiguration', answer)).toMatchObject({ StreamStorageConfiguration });
    },
  },
  {
    ...{ operation: 'CreateStream', what: 'a name that is taken', refused: ['ResourceInUseException', 400] },
    input: async ({ aStream }) => ({ StreamName: (await aStream()).StreamName }),
  },
  ...refusedWith<ControlPlace>('CreateStream', ({ newName }) => ({ StreamName: newName() }), {
    'no name': { StreamName: undefined },
    'an empty name': { StreamName: '' },
    'a name like a path': { StreamName: '../up' },
    'a name of 257 characters': { StreamName: 'x'.repeat(257) },
    'a media type without a subtype': { MediaType: 'video' },
    'a device name with blanks': { DeviceName: 'at the gate' },
    'a retention below 0': { DataRetentionInHours: -1 },
    'a retention above ten years': { DataRetentionInHours: 87_601 },
    'a tag key of 129 characters': { Tags: { ['k'.repeat(129)]: '' } },
    'a tag value of 257 characters': { Tags: { key: 'v'.repeat(257) } },
  }),
];

const description: ControlScenario[] = [
  {
    ...{ operation: 'DescribeStream', what: 'by name, with its version, status and time' },
    input: async ({ aStream }) => ({ StreamName: (await aStream({ MediaType: 'video/h265' })).StreamName }),
    holds({ answer }, _, { StreamName }) {
      const { CreationTime, ...info } = answer.StreamInfo as Members;
      expect(info).toEqual({
        ...{ StreamName, StreamARN: arnOf(StreamName), MediaType: 'video/h265', Status: 'ACTIVE' },
        ...{ DataRetentionInHours: 1, Version: expect.stringMatching(/^\w{20}$/) },
        KmsKeyId: expect.stringMatching(/aws\/kinesisvideo$/),
      });
      expect(Math.abs(Date.now() - Number(CreationTime))).toBeLessThan(60_000);
    },
  },
  {
    ...{ operation: 'DescribeStream', what: 'by ARN', clients: libraries },
    input: async ({ aStream }) => ({ StreamARN: (await aStream()).StreamARN }),
    holds: ({ answer }, _, { StreamARN }) => expect(answer.StreamInfo).toMatchObject({ StreamARN }),
  },
  ...misnamed<ControlPlace>('DescribeStream'),
  {
    ...{ operation: 'ListStreams', what: 'by prefix, in order' },
    async input({ aStream, newName }) {
      const ComparisonValue = newName();
      for (const end of ['-b', '-a']) await aStream({}, `${ComparisonValue}${end}`);
      return { StreamNameCondition: { ComparisonOperator: 'BEGINS_WITH', ComparisonValue } };
    },
    holds({ answer }, _, { StreamNameCondition }) {
      const { ComparisonValue } = StreamNameCondition as { ComparisonValue: string };
      expect(answer).toEqual({
        StreamInfoList: ['-a', '-b'].map(end => expect.objectContaining({ StreamName: `${ComparisonValue}${end}` })),
      });
    },
  },
  ...refusedWith<ControlPlace>('ListStreams', () => ({}), {
    'pages of none': { MaxResults: 0 },
    'pages of 10,001': { MaxResults: 10_001 },
    'a token from elsewhere': { NextToken: 'bm90IG91cnM=' },
    'an unknown comparison': { StreamNameCondition: { ComparisonOperator: 'ENDS_WITH', ComparisonValue: 'a' } },
  }),
  ...apiNames.map(
    (APIName): ControlScenario => ({
      ...{ operation: 'GetDataEndpoint', what: `for ${APIName}` },
      ...(APIName === 'PUT_MEDIA' ? {} : { clients: libraries }),
      input: async ({ aStream }) => ({ StreamName: (await aStream()).StreamName, APIName }),
      async holds({ answer }, { see }, { StreamName }) {
        expect(answer).toEqual({ DataEndpoint: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/) });
        expect(await see('DescribeStream', { StreamName })).toMatchObject({ StreamInfo: { StreamName } });
      },
    }),
  ),
  ...misnamed<ControlPlace>('GetDataEndpoint', { APIName: 'GET_MEDIA' }),
  ...refusedWith<ControlPlace>(
    'GetDataEndpoint',
    async ({ aStream }) => ({ StreamName: (await aStream()).StreamName }),
    {
      'no APIName': {},
      'an unknown APIName': { APIName: 'PUT_SOUND' },
    },
  ),
];

const gone = async ({ see }: ControlPlace, StreamARN: unknown) =>
  expect(see('DescribeStream', { StreamARN })).rejects.toThrow(/ResourceNotFoundException/);

const deletion: ControlScenario[] = [
  {
    ...{ operation: 'DeleteStream', what: 'whatever its version' },
    input: async ({ aStream }) => byArn(await aStream()),
    async holds({ answer }, place, { StreamARN }) {
      expect(answer).toEqual({});
      await gone(place, StreamARN);
    },
  },
  {
    ...{ operation: 'DeleteStream', what: 'of this version', clients: libraries },
    async input({ aStream }) {
      const { StreamARN, Version } = await aStream();
      return { StreamARN, CurrentVersion: Version };
    },
    holds: (_, place, { StreamARN }) => gone(place, StreamARN),
  },
  {
    ...{ operation: 'DeleteStream', what: 'another version than the present one', refused: versionMismatch },
    input: async ({ aStream }) => ({ ...byArn(await aStream()), CurrentVersion: 'B'.repeat(20) }),
  },
  {
    ...{ operation: 'DeleteStream', what: 'a stream that was deleted', clients: libraries, refused: notFound },
    async input({ aStream, see }) {
      const reference = byArn(await aStream());
      await see('DeleteStream', reference);
      return reference;
    },
  },
  ...refusedWith<ControlPlace>('DeleteStream', () => ({}), {
    'no ARN': {},
    'what is no ARN': { StreamARN: 'stream/cam' },
  }),
];

function byArn({ StreamARN }: { StreamARN: string }): Members {
  return { StreamARN };
}

export const streamScenarios: ControlScenario[] = [...creation, ...description, ...deletion];
