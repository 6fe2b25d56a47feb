// Every operation held to AWS's own model of it: what the model allows is taken, what it forbids is refused with the
// error it documents, and every answer has the shape it describes.
import * as control from '@aws-sdk/client-kinesis-video';
import * as archive from '@aws-sdk/client-kinesis-video-archived-media';
import * as media from '@aws-sdk/client-kinesis-video-media';
import * as rekognition from '@aws-sdk/client-rekognition';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type TestCloud, testCloud } from './control-cloud.ts';
import { startMs } from './ingest-producer.ts';
import { type Served, servedOperations } from './served-models.ts';
import { shapeProblems, type Trial, trialsOf, withValue } from './service-model.ts';
import { type Answer, signedCall } from './signed-call.ts';
import { createStream, h264, recordAs, uploadRecording } from './stored-media.ts';

const packages = [control, archive, media, rekognition].map(sdk => Object.values<unknown>(sdk));
const operations = await servedOperations();
let running: TestCloud;
let arn = '';
let version = '';
let fragment = '';

beforeAll(async () => {
  running = await testCloud();
  await createStream(running.cloud.url, 'cam');
  await uploadRecording(running.cloud.url, await recordAs(`${h264} -an`, 2, '64x48'), startMs);
  const { body } = await call(operation('DescribeStream'), { StreamName: 'cam' });
  const info = Object(body).StreamInfo;
  arn = info.StreamARN;
  version = info.Version;
  const listed = await call(operation('ListFragments'), { StreamName: 'cam', FragmentSelector: selector });
  fragment = Object(listed.body).Fragments[0].FragmentNumber;
});

afterAll(async () => {
  await running[Symbol.asyncDispose]();
});

function operation(name: string): Served {
  const found = operations.find(candidate => candidate.name === name);
  if (!found) throw new Error(`no model has ${name}`);
  return found;
}

function call(served: Served, input: unknown): Promise<Answer> {
  return signedCall(running.cloud.url, served, { body: JSON.stringify(input) });
}

const range = { StartTimestamp: startMs / 1000, EndTimestamp: startMs / 1000 + 2 };
const selector = { FragmentSelectorType: 'PRODUCER_TIMESTAMP', TimestampRange: range };
const picture = `iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==`;

