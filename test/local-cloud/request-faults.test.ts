// Faults of single requests, whatever they are for, each seen by AWS's own client or by what a player does.
import { once } from 'node:events';
import { request } from 'node:http';
import { Readable } from 'node:stream';
import { Sha256 } from '@aws-crypto/sha256-js';
import * as control from '@aws-sdk/client-kinesis-video';
import * as archived from '@aws-sdk/client-kinesis-video-archived-media';
import * as live from '@aws-sdk/client-kinesis-video-media';
import { DetectLabelsCommand, RekognitionClient } from '@aws-sdk/client-rekognition';
import { SignatureV4 } from '@smithy/signature-v4';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { faultyOperations, operationOf } from '../../agent/local-cloud/faults/operations.ts';
import type { FaultInput } from '../../agent/local-cloud/faults/plan.ts';
import { writeHeader } from '../../agent/matroska/write.ts';
import { Secret } from '../../agent/secret.ts';
import { archiveClient, controlClient, keys, manualClock, type TestCloud, testCloud } from './control-cloud.ts';
import { cluster, putMedia, record, startMs, videoTrack } from './ingest-producer.ts';
import { createStream, mediaClient, uploadRecording } from './stored-media.ts';

let running: TestCloud;
let numbers: string[];
let master: Record<'HLS' | 'TS' | 'DASH', string>;
const names = ['cam', 'other'];

beforeAll(async () => {
  running = await testCloud({ faults: true });
  const recording = await record(3);
  for (const name of names) {
    await createStream(running.cloud.url, name);
    numbers = await uploadRecording(running.cloud.url, recording, startMs, name);
  }
  const archive = archiveClient(running.cloud.url);
  const urlOf = async (ContainerFormat: 'FRAGMENTED_MP4' | 'MPEG_TS') =>
    (await archive.send(new archived.GetHLSStreamingSessionURLCommand({ ...playback, ContainerFormat })))
      .HLSStreamingSessionURL ?? '';
  const dash = await archive.send(
    new archived.GetDASHStreamingSessionURLCommand({ ...playback, DASHFragmentSelector: selector }),
  );
  master = {
    ...{ HLS: await urlOf('FRAGMENTED_MP4'), TS: await urlOf('MPEG_TS') },
    DASH: dash.DASHStreamingSessionURL ?? '',
  };
});
afterAll(() => running[Symbol.asyncDispose]());
afterEach(() => {
  running.cloud.faults?.clear();
  expect(running.problems).toEqual([]);
});

const range = { StartTimestamp: new Date(startMs - 1000), EndTimestamp: new Date(startMs + 60_000) };
const selector = { FragmentSelectorType: 'PRODUCER_TIMESTAMP', TimestampRange: range } as const;
const playback = { StreamName: 'other', PlaybackMode: 'ON_DEMAND', HLSFragmentSelector: selector } as const;

const put = (...faults: FaultInput[]) => running.cloud.faults?.put(faults);
const met = () => running.cloud.faults?.report().faults.map(fault => fault.met);

/** The file of a session that answers an operation. */
function addressOf(operation: string): string | undefined {
  const file = `g${operation.slice(1)}`;
  const last = numbers.at(-1);
  switch (operation) {
    case 'GetHLSMasterPlaylist':
      return master.HLS;
    case 'GetHLSMediaPlaylist':
      return `${master.HLS.replace(/get\w+\.m3u8/, `${file}.m3u8`)}&TrackNumber=1`;
    case 'GetMP4InitFragment':
    case 'GetMP4MediaFragment':
      return `${master.HLS.replace(/get\w+\.m3u8/, `${file}.mp4`)}&TrackNumber=1&FragmentNumber=${last}`;
    case 'GetTSFragment':
      return `${master.TS.replace(/get\w+\.m3u8/, `${file}.ts`)}&FragmentNumber=${last}`;
    case 'GetDASHManifest':
      return master.DASH;
    default:
      return undefined;
  }
}

const clientOptions = () => ({
  ...{ endpoint: running.cloud.url, region: 'us-west-2', credentials: keys, maxAttempts: 1 },
});

