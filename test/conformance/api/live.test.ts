// GetMedia, and how many may read at once, as the AWS CLI, boto3 and the SDK for JavaScript see it. An answer of GetMedia lasts
// as long as its stream: the streams here are deleted once all that is waited for has been sent.
import {
  GetMediaForFragmentListCommand,
  type GetMediaForFragmentListCommandOutput,
} from '@aws-sdk/client-kinesis-video-archived-media';
import { afterAll, beforeAll, expect } from 'vitest';
import { writeHeader } from '../../../agent/matroska/write.ts';
import { archiveClient, keys, type TestCloud, testCloud } from '../../local-cloud/control-cloud.ts';
import { cluster, putMedia, videoTrack } from '../../local-cloud/ingest-producer.ts';
import { relayTo, uploadAt } from '../../local-cloud/stored-media.ts';
import { cell } from '../cell.ts';
import { type Access, type ClientName, clientNames, type Members, type Outcome } from './api-client.ts';
import { numbersIn } from './archive-scenarios.ts';
import { type ControlPlace, controlPlace } from './control-place.ts';
import { everyClient } from './every-client.ts';
import {
  expectAnswer,
  expectRefusal,
  invalidArgument,
  libraries,
  misnamed,
  refusedWith,
  runScenarios,
  type Scenario,
} from './scenario.ts';

let running: TestCloud;
let access: Access;
let place: ControlPlace;
const client = everyClient();
const startMs = Math.floor(Date.now() / 1000) * 1000 - 60_000;
const times = [0, 1, 2, 3].map(second => startMs + second * 1000);

beforeAll(async () => {
  running = await testCloud();
  access = { endpoint: running.cloud.url, ...keys };
  place = controlPlace('live', client('SDK for JavaScript'), access);
});
afterAll(async () => {
  expect(running.problems).toEqual([]);
  await running[Symbol.asyncDispose]();
});

type Recorded = { StreamName: string; numbers: string[] };

async function recorded(members: Members = {}): Promise<Recorded> {
  const { StreamName } = await place.aStream(members);
  return { StreamName, numbers: await uploadAt(access.endpoint, times, StreamName) };
}

async function remove(StreamName: string): Promise<void> {
  const { StreamInfo } = await place.see('DescribeStream', { StreamName });
  await place.see('DeleteStream', { StreamARN: (StreamInfo as { StreamARN: string }).StreamARN });
}

/** An answer under way. */
type Reading = { outcome: Promise<Outcome>; sent(number: string | undefined): Promise<void> } & AsyncDisposable;

async function reading(name: ClientName, StreamName: string, StartSelector: Members): Promise<Reading> {
  const relay = await relayTo(access.endpoint);
  return {
    outcome: client(name).call('GetMedia', { StreamName, StartSelector }, { ...access, endpoint: relay.url }),
    // The tag that follows a fragment, with the number as its value.
    sent: number => relay.saw(`AWS_KINESISVIDEO_CONTINUATION_TOKEND\x87\xaf${number}`),
    [Symbol.asyncDispose]: () => relay[Symbol.asyncDispose](),
  };
}

/** From where each selector begins: the place of the first fragment that comes. */
const selectors: Record<string, { from: number; select(numbers: readonly string[]): Members; all?: true }> = {
  EARLIEST: { from: 0, select: () => ({}), all: true },
  NOW: { from: 3, select: () => ({}) },
  FRAGMENT_NUMBER: { from: 2, select: numbers => ({ AfterFragmentNumber: numbers[1] }) },
  CONTINUATION_TOKEN: { from: 1, select: numbers => ({ ContinuationToken: numbers[0] }) },
  PRODUCER_TIMESTAMP: { from: 1, select: () => ({ StartTimestamp: new Date(startMs + 1000) }) },
  SERVER_TIMESTAMP: { from: 0, select: () => ({ StartTimestamp: new Date(startMs) }) },
};

for (const [StartSelectorType, { from, select, all }] of Object.entries(selectors))
  for (const name of all ? clientNames : libraries)
    cell({ operation: 'GetMedia', client: name }, `${StartSelectorType}, to the end of the stream`, async () => {
      const { StreamName, numbers } = await recorded();
      await using media = await reading(name, StreamName, { StartSelectorType, ...select(numbers) });
      await media.sent(numbers.at(-1));
      await remove(StreamName);
      const outcome = expectAnswer(await media.outcome);
      expect(outcome).toMatchObject({ answer: { ContentType: 'video/webm' }, problems: [] });
      expect(numbersIn(outcome.media)).toEqual(numbers.slice(from));
      const text = Buffer.from(outcome.media).toString('latin1');
      expect(text.split('AWS_KINESISVIDEO_MILLIS_BEHIND_NOW')).toHaveLength(numbers.length - from + 1);
    });