/** A request with every member that can stand beside the others. */
function requestOf(name: string): Record<string, unknown> {
  const stream = { StreamName: 'cam' };
  const images = {
    ...{ ImageSelectorType: 'PRODUCER_TIMESTAMP', SamplingInterval: 1000, Format: 'JPEG' },
    ...{ FormatConfig: { JPEGQuality: '70' }, WidthPixels: 64, HeightPixels: 48 },
  };
  const playback = { PlaybackMode: 'ON_DEMAND', DisplayFragmentTimestamp: 'ALWAYS', Expires: 300 };
  const label = ['Person'];
  const requests: Record<string, Record<string, unknown>> = {
    CreateStream: {
      ...{ StreamName: 'new', DeviceName: 'device', MediaType: 'video/h264', KmsKeyId: 'key', DataRetentionInHours: 2 },
      ...{ Tags: { place: 'hall' }, StreamStorageConfiguration: { DefaultStorageTier: 'WARM' } },
    },
    DeleteStream: { StreamARN: arn.replace('/cam/', '/gone/'), CurrentVersion: 'abc' },
    DescribeStream: stream,
    GetDataEndpoint: { ...stream, APIName: 'GET_CLIP' },
    ListStreams: {
      ...{ MaxResults: 5, NextToken: '' },
      StreamNameCondition: { ComparisonOperator: 'BEGINS_WITH', ComparisonValue: 'c' },
    },
    ListTagsForResource: { ResourceARN: arn, NextToken: '' },
    ListTagsForStream: { ...stream, NextToken: '' },
    TagResource: { ResourceARN: arn, Tags: [{ Key: 'place', Value: 'door' }] },
    TagStream: { ...stream, Tags: { place: 'door' } },
    UntagResource: { ResourceARN: arn, TagKeyList: ['place'] },
    UntagStream: { ...stream, TagKeyList: ['place'] },
    UpdateDataRetention: {
      ...{ ...stream, CurrentVersion: version },
      ...{ Operation: 'INCREASE_DATA_RETENTION', DataRetentionChangeInHours: 1 },
    },
    UpdateStream: { ...stream, CurrentVersion: version, DeviceName: 'device', MediaType: 'video/h264' },
    DescribeImageGenerationConfiguration: stream,
    UpdateImageGenerationConfiguration: {
      ...stream,
      ImageGenerationConfiguration: {
        ...{ Status: 'ENABLED', ...images },
        DestinationConfig: { Uri: 's3://pictures', DestinationRegion: 'us-west-2' },
      },
    },
    DescribeNotificationConfiguration: stream,
    UpdateNotificationConfiguration: {
      ...stream,
      NotificationConfiguration: { Status: 'ENABLED', DestinationConfig: { Uri: 'sns:topic' } },
    },
    DescribeStreamStorageConfiguration: stream,
    UpdateStreamStorageConfiguration: {
      ...{ ...stream, CurrentVersion: version },
      StreamStorageConfiguration: { DefaultStorageTier: 'WARM' },
    },
    GetMedia: {
      ...stream,
      StartSelector: {
        ...{ StartSelectorType: 'EARLIEST', AfterFragmentNumber: fragment, ContinuationToken: fragment },
        StartTimestamp: range.StartTimestamp,
      },
    },
    ListFragments: { ...stream, MaxResults: 5, FragmentSelector: selector },
    GetMediaForFragmentList: { ...stream, Fragments: [fragment] },
    GetClip: { ...stream, ClipFragmentSelector: selector },
    GetImages: { ...stream, ...images, ...range, MaxResults: 3 },
    GetHLSStreamingSessionURL: {
      ...{ ...stream, ...playback, HLSFragmentSelector: selector, MaxMediaPlaylistFragmentResults: 5 },
      ...{ ContainerFormat: 'FRAGMENTED_MP4', DiscontinuityMode: 'NEVER' },
    },
    GetDASHStreamingSessionURL: {
      ...{ ...stream, ...playback, DASHFragmentSelector: selector, MaxManifestFragmentResults: 5 },
      DisplayFragmentNumber: 'ALWAYS',
    },
    DetectLabels: {
      ...{ Image: { Bytes: picture }, MaxLabels: 5, MinConfidence: 70, Features: ['GENERAL_LABELS'] },
      Settings: {
        ImageProperties: { MaxDominantColors: 5 },
        GeneralLabels: {
          ...{ LabelInclusionFilters: label, LabelExclusionFilters: label },
          ...{ LabelCategoryInclusionFilters: label, LabelCategoryExclusionFilters: label },
        },
      },
    },
  };
  const request = requests[name];
  if (!request) throw new Error(`no request of ${name}`);
  return request;
}

/** A stream is named in one of two ways; what a name is tried with takes the place of the other. */
function tried(served: Served, { path, value }: Trial): unknown {
  const base = requestOf(served.name);
  const { StreamName: _, ...rest } = base;
  return withValue(path[0] === 'StreamARN' && 'StreamName' in base ? rest : base, path, value);
}

function trials(served: Served): Trial[] {
  const base = requestOf(served.name);
  const { shapes, input } = served;
  const { members = {} } = shapes[input] ?? {};
  const byArn = 'StreamARN' in members && 'StreamName' in members && base.StreamName === 'cam';
  return trialsOf(shapes, input, byArn ? { ...base, StreamARN: arn } : base).filter(
    // Exactly one of the two names a stream: that one cannot be left out.
    ({ path, value }) => !(value === null && (path[0] === 'StreamName' || path[0] === 'StreamARN')),
  );
}

/** All that requests could have changed. */
async function state(): Promise<unknown> {
  const named = { StreamName: 'cam' };
  return [
    await call(operation('ListStreams'), {}),
    await call(operation('ListTagsForStream'), named),
    await call(operation('DescribeImageGenerationConfiguration'), named),
    await call(operation('DescribeNotificationConfiguration'), named),
    await call(operation('DescribeStreamStorageConfiguration'), named),
  ].map(({ body }) => body);
}

function checkError(served: Served, { status, type, body, headers }: Answer, told: string): void {
  expect(Object(body).__type, told).toBe(type);
  expect(Object(body).Message, told).toEqual(expect.any(String));
  expect(headers.get('x-amzn-requestid'), told).toMatch(/^[0-9a-f-]{36}$/);
  const json = served.service === 'rekognition' ? 'application/x-amz-json-1.1' : 'application/json';
  expect(headers.get('content-type'), told).toBe(json);
  const readable = type !== 'SerializationException';
  if (readable) expect(served.errors.has(type ?? ''), `${told} documents no ${type}`).toBe(true);
  expect(status, told).toBe(readable ? served.errors.get(type ?? '') : 400);
}