const sample = {
  ...{ StreamName: 'cam', Tags: { a: 'b' }, TagKeyList: ['a'], CurrentVersion: 'v', APIName: 'GET_MEDIA' },
  ...{ Operation: 'INCREASE_DATA_RETENTION', DataRetentionChangeInHours: 1 },
  ...{ StartSelector: { StartSelectorType: 'EARLIEST' }, Fragments: ['1'], ClipFragmentSelector: selector },
  ...{ ...range, ImageSelectorType: 'PRODUCER_TIMESTAMP', Format: 'JPEG', SamplingInterval: 3000 },
  StreamStorageConfiguration: { DefaultStorageTier: 'HOT' },
};
const ofResource = {
  ResourceARN: 'arn:aws:kinesisvideo:us-west-2:000000000000:stream/cam/1',
  ...{ Tags: [{ Key: 'a', Value: 'b' }], TagKeyList: ['a'] },
};

type Sender = { send(command: unknown): Promise<unknown> };
type Command = new (input: object) => unknown;

/** Sends an operation with AWS's client for it, or as a player does. Rejects with the error's name and status. */
async function ask(operation: string): Promise<unknown> {
  const address = addressOf(operation);
  if (address !== undefined) {
    const answer = await fetch(address);
    const body = await answer.arrayBuffer();
    if (answer.ok) return body;
    expect(answer.headers.get('access-control-allow-origin')).toBe('*');
    throw { name: answer.headers.get('x-amzn-errortype'), $metadata: { httpStatusCode: answer.status } };
  }
  if (operation === 'PutMedia') {
    const { response, request: outgoing } = await putMedia(running.cloud.url);
    outgoing.destroy();
    if (response.statusCode === 200) return undefined;
    throw { name: response.headers['x-amzn-errortype'], $metadata: { httpStatusCode: response.statusCode } };
  }
  if (operation === 'DetectLabels')
    return new RekognitionClient(clientOptions()).send(new DetectLabelsCommand({ Image: { Bytes: Uint8Array.of(1) } }));
  const modules: [Record<string, unknown>, Sender][] = [
    [control, controlClient(running.cloud.url) as Sender],
    [archived, archiveClient(running.cloud.url) as Sender],
    [live, mediaClient(running.cloud.url) as Sender],
  ];
  for (const [commands, client] of modules) {
    const command = commands[`${operation}Command`] as Command | undefined;
    if (command) return client.send(new command(/Resource$/.test(operation) ? ofResource : sample));
  }
  throw new Error(`no client has ${operation}`);
}

test.each(faultyOperations)('%s: an error by its name and status, once, whoever asks', async operation => {
  put({ fault: 'answer', operation, errorType: 'ServiceUnavailable', status: 503, times: 1 });
  await expect(ask(operation)).rejects.toMatchObject({
    ...{ name: 'ServiceUnavailable', $metadata: { httpStatusCode: 503 } },
  });
  // Afterwards it is what it would be without a fault: done, or refused for a reason of its own.
  const after = await ask(operation).then(
    answer =>
      answer instanceof Object && 'Payload' in answer ? void (answer.Payload as Readable).destroy() : undefined,
    (error: { name?: string }) => error.name,
  );
  expect(after).not.toBe('ServiceUnavailable');
  expect(met()).toEqual([1]);
  expect((await fetch(`${running.cloud.url}/admin/faults`)).status).toBe(403);
});

test('a header that names an operation of another service does not hide what a path is for', () => {
  const headers = { 'x-amz-target': 'RekognitionService.DetectLabels' };
  expect(operationOf({ method: 'POST', path: '/describeStream', headers })).toBe('DescribeStream');
  expect(operationOf({ method: 'POST', path: '/', headers })).toBe('DetectLabels');
});

test('an error that KVS has gets its status, another one 500', async () => {
  put({ fault: 'answer', operation: 'ListFragments', errorType: 'NotAuthorizedException' });
  await expect(ask('ListFragments')).rejects.toMatchObject({
    name: 'NotAuthorizedException',
    $metadata: { httpStatusCode: 401 },
  });
  put({ fault: 'answer', operation: 'ListFragments', errorType: 'Whatever' });
  await expect(ask('ListFragments')).rejects.toMatchObject({ $metadata: { httpStatusCode: 500 } });
});