for (const name of clientNames)
  cell({ operation: 'GetMedia', client: name }, 'what arrives while it is read, without retention', async () => {
    const { StreamName } = await place.aStream({ DataRetentionInHours: 0 });
    await using media = await reading(name, StreamName, { StartSelectorType: 'EARLIEST' });
    const producer = await putMedia(access.endpoint, { stream: StreamName });
    const numbers: (string | undefined)[] = [];
    await producer.send(writeHeader([videoTrack]), cluster(startMs));
    for (const time of times.slice(1)) {
      await producer.send(cluster(time));
      numbers.push((await producer.until('RECEIVED')).at(-1)?.FragmentNumber);
      await media.sent(numbers.at(-1));
    }
    await producer.end();
    await remove(StreamName);
    const seen = numbersIn(expectAnswer(await media.outcome).media);
    expect(seen.slice(0, numbers.length)).toEqual(numbers);
  });

for (const name of libraries) {
  cell({ operation: 'GetMedia', client: name }, 'a fragment that is not kept: error 4000 in the media', async () => {
    const { StreamName } = await recorded();
    await using media = await reading(name, StreamName, {
      StartSelectorType: 'FRAGMENT_NUMBER',
      AfterFragmentNumber: '1',
    });
    const text = Buffer.from(expectAnswer(await media.outcome).media).toString('latin1');
    expect(text).toMatch(/AWS_KINESISVIDEO_ERROR_ID[^\d]*4000/);
  });

  cell({ operation: 'GetMedia', client: name }, 'three at once, and no fourth', async () => {
    const { StreamName, numbers } = await recorded();
    await using readers = new AsyncDisposableStack();
    const outcomes = [];
    for (let count = 0; count < 3; count++) {
      const media = readers.use(await reading(name, StreamName, { StartSelectorType: 'EARLIEST' }));
      outcomes.push(media.outcome);
      await media.sent(numbers.at(-1));
    }
    const fourth = { StreamName, StartSelector: { StartSelectorType: 'EARLIEST' } };
    const refused = await client(name).call('GetMedia', fourth, access);
    expectRefusal(refused, ['ConnectionLimitExceededException', 400]);
    expect(refused.problems).toEqual([]);
    await remove(StreamName);
    for (const outcome of await Promise.all(outcomes)) expect(numbersIn(expectAnswer(outcome).media)).toEqual(numbers);
  });

  cell({ operation: 'GetMediaForFragmentList', client: name }, 'five at once, and no sixth', async () => {
    const { StreamName, numbers } = await recorded();
    // More than fits into any socket: who does not read it keeps it open.
    const asked = { StreamName, Fragments: Array.from({ length: 1000 }, () => numbers[0] ?? '') };
    const held: GetMediaForFragmentListCommandOutput[] = [];
    const other = archiveClient(access.endpoint);
    for (let count = 0; count < 5; count++) held.push(await other.send(new GetMediaForFragmentListCommand(asked)));
    const input = { StreamName, Fragments: numbers };
    const refused = await client(name).call('GetMediaForFragmentList', input, access);
    expectRefusal(refused, ['ClientLimitExceededException', 400]);
    expect(refused.problems).toEqual([]);
    for (const { Payload } of held) await Payload?.transformToByteArray();
    expectAnswer(await client(name).call('GetMediaForFragmentList', input, access));
  });
}

const earliest = { StartSelector: { StartSelectorType: 'EARLIEST' } };

const refusals: Scenario<ControlPlace>[] = [
  ...misnamed<ControlPlace>('GetMedia', earliest),
  ...refusedWith<ControlPlace>('GetMedia', async ({ aStream }) => ({ StreamName: (await aStream()).StreamName }), {
    'no selector': {},
    'a selector without a type': { StartSelector: {} },
    'an unknown selector': { StartSelector: { StartSelectorType: 'LATEST' } },
    'FRAGMENT_NUMBER without a number': { StartSelector: { StartSelectorType: 'FRAGMENT_NUMBER' } },
    'PRODUCER_TIMESTAMP without a time': { StartSelector: { StartSelectorType: 'PRODUCER_TIMESTAMP' } },
    'CONTINUATION_TOKEN without a token': { StartSelector: { StartSelectorType: 'CONTINUATION_TOKEN' } },
  }),
  {
    ...{ operation: 'GetMedia', what: 'a token from elsewhere', refused: invalidArgument },
    input: async ({ aStream }) => ({
      StreamName: (await aStream()).StreamName,
      StartSelector: { StartSelectorType: 'CONTINUATION_TOKEN', ContinuationToken: 'elsewhere' },
    }),
  },
];

runScenarios(refusals, { names: clientNames, set: name => ({ client: client(name), access, place }) });
