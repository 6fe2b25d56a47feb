// What AWS's documents demand beyond its models: ranges, tokens, addresses, and limits that members have together.
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  sessionRequest as dashRequest,
  settingsOf as dashSettings,
} from '../../agent/local-cloud/dash/session-request.ts';
import {
  sessionRequest as hlsRequest,
  settingsOf as hlsSettings,
} from '../../agent/local-cloud/hls/session-request.ts';
import { MatroskaReader } from '../../agent/matroska/read.ts';
import { type TestCloud, testCloud } from './control-cloud.ts';
import { startMs } from './ingest-producer.ts';
import { type Answer, type Called, signedCall } from './signed-call.ts';
import { createStream, uploadAt } from './stored-media.ts';

let running: TestCloud;
let numbers: string[] = [];
const hourMs = 3_600_000;

beforeAll(async () => {
  running = await testCloud();
  const { url } = running.cloud;
  await createStream(url, 'cam', { retentionHours: 1 });
  await createStream(url, 'other', { retentionHours: 1 });
  await createStream(url, 'buffered', { retentionHours: 0 });
  numbers = await uploadAt(
    url,
    [0, 1, 2, 3].map(second => startMs + second * 1000),
  );
});

afterAll(async () => {
  await running[Symbol.asyncDispose]();
});

function call(operation: string, input: object): Promise<Answer> {
  const path = `/${operation.charAt(0).toLowerCase()}${operation.slice(1)}`;
  return signedCall(running.cloud.url, { path }, { body: JSON.stringify(input) });
}

const told = ({ type, body }: Answer) => [type, Object(body).Message];

type Range = { by: 'SERVER_TIMESTAMP' | 'PRODUCER_TIMESTAMP'; fromMs: number; toMs: number };

const selectorOf = ({ by, fromMs, toMs }: Range) => ({
  FragmentSelectorType: by,
  TimestampRange: { StartTimestamp: fromMs / 1000, EndTimestamp: toMs / 1000 },
});

const readers: Record<string, (range: Range) => object> = {
  GetClip: range => ({ ClipFragmentSelector: selectorOf(range) }),
  GetHLSStreamingSessionURL: range => ({ PlaybackMode: 'ON_DEMAND', HLSFragmentSelector: selectorOf(range) }),
  GetDASHStreamingSessionURL: range => ({ PlaybackMode: 'ON_DEMAND', DASHFragmentSelector: selectorOf(range) }),
};

describe.each(Object.entries(readers))('%s', (operation, input) => {
  const ask = async (range: Range, StreamName = 'cam') => told(await call(operation, { StreamName, ...input(range) }));
  const producer = (fromMs: number, toMs: number): Range => ({ by: 'PRODUCER_TIMESTAMP', fromMs, toMs });
  const server = (fromMs: number, toMs: number): Range => ({ by: 'SERVER_TIMESTAMP', fromMs, toMs });
  const nothing = [
    'ResourceNotFoundException',
    `No fragments found in the stream for the ${operation === 'GetClip' ? 'clip' : 'streaming'} request.`,
  ];

  test('takes a range of 24 hours, and not a millisecond more', async () => {
    const farMs = startMs + 1000 * hourMs;
    expect(await ask(producer(farMs, farMs + 24 * hourMs))).toEqual(nothing);
    expect(await ask(producer(farMs, farMs + 24 * hourMs + 1))).toEqual([
      'InvalidArgumentException',
      'EndTimestamp must be within 24 hours of StartTimestamp.',
    ]);
  });

  test('takes a range that ends after it starts', async () => {
    const later = ['InvalidArgumentException', 'EndTimestamp must be later than StartTimestamp.'];
    expect(await ask(producer(startMs, startMs))).toEqual(later);
    expect(await ask(producer(startMs + 1, startMs))).toEqual(later);
  });

  test('finds what starts at either end of the range, and not what goes on into it', async () => {
    expect(await ask(producer(startMs + 3001, startMs + 4000))).toEqual(nothing);
    expect(await ask(producer(startMs - 1000, startMs - 1))).toEqual(nothing);
    // These are pictures nobody can decode: found, and then refused as such, or listed.
    for (const range of [producer(startMs + 3000, startMs + 4000), producer(startMs - 1000, startMs)])
      expect(await ask(range)).not.toEqual(nothing);
  });

  test('takes no server time that is still to come, or that is not kept any more', async () => {
    const nowMs = Date.now();
    expect(await ask(server(nowMs, nowMs + 60_000))).toEqual([
      'InvalidArgumentException',
      'EndTimestamp must be in the past when FragmentSelectorType is SERVER_TIMESTAMP.',
    ]);
    const endMs = nowMs - hourMs - 5000;
    expect(await ask(server(endMs - 1000, endMs))).toEqual([
      'InvalidArgumentException',
      `End timestamp ${endMs} is outside of the stream retention period.`,
    ]);
    expect(await ask(producer(endMs - 1000, endMs))).toEqual(nothing);
    expect(await ask(server(nowMs - 2 * hourMs, nowMs - hourMs + 60_000))).toEqual(nothing);
  });

  test('plays no stream without retention', async () => {
    const [type] = await ask(producer(startMs, startMs + 1000), 'buffered');
    expect(type).toBe('NoDataRetentionException');
  });
});