describe('when', () => {
  const outcomes = async (count: number, operation = 'GetHLSMasterPlaylist') => {
    const ends: string[] = [];
    for (let index = 0; index < count; index++)
      ends.push(
        await ask(operation).then(
          () => 'ok',
          () => 'no',
        ),
      );
    return ends.join(' ');
  };
  const fault = { fault: 'answer', operation: 'GetHLSMasterPlaylist', errorType: 'InternalFailure' } as const;

  test('every third, beginning with the first', async () => {
    put({ ...fault, every: 3 });
    expect(await outcomes(7)).toBe('no ok ok no ok ok no');
    put({ ...fault, every: 2, times: 2 });
    expect(await outcomes(6)).toBe('no ok no ok ok ok');
    expect(met()).toEqual([2]);
  });

  test('for a time, and from a time on', async () => {
    const clock = manualClock(Date.now());
    await using timed = await testCloud({ faults: true, clock });
    const outcome = () =>
      controlClient(timed.cloud.url)
        .send(new control.ListStreamsCommand({}))
        .then(
          () => 'ok',
          (error: { name?: string }) => error.name,
        );
    const later = (ms: number) => {
      clock.advance(ms);
      return outcome();
    };
    const failure = { fault: 'answer', operation: 'ListStreams', errorType: 'InternalFailure' } as const;
    timed.cloud.faults?.put([{ ...failure, atMs: clock.nowMs() + 300, forMs: 300 }]);
    const { errorType: no } = failure;
    expect([await later(299), await later(1), await later(299), await later(1)]).toEqual(['ok', no, no, 'ok']);
    timed.cloud.faults?.put([{ ...failure, afterMs: 200 }]);
    expect([await later(199), await later(1), await later(60_000)]).toEqual(['ok', no, no]);
  });

  test('of one stream, named by its name, its ARN, a header or a token', async () => {
    const failure = { fault: 'answer', errorType: 'InternalFailure' } as const;
    put({ ...failure, stream: 'cam' });
    expect(await outcomes(1, 'DescribeStream')).toBe('no');
    expect(await outcomes(1, 'ListTagsForResource')).toBe('no');
    expect(await outcomes(1, 'PutMedia')).toBe('no');
    expect(await outcomes(1, 'ListStreams')).toBe('ok');
    // The sessions play the other stream.
    expect(await outcomes(1, 'GetMP4MediaFragment')).toBe('ok');
    put({ ...failure, stream: 'other' });
    expect(await outcomes(1, 'DescribeStream')).toBe('ok');
    for (const operation of ['GetMP4MediaFragment', 'GetDASHManifest', 'GetTSFragment', 'GetHLSMediaPlaylist'])
      expect([operation, await outcomes(1, operation)]).toEqual([operation, 'no']);
    const arn = await controlClient(running.cloud.url).send(new control.DescribeStreamCommand({ StreamName: 'cam' }));
    put({ ...failure, operation: 'GetDataEndpoint', stream: 'cam' });
    const byArn = { StreamARN: arn.StreamInfo?.StreamARN, APIName: 'GET_CLIP' } as const;
    const asked = controlClient(running.cloud.url).send(new control.GetDataEndpointCommand(byArn));
    await expect(asked).rejects.toMatchObject({ name: 'InternalFailure' });
  });

  test('of every operation, when none is named; the plan itself can be reached', async () => {
    put({ fault: 'answer', errorType: 'InternalFailure' });
    for (const operation of ['ListStreams', 'GetClip', 'GetHLSMasterPlaylist', 'DetectLabels'])
      expect(await outcomes(1, operation)).toBe('no');
    expect((await admin('GET')).body).toMatchObject({ faults: [{ met: 4, state: 'active' }] });
    expect((await admin('DELETE')).body).toMatchObject({ faults: [] });
    expect(await outcomes(1)).toBe('ok');
  });
});