/** "The format of the StreamARN is invalid", says the model of an error that three operations document. */
function refusalsOf({ errors, refusals }: Served, { path }: Trial): readonly string[] {
  const ofArn = 'InvalidResourceFormatException';
  return path[0] === 'StreamARN' && errors.has(ofArn) ? [ofArn] : refusals;
}

test.each(operations)(
  '$name refuses what its model forbids, by the name of the member, and changes nothing',
  async served => {
    const before = await state();
    const forbidden = trials(served).filter(({ allowed }) => !allowed);
    expect(forbidden.length).toBeGreaterThan(7);
    for (const trial of forbidden) {
      const told = `${served.name}: ${trial.path.join('.')} ${trial.what}`.slice(0, 200);
      const answer = await call(served, tried(served, trial));
      const expected = trial.otherType ? ['SerializationException'] : refusalsOf(served, trial);
      expect(expected, `${told}: ${answer.status} ${JSON.stringify(answer.body)}`).toContain(answer.type);
      checkError(served, answer, told);
      const name = String(trial.path.findLast(key => typeof key === 'string'));
      expect(Object(answer.body).Message, told).toContain(name);
    }
    expect(await state()).toEqual(before);
  },
);

/** AWS's text allows less than its model: numbers from 1 to 100. */
const narrower = new Set(['JPEGQuality']);

test.each(operations)('$name takes what its model allows', async served => {
  const allowed = trials(served).filter(trial => trial.allowed);
  for (const trial of allowed) {
    const told = `${served.name}: ${trial.path.join('.')} ${trial.what}`.slice(0, 200);
    const answer = await call(served, tried(served, trial));
    if (answer.status === 200) continue;
    checkError(served, answer, told);
    // It may ask for what is not there, or not go with the other members; the value itself is not at fault.
    const name = String(trial.path.findLast(key => typeof key === 'string'));
    if (!narrower.has(name))
      expect(Object(answer.body).Message, told).not.toMatch(new RegExp(`Value at '[^']*\\b${name}'`));
  }
});

test.each(operations)('$name answers in the shape of its model', async served => {
  const answer = await call(served, requestOf(served.name));
  const told = `${served.name}: ${JSON.stringify(answer.body)}`;
  if (answer.status === 200) {
    const { shapes, output } = served;
    expect(answer.headers.get('x-amzn-requestid')).toMatch(/^[0-9a-f-]{36}$/);
    if (answer.body !== undefined && output) expect(shapeProblems(shapes, output, answer.body)).toEqual([]);
    else expect(answer.headers.get('content-type')).toMatch(/^video\//);
  } else checkError(served, answer, told);
});

test('the SDK for JavaScript knows no member of these operations that their models lack', () => {
  const rows: [string, string[], string[]][] = [];
  for (const { shapes, input, output = '' } of operations) {
    const sdk = Object.values(packages).find(exports => exports.some(value => isStructure(value, input)));
    for (const name of reachable(shapes, [input, output])) {
      const schema = sdk?.find(value => isStructure(value, name));
      if (!schema) continue;
      const { members = {}, required = [] } = shapes[name] ?? {};
      rows.push([name, [...schema[4]].sort(), Object.keys(members).sort()]);
      if (name === input) rows.push([name, schema[4].slice(0, schema[6] ?? 0).sort(), [...required].sort()]);
    }
  }
  expect(rows.length).toBeGreaterThan(120);
  expect(rows.filter(([, sdk, model]) => sdk.join() !== model.join())).toEqual([]);
});

type Structure = [3, string, string, unknown, string[], unknown[], number?];

function isStructure(value: unknown, name: string): value is Structure {
  return Array.isArray(value) && value[0] === 3 && value[2] === name;
}

function reachable(shapes: Served['shapes'], names: string[]): Set<string> {
  const found = new Set<string>();
  const visit = (name: string) => {
    const rule = shapes[name];
    if (!rule || found.has(name)) return;
    found.add(name);
    const inner = [rule.member, rule.key, rule.value, ...Object.values(rule.members ?? {})];
    for (const child of inner) if (child) visit(child.shape);
  };
  for (const name of names) visit(name);
  return found;
}