describe('ListFragments', () => {
  const everything = { by: 'PRODUCER_TIMESTAMP', fromMs: startMs, toMs: startMs + 3000 } as const;
  const list = (input: object, StreamName = 'cam') => call('ListFragments', { StreamName, ...input });
  const page = async () => {
    const { body } = await list({ MaxResults: 2, FragmentSelector: selectorOf(everything) });
    return { NextToken: String(Object(body).NextToken), MaxResults: 2 };
  };
  const found = ({ body }: Answer) => Object(body).Fragments?.map(({ FragmentNumber = '' }) => FragmentNumber);

  test('has both ends in its range, which may be a moment', async () => {
    expect(found(await list({ FragmentSelector: selectorOf(everything) }))).toEqual(numbers);
    const moment = { ...everything, toMs: startMs };
    expect(found(await list({ FragmentSelector: selectorOf(moment) }))).toEqual(numbers.slice(0, 1));
    expect(told(await list({ FragmentSelector: selectorOf({ ...everything, toMs: startMs - 1 }) }))).toEqual([
      'InvalidArgumentException',
      'EndTimestamp must not be before StartTimestamp.',
    ]);
  });

  test('says so when nothing of a range by server time can be kept any more', async () => {
    const toMs = Date.now() - hourMs - 5000;
    const range: Range = { by: 'SERVER_TIMESTAMP', fromMs: 0, toMs };
    const outside = ['InvalidArgumentException', `End timestamp ${toMs} is outside of the stream retention period.`];
    expect(told(await list({ FragmentSelector: selectorOf(range) }))).toEqual(outside);
    // By the producer's clock they are older than the stream's retention: that counts from their arrival.
    expect(found(await list({ FragmentSelector: selectorOf({ ...range, by: 'PRODUCER_TIMESTAMP' }) }))).toEqual(
      numbers,
    );
  });

  test('finds nothing in a stream without retention, whose documents have no error for it', async () => {
    await uploadAtBuffered();
    expect(found(await list({ FragmentSelector: selectorOf(everything) }, 'buffered'))).toEqual([]);
    const past: Range = { by: 'SERVER_TIMESTAMP', fromMs: 0, toMs: Date.now() - 1000 };
    expect(told(await list({ FragmentSelector: selectorOf(past) }, 'buffered'))).toEqual([
      'InvalidArgumentException',
      expect.stringMatching(/^End timestamp \d+ is outside of the stream retention period\.$/),
    ]);
  });

  test('goes on by its token, with or without the selector it began with', async () => {
    const next = await page();
    expect(found(await list(next))).toEqual(numbers.slice(2));
    expect(found(await list({ ...next, FragmentSelector: selectorOf(everything) }))).toEqual(numbers.slice(2));
    expect(found(await list({ ...next, MaxResults: 1 }))).toEqual(numbers.slice(2, 3));
  });

  test('refuses a token of another stream or selector, and one that was altered', async () => {
    const next = await page();
    const invalid = ['InvalidArgumentException', 'The NextToken is not valid.'];
    expect(told(await list(next, 'other'))).toEqual(invalid);
    const text = Buffer.from(next.NextToken, 'base64').toString();
    const altered = Buffer.from(text.replace(`"toMs":${startMs + 3000}`, `"toMs":${startMs + 9000}`));
    expect(altered.toString()).not.toBe(text);
    for (const NextToken of [altered.toString('base64'), 'bnVsbA==', 'a', next.NextToken.slice(4)])
      expect(told(await list({ NextToken })), NextToken).toEqual(invalid);
    const longer = selectorOf({ ...everything, toMs: startMs + 9000 });
    expect(told(await list({ ...next, FragmentSelector: longer }))).toEqual([
      'InvalidArgumentException',
      'The NextToken is of another FragmentSelector.',
    ]);
    expect(told(await list({}))).toEqual([
      'InvalidArgumentException',
      'Either FragmentSelector or NextToken must be given.',
    ]);
  });

  test('keeps its tokens over a restart', async () => {
    const next = await page();
    await running.restart();
    expect(found(await list(next))).toEqual(numbers.slice(2));
  });
});