test.each(['GetClip', 'GetHLSMediaPlaylist', 'DescribeStream', 'PutMedia'])('%s late', async operation => {
  put({ fault: 'late-answer', operation, lateMs: 250, times: 1 });
  const beganMs = performance.now();
  await ask(operation);
  expect(performance.now() - beganMs).toBeGreaterThanOrEqual(240);
});

test.each(['GetImages', 'GetMP4InitFragment', 'ListFragments', 'GetMedia', 'PutMedia'])(
  '%s without an answer; others are answered',
  async operation => {
    put({ fault: 'no-answer', operation });
    const asked = ask(operation).then(
      () => 'answered',
      () => 'refused',
    );
    await expect.poll(met).toEqual([1]);
    await ask('DescribeStream');
    expect(await Promise.race([asked, Promise.resolve('silence')])).toBe('silence');
    expect(met()).toEqual([1]);
  },
);

/** All bytes that come before the end, and how it ended. */
async function drained(payload: unknown): Promise<{ bytes: number; end: string }> {
  let bytes = 0;
  try {
    if (!(payload instanceof Readable)) throw new TypeError('payload must be a stream');
    for await (const chunk of payload) bytes += chunk.length;
    return { bytes, end: 'whole' };
  } catch {
    return { bytes, end: 'broken' };
  }
}

const payloadOf = async (operation: string) => {
  if (operation === 'GetMediaForFragmentList') {
    const command = new archived.GetMediaForFragmentListCommand({ StreamName: 'other', Fragments: numbers });
    return (await archiveClient(running.cloud.url).send(command)).Payload;
  }
  if (operation === 'GetClip') {
    const command = new archived.GetClipCommand({ StreamName: 'other', ClipFragmentSelector: selector });
    return (await archiveClient(running.cloud.url).send(command)).Payload;
  }
  const StartSelector = { StartSelectorType: 'EARLIEST' } as const;
  return (await mediaClient(running.cloud.url).send(new live.GetMediaCommand({ StreamName: 'other', StartSelector })))
    .Payload;
};

describe('cut in the middle', () => {
  test.each(['GetMedia', 'GetMediaForFragmentList', 'GetClip'])('%s', async operation => {
    for (const afterBytes of [0, 1, 20_000]) {
      put({ fault: 'cut-answer', operation, afterBytes, times: 1 });
      expect(await drained(await payloadOf(operation))).toEqual({ bytes: afterBytes, end: 'broken' });
    }
  });

  test.each(['GetHLSMasterPlaylist', 'GetDASHManifest', 'GetMP4MediaFragment', 'GetTSFragment'])(
    '%s',
    async operation => {
      const whole = await ask(operation);
      const length = whole instanceof ArrayBuffer ? whole.byteLength : 0;
      put({ fault: 'cut-answer', operation, afterBytes: 100, times: 1 });
      const answer = await fetch(addressOf(operation) ?? '');
      expect([answer.status, answer.headers.get('content-length')]).toEqual([200, String(length)]);
      let bytes = 0;
      const read = async () => {
        for await (const chunk of answer.body ?? []) bytes += chunk.length;
      };
      await expect(read()).rejects.toThrow();
      expect(bytes).toBe(100);
      expect(await ask(operation)).toEqual(whole);
      put({ fault: 'cut-answer', operation, afterBytes: length });
      expect(await ask(operation)).toEqual(whole);
    },
  );

  test("JSON, for AWS's client", async () => {
    put({ fault: 'cut-answer', operation: 'DescribeStream', afterBytes: 10, times: 1 });
    await expect(ask('DescribeStream')).rejects.toThrow();
    await ask('DescribeStream');
  });

  test('PutMedia: its acks', async () => {
    put({ fault: 'cut-answer', operation: 'PutMedia', stream: 'cam', afterBytes: 150 });
    const producer = await putMedia(running.cloud.url);
    let bytes = 0;
    producer.response.on('data', chunk => {
      bytes += chunk.length;
    });
    const closed = new Promise(resolve => producer.response.on('error', () => undefined).on('close', resolve));
    producer.request.write(
      Buffer.concat([writeHeader([videoTrack]), cluster(startMs + 90_000), cluster(startMs + 91_000)]),
    );
    await closed;
    expect(bytes).toBe(150);
  });
});

