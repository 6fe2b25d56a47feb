// Tags, by the two families of operations that reach them, and what is kept for pictures and notifications.
import { expect } from 'vitest';
import type { Members } from './api-client.ts';
import type { ControlPlace } from './control-place.ts';
import { libraries, misnamed, noRetention, notFound, type Refusal, refusedWith, type Scenario } from './scenario.ts';

type ControlScenario = Scenario<ControlPlace>;

const tooManyTags: Refusal = ['TagsPerResourceExceededLimitException', 400];
const elsewhere = 'arn:aws:kinesisvideo:us-west-2:000000000000:stream/nobody/1700000000000';

function tags(count: number): Record<string, string> {
  return Object.fromEntries(Array.from({ length: count }, (_, index) => [`tag-${index}`, `${index}`]));
}

const keys = (count: number) => Object.keys(tags(count));
const asList = (map: Record<string, string>) => Object.entries(map).map(([Key, Value]) => ({ Key, Value }));

/** One family: how it names a stream, and how it writes tags. */
type Family = {
  operations: { tag: string; untag: string; list: string };
  reference(stream: { StreamName: string; StreamARN: string }): Members;
  written(map: Record<string, string>): unknown;
};

const ofStream: Family = {
  operations: { tag: 'TagStream', untag: 'UntagStream', list: 'ListTagsForStream' },
  reference: ({ StreamName }) => ({ StreamName }),
  written: map => map,
};

const ofResource: Family = {
  operations: { tag: 'TagResource', untag: 'UntagResource', list: 'ListTagsForResource' },
  reference: ({ StreamARN }) => ({ ResourceARN: StreamARN }),
  written: asList,
};

function tagging({ operations, reference, written }: Family, other: Family): ControlScenario[] {
  const { tag, untag, list } = operations;
  const tagged =
    (count: number) =>
    async ({ aStream }: ControlPlace) =>
      reference(await aStream(count === 0 ? {} : { Tags: tags(count) }));
  /** As the other family lists them. */
  const seen = async ({ see }: ControlPlace, input: Members) => {
    const { StreamInfo } = await see('DescribeStream', { StreamName: input.StreamName, StreamARN: input.ResourceARN });
    return (await see(other.operations.list, other.reference(StreamInfo as never))).Tags;
  };
  return [
    {
      ...{ operation: tag, what: 'adds and replaces' },
      input: async place => ({ ...(await tagged(2)(place)), Tags: written({ 'tag-1': 'other', 'with blank': '' }) }),
      async holds({ answer }, place, input) {
        expect(answer).toEqual({});
        expect(await seen(place, input)).toEqual({ 'tag-0': '0', 'tag-1': 'other', 'with blank': '' });
      },
    },
    {
      ...{ operation: tag, what: 'the fifty-first', refused: tooManyTags },
      input: async place => ({ ...(await tagged(50)(place)), Tags: written({ more: '' }) }),
    },
    ...refusedWith(tag, tagged(0), {
      'no tags': {},
      'a key of 129 characters': { Tags: written({ ['k'.repeat(129)]: '' }) },
      'a value of 257 characters': { Tags: written({ key: 'v'.repeat(257) }) },
    }),
    {
      ...{ operation: untag, what: 'takes away what is there, and does not miss the rest' },
      input: async place => ({ ...(await tagged(3)(place)), TagKeyList: ['tag-0', 'tag-2', 'none'] }),
      async holds({ answer }, place, input) {
        expect(answer).toEqual({});
        expect(await seen(place, input)).toEqual({ 'tag-1': '1' });
      },
    },
    ...refusedWith(untag, tagged(0), {
      'no list': {},
      'an empty list': { TagKeyList: [] },
      '51 keys': { TagKeyList: keys(51) },
    }),
    {
      ...{ operation: list, what: 'all there are', input: tagged(50) },
      holds: ({ answer }) => expect(answer).toEqual({ Tags: tags(50) }),
    },
    {
      ...{ operation: list, what: 'none', clients: libraries, input: tagged(0) },
      holds: ({ answer }) => expect(answer).toEqual({ Tags: {} }),
    },
    ...refusedWith(list, tagged(1), { 'a token from elsewhere': { NextToken: 'bm90IG91cnM=' } }),
  ];
}

const oneTag = { Tags: tags(1) };
const oneKey = { TagKeyList: keys(1) };