const uploadAtBuffered = () => uploadAt(running.cloud.url, [startMs], 'buffered');

test('pictures and streams go on by tokens of the same request only', async () => {
  const times = { StartTimestamp: startMs / 1000 + 100, EndTimestamp: startMs / 1000 + 110 };
  const request = { StreamName: 'cam', ImageSelectorType: 'PRODUCER_TIMESTAMP', Format: 'PNG', SamplingInterval: 200 };
  const { NextToken } = Object((await call('GetImages', { ...request, ...times })).body);
  const next = await call('GetImages', { ...request, ...times, NextToken });
  expect(Object(next.body).Images[0].TimeStamp).toBe(times.StartTimestamp + 5);
  const invalid = ['InvalidArgumentException', 'The NextToken is not valid.'];
  for (const other of [{ StreamName: 'other' }, { SamplingInterval: 250 }, { ImageSelectorType: 'SERVER_TIMESTAMP' }])
    expect(told(await call('GetImages', { ...request, ...times, NextToken, ...other }))).toEqual(invalid);
  const streams = Object((await call('ListStreams', { MaxResults: 1 })).body);
  expect(told(await call('ListStreams', { NextToken: streams.NextToken }))[0]).toBeUndefined();
  const prefix = { StreamNameCondition: { ComparisonOperator: 'BEGINS_WITH', ComparisonValue: 'c' } };
  expect(told(await call('ListStreams', { NextToken: streams.NextToken, ...prefix }))).toEqual(invalid);
});

test('an operation is found under its own path only, whatever its body claims to be', async () => {
  const { url } = running.cloud;
  const body = JSON.stringify({ StreamName: 'cam' });
  for (const path of [
    '/DescribeStream',
    '/describestream',
    '/describeStream/',
    '//describeStream',
    '/tagResource',
    '/',
  ]) {
    const answer = await signedCall(url, { path }, { body });
    expect([path, answer.status, answer.type]).toEqual([path, 404, 'UnknownOperationException']);
    expect(answer.body).toMatchObject({
      Output: { __type: 'com.amazon.coral.service#UnknownOperationException' },
      Version: '1.0',
    });
  }
  const path = '/describeStream';
  for (const type of [
    'application/json',
    'application/x-amz-json-1.1',
    'text/plain',
    'application/x-www-form-urlencoded',
  ])
    expect((await signedCall(url, { path }, { body, headers: { 'content-type': type } })).status, type).toBe(200);
  const unlabelled = { body: '{"streamName":"cam"}' };
  expect(told(await signedCall(url, { path }, unlabelled))).toEqual([
    'InvalidArgumentException',
    'Exactly one of StreamName and StreamARN must be given.',
  ]);
});

test('a signature for another service opens nothing', async () => {
  const { url } = running.cloud;
  const target = 'RekognitionService.DetectLabels';
  const foreign: [Called, string][] = [
    [{ path: '/listStreams', service: 'rekognition' }, 'kinesisvideo'],
    [{ path: '/', target, service: 'kinesisvideo' }, 'rekognition'],
  ];
  for (const [called, service] of foreign)
    expect(told(await signedCall(url, called, { body: '{}' }))).toEqual([
      'InvalidSignatureException',
      `Credential should be scoped to correct service: '${service}'.`,
    ]);
});