describe('slow', () => {
  test('a fragment, as a player fetches it', async () => {
    const whole = await ask('GetMP4MediaFragment');
    const length = whole instanceof ArrayBuffer ? whole.byteLength : 0;
    put({ fault: 'slow-answer', operation: 'GetMP4MediaFragment', bytesPerSecond: length * 2 });
    const beganMs = performance.now();
    expect(await ask('GetMP4MediaFragment')).toEqual(whole);
    expect(performance.now() - beganMs).toBeGreaterThanOrEqual(380);
  });

  test('an answer that lasts, cut as well', async () => {
    put(
      { fault: 'slow-answer', operation: 'GetMedia', bytesPerSecond: 40_000 },
      { fault: 'cut-answer', operation: 'GetMedia', afterBytes: 20_000 },
    );
    const beganMs = performance.now();
    expect(await drained(await payloadOf('GetMedia'))).toEqual({ bytes: 20_000, end: 'broken' });
    expect(performance.now() - beganMs).toBeGreaterThanOrEqual(300);
  });

  test('acks of PutMedia, in their order', async () => {
    put({ fault: 'slow-answer', operation: 'PutMedia', bytesPerSecond: 1000 });
    const producer = await putMedia(running.cloud.url);
    const beganMs = performance.now();
    await producer.send(writeHeader([videoTrack]), cluster(startMs + 100_000), cluster(startMs + 101_000));
    const acks = await producer.until('PERSISTED');
    expect(acks.map(({ EventType }) => EventType).slice(0, 2)).toEqual(['BUFFERING', 'RECEIVED']);
    expect(performance.now() - beganMs).toBeGreaterThanOrEqual(250);
    producer.request.destroy();
  });
});

type Admin = { status: number; body: unknown };

/** Signs what it sends, for whatever host it claims to ask. */
async function admin(method: string, plan?: unknown, headers: Record<string, string> = {}): Promise<Admin> {
  const { host, port } = new URL(running.cloud.url);
  const signer = new SignatureV4({ credentials: keys, region: 'us-west-2', service: 'kinesisvideo', sha256: Sha256 });
  const body = plan === undefined ? undefined : JSON.stringify(plan);
  const signed = await signer.sign({
    ...{ method, protocol: 'http:', hostname: '127.0.0.1', path: '/admin/faults', headers: { host, ...headers } },
    ...(body === undefined ? {} : { body }),
  });
  const outgoing = request({ host: '127.0.0.1', port, method, path: '/admin/faults', headers: signed.headers });
  outgoing.end(body);
  const [answer] = await once(outgoing, 'response');
  let text = '';
  for await (const chunk of answer) text += chunk;
  return { status: answer.statusCode, body: text === '' ? undefined : JSON.parse(text) };
}

