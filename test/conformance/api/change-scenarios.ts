// What may be changed of a stream, each change for the version it was made for.
import { expect } from 'vitest';
import type { Members } from './api-client.ts';
import type { ControlPlace } from './control-place.ts';
import { libraries, misnamed, newest, refusedWith, type Scenario, versionMismatch } from './scenario.ts';

type ControlScenario = Scenario<ControlPlace>;

/** A stream, and the version a change of it must name. */
async function current({ aStream }: ControlPlace, members: Members = {}): Promise<Members> {
  const { StreamName, Version } = await aStream(members);
  return { StreamName, CurrentVersion: Version };
}

const otherVersion = 'B'.repeat(20);

/** What every change of a stream has: a version, that must be the one there is, and gives way to another. */
function versioned(operation: string, change: Members, clients = libraries): ControlScenario[] {
  return [
    {
      ...{ operation, what: 'another version than the present one', refused: versionMismatch },
      input: async place => ({ ...(await current(place)), CurrentVersion: otherVersion, ...change }),
      ...(clients === libraries ? {} : { clients }),
    },
    {
      ...{ operation, what: 'a new version afterwards', clients },
      input: async place => ({ ...(await current(place)), ...change }),
      async holds({ answer }, { see }, { StreamName, CurrentVersion }) {
        expect(answer).toEqual({});
        const { StreamInfo } = await see('DescribeStream', { StreamName });
        expect(StreamInfo).not.toMatchObject({ Version: CurrentVersion });
      },
    },
  ];
}

const increase = { Operation: 'INCREASE_DATA_RETENTION', DataRetentionChangeInHours: 2 };
const tier = { StreamStorageConfiguration: { DefaultStorageTier: 'WARM' } };

export const changeScenarios: ControlScenario[] = [
  {
    ...{ operation: 'UpdateStream', what: 'what is named changes, the rest stays' },
    input: async place => ({
      ...(await current(place, { DeviceName: 'gate', MediaType: 'video/h264' })),
      MediaType: 'video/h265',
    }),
    async holds({ answer }, { see }, { StreamName }) {
      expect(answer).toEqual({});
      const { StreamInfo } = await see('DescribeStream', { StreamName });
      expect(StreamInfo).toMatchObject({ DeviceName: 'gate', MediaType: 'video/h265' });
    },
  },
  ...versioned('UpdateStream', { DeviceName: 'yard' }),
  ...misnamed<ControlPlace>('UpdateStream', { CurrentVersion: otherVersion }),
  ...refusedWith<ControlPlace>('UpdateStream', current, {
    'no version': { CurrentVersion: undefined },
    'a device name with blanks': { DeviceName: 'no blanks' },
    'a media type of 129 characters': { MediaType: `video/${'x'.repeat(123)}` },
  }),
  ...(
    [
      ['INCREASE_DATA_RETENTION', 14, 24],
      ['DECREASE_DATA_RETENTION', 10, 0],
    ] as const
  ).map(
    ([Operation, DataRetentionChangeInHours, DataRetentionInHours]): ControlScenario => ({
      ...{ operation: 'UpdateDataRetention', what: `${Operation} from 10 to ${DataRetentionInHours} hours` },
      ...(DataRetentionInHours === 0 ? { clients: libraries } : {}),
      input: async place => ({
        ...(await current(place, { DataRetentionInHours: 10 })),
        ...{ Operation, DataRetentionChangeInHours },
      }),
      async holds({ answer }, { see }, { StreamName }) {
        expect(answer).toEqual({});
        expect(await see('DescribeStream', { StreamName })).toMatchObject({ StreamInfo: { DataRetentionInHours } });
      },
    }),
  ),
  ...versioned('UpdateDataRetention', increase),
  ...misnamed<ControlPlace>('UpdateDataRetention', { CurrentVersion: otherVersion, ...increase }),
  ...refusedWith<ControlPlace>('UpdateDataRetention', async place => ({ ...(await current(place)), ...increase }), {
    'less than nothing': { Operation: 'DECREASE_DATA_RETENTION' },
    'more than ten years': { DataRetentionChangeInHours: 87_600 },
    'a change of nothing': { DataRetentionChangeInHours: 0 },
    'an unknown operation': { Operation: 'SET_DATA_RETENTION' },
    'no version': { CurrentVersion: undefined },
  }),
  {
    ...{ operation: 'UpdateStreamStorageConfiguration', what: 'HOT becomes WARM', clients: newest },
    input: async place => ({ ...(await current(place)), ...tier }),
    async holds(_, { see }, { StreamName }) {
      expect(await see('DescribeStreamStorageConfiguration', { StreamName })).toMatchObject(tier);
    },
  },
  ...versioned('UpdateStreamStorageConfiguration', tier, newest),
  ...[
    ...misnamed<ControlPlace>('UpdateStreamStorageConfiguration', { CurrentVersion: otherVersion, ...tier }),
    ...refusedWith<ControlPlace>('UpdateStreamStorageConfiguration', current, {
      'no configuration': {},
      'an unknown tier': { StreamStorageConfiguration: { DefaultStorageTier: 'COLD' } },
    }),
    ...misnamed<ControlPlace>('DescribeStreamStorageConfiguration'),
  ].map(scenario => ({ ...scenario, clients: newest })),
  {
    ...{ operation: 'DescribeStreamStorageConfiguration', what: 'HOT when nothing was said', clients: newest },
    input: async ({ aStream }) => ({ StreamARN: (await aStream()).StreamARN }),
    holds({ answer }, _, { StreamARN }) {
      const StreamStorageConfiguration = { DefaultStorageTier: 'HOT' };
      expect(answer).toMatchObject({ StreamARN, StreamStorageConfiguration });
    },
  },
];