test('an ARN names the stream it was given for, and no other', async () => {
  const { StreamInfo } = Object((await call('DescribeStream', { StreamName: 'cam' })).body);
  const arn: string = StreamInfo.StreamARN;
  expect((await call('DescribeStream', { StreamARN: arn })).status).toBe(200);
  const others = [
    ...[arn.replace('us-west-2', 'eu-west-1'), arn.replace('000000000000', '123456789012'), `${arn}0`],
    ...[arn.replace('/cam/', '/Cam/'), arn.replace('arn:aws:', 'arn:aws-cn:'), arn.replace(':stream/', ':channel/')],
  ];
  for (const StreamARN of others)
    expect([StreamARN, (await call('DescribeStream', { StreamARN })).type]).toEqual([
      StreamARN,
      'ResourceNotFoundException',
    ]);
  expect((await call('DescribeStream', { StreamARN: arn, StreamName: 'cam' })).type).toBe('InvalidArgumentException');
  expect((await call('DescribeStream', { StreamARN: 'cam' })).type).toBe('InvalidArgumentException');
});

test('tags whose names AWS keeps to itself are not set, and not missed when taken away', async () => {
  const { StreamInfo } = Object((await call('DescribeStream', { StreamName: 'cam' })).body);
  const named = { StreamName: 'cam' };
  const refused = expect.stringMatching(
    /^1 validation error detected: Value at 'Tags\.[^']+' .*must not begin with aws:/,
  );
  for (const key of ['aws:mine', 'AWS:mine'])
    expect(told(await call('TagStream', { ...named, Tags: { [key]: 'x', good: 'y' } }))).toEqual([
      'InvalidArgumentException',
      refused,
    ]);
  const body = JSON.stringify({ ResourceARN: StreamInfo.StreamARN, Tags: [{ Key: 'aws:mine', Value: 'x' }] });
  expect(told(await signedCall(running.cloud.url, { path: '/TagResource' }, { body }))).toEqual([
    'InvalidArgumentException',
    refused,
  ]);
  expect((await call('UntagStream', { ...named, TagKeyList: ['aws:mine'] })).status).toBe(200);
  expect((await call('TagStream', { ...named, Tags: { 'awsome:mine': 'x' } })).status).toBe(200);
  expect(Object((await call('ListTagsForStream', named)).body).Tags).toEqual({ 'awsome:mine': 'x' });
});

test('names that differ in case are two streams', async () => {
  expect((await call('CreateStream', { StreamName: 'CAM', DataRetentionInHours: 1 })).status).toBe(200);
  const { body } = await call('ListFragments', {
    StreamName: 'CAM',
    FragmentSelector: selectorOf({ by: 'PRODUCER_TIMESTAMP', fromMs: 0, toMs: startMs * 2 }),
  });
  expect(Object(body).Fragments).toEqual([]);
  const condition = { StreamNameCondition: { ComparisonOperator: 'BEGINS_WITH', ComparisonValue: 'CA' } };
  const listed = Object((await call('ListStreams', condition)).body).StreamInfoList;
  expect(listed.map(({ StreamName = '' }) => StreamName)).toEqual(['CAM']);
});

test('retention is from 0 to 87,600 hours, however it is reached', async () => {
  expect((await call('CreateStream', { StreamName: 'long', DataRetentionInHours: 87_601 })).type).toBe(
    'InvalidArgumentException',
  );
  expect((await call('CreateStream', { StreamName: 'long', DataRetentionInHours: 87_600 })).status).toBe(200);
  const change = async (Operation: string, DataRetentionChangeInHours: number) => {
    const { Version } = Object((await call('DescribeStream', { StreamName: 'long' })).body).StreamInfo;
    const input = { StreamName: 'long', CurrentVersion: Version, Operation, DataRetentionChangeInHours };
    const { type = 'done' } = await call('UpdateDataRetention', input);
    const { StreamInfo } = Object((await call('DescribeStream', { StreamName: 'long' })).body);
    return [type, StreamInfo.DataRetentionInHours];
  };
  expect(await change('INCREASE_DATA_RETENTION', 1)).toEqual(['InvalidArgumentException', 87_600]);
  expect(await change('DECREASE_DATA_RETENTION', 87_601)).toEqual(['InvalidArgumentException', 87_600]);
  expect(await change('DECREASE_DATA_RETENTION', 87_600)).toEqual(['done', 0]);
  expect(await change('DECREASE_DATA_RETENTION', 1)).toEqual(['InvalidArgumentException', 0]);
  expect(await change('INCREASE_DATA_RETENTION', 87_600)).toEqual(['done', 87_600]);
});