const ofNoResource: ControlScenario[] = [
  { ...{ operation: 'TagResource', what: 'the ARN of no stream', refused: notFound }, input: () => lists(elsewhere) },
  {
    ...{ operation: 'UntagResource', what: 'the ARN of no stream', refused: notFound },
    input: () => ({ ResourceARN: elsewhere, ...oneKey }),
  },
  {
    ...{ operation: 'ListTagsForResource', what: 'the ARN of no stream', refused: notFound },
    input: () => ({ ResourceARN: elsewhere }),
  },
  ...refusedWith<ControlPlace>('TagResource', () => lists('stream/cam'), { 'what is no ARN': {} }),
  ...refusedWith<ControlPlace>('UntagResource', () => oneKey, { 'no ARN': {} }),
  ...refusedWith<ControlPlace>('ListTagsForResource', () => ({}), { 'no ARN': {} }),
];

function lists(ResourceARN: string): Members {
  return { ResourceARN, Tags: asList(tags(1)) };
}

/** A configuration a stream keeps for what this server does not do itself. */
function kept(of: 'ImageGeneration' | 'Notification', configuration: Members, odd: Record<string, Members>) {
  const member = `${of}Configuration`;
  const [describe, update] = [`Describe${member}`, `Update${member}`];
  const configured = async (place: ControlPlace) => {
    const { StreamName } = await place.aStream();
    await place.see(update, { StreamName, [member]: configuration });
    return { StreamName };
  };
  const scenarios: ControlScenario[] = [
    {
      ...{ operation: update, what: 'is kept' },
      input: async ({ aStream }) => ({ StreamName: (await aStream()).StreamName, [member]: configuration }),
      async holds({ answer }, { see }, { StreamName }) {
        expect(answer).toEqual({});
        expect(await see(describe, { StreamName })).toEqual({ [member]: configuration });
      },
    },
    {
      ...{ operation: update, what: 'is taken away by saying none', clients: libraries, input: configured },
      holds: async (_, { see }, { StreamName }) => expect(await see(describe, { StreamName })).toEqual({}),
    },
    {
      ...{ operation: update, what: 'of a stream that keeps nothing', refused: noRetention },
      input: async ({ aStream }) => ({
        StreamName: (await aStream({ DataRetentionInHours: 0 })).StreamName,
        [member]: configuration,
      }),
    },
    ...misnamed<ControlPlace>(update, { [member]: configuration }).slice(1),
    ...Object.entries(odd).flatMap(([what, members]) =>
      refusedWith(update, configured, { [what]: { [member]: { ...configuration, ...members } } }),
    ),
    {
      ...{ operation: describe, what: 'as it was set', input: configured },
      holds: ({ answer }) => expect(answer).toEqual({ [member]: configuration }),
    },
    {
      ...{ operation: describe, what: 'nothing when nothing was set', clients: libraries },
      input: async ({ aStream }) => ({ StreamARN: (await aStream()).StreamARN }),
      holds: ({ answer }) => expect(answer).toEqual({}),
    },
    ...misnamed<ControlPlace>(describe),
  ];
  return scenarios;
}

const pictures = {
  ...{ Status: 'ENABLED', ImageSelectorType: 'SERVER_TIMESTAMP', SamplingInterval: 3000, Format: 'JPEG' },
  DestinationConfig: { Uri: 's3://pictures/cam', DestinationRegion: 'us-west-2' },
  ...{ FormatConfig: { JPEGQuality: '70' }, WidthPixels: 640, HeightPixels: 360 },
};

const notifications = { Status: 'DISABLED', DestinationConfig: { Uri: 'sns:us-west-2:1:topic' } };

function ofNoArn(operation: string, rest: Members = {}): ControlScenario[] {
  const refused: Refusal = ['InvalidResourceFormatException', 400];
  return [
    { operation, what: 'what is no ARN', clients: libraries, input: () => ({ StreamARN: 'door', ...rest }), refused },
  ];
}

export const tagScenarios: ControlScenario[] = [
  ...tagging(ofStream, ofResource),
  ...tagging(ofResource, ofStream),
  ...misnamed<ControlPlace>('TagStream', oneTag),
  ...misnamed<ControlPlace>('UntagStream', oneKey),
  ...misnamed<ControlPlace>('ListTagsForStream'),
  ...ofNoArn('TagStream', oneTag),
  ...ofNoArn('UntagStream', oneKey),
  ...ofNoArn('ListTagsForStream'),
  ...ofNoResource,
];

export const configurationScenarios: ControlScenario[] = [
  ...kept('ImageGeneration', pictures, {
    'no status': { Status: undefined },
    'a quality of 0': { FormatConfig: { JPEGQuality: '0' } },
    'pictures 3,841 wide': { WidthPixels: 3841 },
    'an unknown format': { Format: 'GIF' },
    'no destination': { DestinationConfig: undefined },
    'an odd region': { DestinationConfig: { ...pictures.DestinationConfig, DestinationRegion: 'everywhere' } },
  }),
  ...kept('Notification', notifications, {
    'an unknown status': { Status: 'PERHAPS' },
    'a destination that is no URI': { DestinationConfig: { Uri: 'topic' } },
  }),
];