test.each<[string, unknown, string]>([
  ['no list', {}, 'faults: Invalid input'],
  ['more than a list', { faults: [], extra: 1 }, 'extra'],
  [
    'an unknown fault',
    { faults: [{ fault: 'rain' }] },
    'faults.0.fault: must be one of refuse, reset, half-open, answer',
  ],
  [
    'an unknown operation',
    { faults: [{ fault: 'no-answer', operation: 'GetMedium' }] },
    'faults.0.operation: must be an operation',
  ],
  ['an answer to nothing', { faults: [{ fault: 'answer', errorType: 'X', status: 200 }] }, 'faults.0.status'],
  [
    'a name that is an object with a length nothing compares with',
    { faults: [{ fault: 'no-answer', stream: { length: { toString: 1, valueOf: 1 } } }] },
    'faults.0.stream',
  ],
  ['an error without a name', { faults: [{ fault: 'answer' }] }, 'faults.0.errorType'],
  [
    'a name that breaks a header',
    { faults: [{ fault: 'answer', errorType: 'a\r\nb: c' }] },
    'must be the name of an error',
  ],
  ['a member of another fault', { faults: [{ fault: 'cut-answer', afterBytes: 1, lateMs: 5 }] }, 'lateMs'],
  ['bytes below nothing', { faults: [{ fault: 'cut-answer', afterBytes: -1 }] }, 'faults.0.afterBytes'],
  ['no speed at all', { faults: [{ fault: 'slow-answer', bytesPerSecond: 0 }] }, 'faults.0.bytesPerSecond'],
  ['every zeroth', { faults: [{ fault: 'no-answer', every: 0 }] }, 'faults.0.every'],
  [
    'two beginnings',
    { faults: [{ fault: 'no-answer', atMs: 1, afterMs: 1 }] },
    'faults.0.afterMs: cannot be given together with atMs',
  ],
  [
    'a stream for what has none',
    { faults: [{ fault: 'no-answer', operation: 'DetectLabels', stream: 'cam' }] },
    'faults.0.stream: cannot be given: DetectLabels is about no stream',
  ],
])('a plan with %s is refused with where and why, and the one before stays', async (_, plan, message) => {
  put({ fault: 'list-late', lateMs: 1 });
  const refused = await admin('PUT', plan);
  expect([refused.status, JSON.stringify(refused.body)]).toEqual([400, expect.stringContaining(message)]);
  expect((await admin('GET')).body).toMatchObject({ faults: [{ fault: { fault: 'list-late' } }] });
});

describe('a web page in the browser of whoever runs the server', () => {
  const plan = { faults: [{ fault: 'refuse' }] };

  test.each([
    ['a name that leads here', { host: 'evil.example:4600' }],
    ['a name that begins like a loopback address', { host: '127.0.0.1.evil.example' }],
    ['a name that is a part of localhost', { host: 'localhost.evil.example:80' }],
    ['no name', { host: '' }],
    ['a page of another site', { origin: 'https://evil.example' }],
    ['a page without an origin', { origin: 'null' }],
    ['a page that leads here', { host: 'evil.example', origin: 'http://evil.example' }],
  ])('cannot plan faults, though it knows the keys: %s', async (_, headers) => {
    for (const method of ['PUT', 'GET', 'DELETE']) {
      const { status } = await admin(method, method === 'PUT' ? plan : undefined, headers);
      expect([method, [400, 401, 403].includes(status)]).toEqual([method, true]);
    }
    expect(running.cloud.faults?.report().faults).toEqual([]);
  });

  test.each([{}, { host: 'localhost:1' }, { host: '[::1]:4600' }, { origin: 'http://localhost:3000' }])(
    'is not taken for one of this machine: %j',
    async headers => {
      expect((await admin('PUT', { faults: [] }, headers as Record<string, string>)).status).toBe(200);
    },
  );

  test('is told by no answer that it may send what needs asking first', async () => {
    for (const path of ['/admin/faults', '/admin/storage', '/listStreams', '/putMedia', '/']) {
      const headers = { origin: 'https://evil.example', 'access-control-request-method': 'PUT' };
      const answer = await fetch(`${running.cloud.url}${path}`, { method: 'OPTIONS', headers });
      expect([path, answer.status]).toEqual([path, 404]);
      expect([...answer.headers.keys()].filter(name => name.startsWith('access-control'))).toEqual([]);
    }
  });

  test('cannot use the other operations with the keys everybody knows; with other keys the signature keeps it out', async () => {
    const fromPage = async (url: string, credentials: typeof keys) => {
      const client = controlClient(url, credentials);
      client.middlewareStack.add(
        next => args => {
          Object.assign((args.request as { headers: object }).headers, { origin: 'http://evil.example' });
          return next(args);
        },
        { step: 'build' },
      );
      return client.send(new control.ListStreamsCommand({}));
    };
    await expect(fromPage(running.cloud.url, keys)).rejects.toMatchObject({ name: 'NotAuthorizedException' });
    const own = { accessKeyId: 'mine', secretAccessKey: 'made-up' };
    await using cloud = await testCloud({
      accessKeyId: own.accessKeyId,
      secretAccessKey: new Secret(own.secretAccessKey),
    });
    expect((await fromPage(cloud.cloud.url, own)).StreamInfoList).toEqual([]);
  });
});