test('pictures are delivered within the region of the stream only', async () => {
  const deliver = (DestinationRegion: string) =>
    call('UpdateImageGenerationConfiguration', {
      StreamName: 'cam',
      ImageGenerationConfiguration: {
        ...{ Status: 'ENABLED', ImageSelectorType: 'SERVER_TIMESTAMP', SamplingInterval: 200, Format: 'JPEG' },
        DestinationConfig: { Uri: 's3://pictures', DestinationRegion },
      },
    });
  expect(told(await deliver('eu-west-1'))).toEqual([
    'InvalidArgumentException',
    'DestinationRegion must be the region of the stream, us-west-2, not eu-west-1.',
  ]);
  expect((await deliver('us-west-2')).status).toBe(200);
});

test('what a session is asked for without saying so is what AWS documents', () => {
  const archive = { nowMs: startMs, retentionHours: 1 };
  const named = { StreamName: 'cam' };
  const range = selectorOf({ by: 'PRODUCER_TIMESTAMP', fromMs: startMs - 1000, toMs: startMs });
  const rows = [undefined, 'LIVE', 'LIVE_REPLAY', 'ON_DEMAND'].flatMap(PlaybackMode => {
    const ranged = PlaybackMode === 'LIVE_REPLAY' || PlaybackMode === 'ON_DEMAND';
    const hls = { ...named, PlaybackMode, ...(ranged ? { HLSFragmentSelector: range } : {}) };
    const dash = { ...named, PlaybackMode, ...(ranged ? { DASHFragmentSelector: range } : {}) };
    return [hlsSettings(hlsRequest.parse(hls), archive), dashSettings(dashRequest.parse(dash), archive)];
  });
  expect(rows.map(row => [row.playback.mode, row.by, row.maxFragments, row.lifetimeMs, row.showTimestamps])).toEqual(
    (
      [
        ['LIVE', 'server', 5],
        ['LIVE', 'server', 5],
        ['LIVE_REPLAY', 'producer', 5],
        ['ON_DEMAND', 'producer', 1000],
      ] as const
    ).flatMap(row => [
      [...row, 300_000, false],
      [...row, 300_000, false],
    ]),
  );
  expect(rows.map(row => [row.container, row.discontinuities])).toEqual([
    ...Array.from({ length: 2 }, () => [
      ['FRAGMENTED_MP4', 'ALWAYS'],
      ['FRAGMENTED_MP4', 'NEVER'],
    ]).flat(),
    ...Array.from({ length: 4 }, () => ['FRAGMENTED_MP4', 'NEVER']),
  ]);
});

test('a fragment that is lost behind a list is named within the media, with its error', async () => {
  const lost = numbers[1] ?? '';
  const streams = join(running.dataDir, 'streams');
  const folders = await readdir(streams);
  const files = await Promise.all(
    folders.map(async folder => (await readdir(join(streams, folder))).map(file => join(streams, folder, file))),
  );
  await Promise.all(
    files
      .flat()
      .filter(file => file.includes(lost))
      .map(file => rm(file)),
  );
  const path = '/getMediaForFragmentList';
  const body = JSON.stringify({ StreamName: 'cam', Fragments: numbers.slice(0, 2) });
  const { bytes } = await signedCall(running.cloud.url, { path }, { body, whole: true });
  const tags: Record<string, string> = {};
  for (const event of new MatroskaReader().push(bytes ?? new Uint8Array()))
    if (event.type === 'tags') for (const { name, value } of event.tags) tags[name] = value;
  expect(tags).toMatchObject({
    AWS_KINESISVIDEO_FRAGMENT_NUMBER: lost,
    AWS_KINESISVIDEO_EXCEPTION_ERROR_CODE: '4000',
    AWS_KINESISVIDEO_EXCEPTION_MESSAGE: `The fragment ${lost} is not kept any more.`,
  });
});

const oddLengths: unknown[] = [{ toString: 1, valueOf: 1 }, { toString: null }, [[[]]], 'long'];
test.each(oddLengths.map(length => ({ length })))(
  'a name that is an object with a length of its own (%j) cannot be read',
  async StreamName => {
    expect(await call('DescribeStream', { StreamName })).toMatchObject({
      ...{ status: 400, type: 'SerializationException' },
      body: { message: "Value at 'StreamName' cannot be read: an object is not what belongs there." },
    });
    expect(running.problems).toEqual([]);
  },
);
