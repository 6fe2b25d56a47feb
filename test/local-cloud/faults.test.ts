// The embedded server's faults, each seen from the wire by a producer that knows nothing of them.
import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { createConnection } from 'node:net';
import { Sha256 } from '@aws-crypto/sha256-js';
import { CreateStreamCommand, DescribeStreamCommand, GetDataEndpointCommand } from '@aws-sdk/client-kinesis-video';
import { ListFragmentsCommand } from '@aws-sdk/client-kinesis-video-archived-media';
import { SignatureV4 } from '@smithy/signature-v4';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Clock, systemClock } from '../../agent/clock.ts';
import { AckWriter } from '../../agent/local-cloud/faults/ack-writer.ts';
import { Faults } from '../../agent/local-cloud/faults/faults.ts';
import { LateList } from '../../agent/local-cloud/faults/late-list.ts';
import type { FaultInput } from '../../agent/local-cloud/faults/plan.ts';
import { ackErrorIds } from '../../agent/local-cloud/put-media/ack.ts';
import type { FragmentQuery, MediaStore, StoredFragment } from '../../agent/local-cloud/store/media-store.ts';
import { writeHeader } from '../../agent/matroska/write.ts';
import {
  archiveClient,
  controlClient,
  keys,
  type ManualClock,
  manualClock,
  type TestCloud,
  testCloud,
} from './control-cloud.ts';
import { cluster, putMedia, startMs, videoTrack, type WireAck } from './ingest-producer.ts';
import { signedCall } from './signed-call.ts';

const header = writeHeader([videoTrack]);
let running: TestCloud;

beforeEach(() => start());
afterEach(async () => {
  await running[Symbol.asyncDispose]();
});

async function start(clock?: Clock): Promise<void> {
  running = await testCloud({ faults: true, ...(clock ? { clock } : {}) });
  await controlClient(running.cloud.url).send(new CreateStreamCommand({ StreamName: 'cam', DataRetentionInHours: 24 }));
}

/** Another server, for which no time passes unless it is told so: a fault is over neither too soon nor too late. */
async function timed(): Promise<ManualClock> {
  await running[Symbol.asyncDispose]();
  const clock = manualClock(Date.now());
  await start(clock);
  return clock;
}

function put(...faults: FaultInput[]): void {
  running.cloud.faults?.put(faults);
}

/** The nth fragment, a second long. */
const nth = (index: number) => cluster(startMs + index * 1000);

/** Sends fragments and ends the body; every ack that came. */
async function sendFragments(count: number): Promise<WireAck[]> {
  const producer = await putMedia(running.cloud.url, { atMs: Date.now() });
  await producer.send(header, ...Array.from({ length: count }, (_, index) => nth(index)));
  return producer.end();
}

/** How many fragments the stream has. */
async function listed(): Promise<number> {
  const range = { StartTimestamp: new Date(0), EndTimestamp: new Date(startMs + 3_600_000) };
  const FragmentSelector = { FragmentSelectorType: 'PRODUCER_TIMESTAMP', TimestampRange: range } as const;
  const answer = await archiveClient(running.cloud.url).send(
    new ListFragmentsCommand({ StreamName: 'cam', FragmentSelector }),
  );
  return answer.Fragments?.length ?? 0;
}

const types = (acks: WireAck[]) => acks.map(ack => ack.EventType);

async function admin(method: string, body?: object): Promise<{ status: number; answer: unknown }> {
  const { host, hostname, port } = new URL(running.cloud.url);
  const signer = new SignatureV4({ credentials: keys, region: 'us-west-2', service: 'kinesisvideo', sha256: Sha256 });
  const text = body === undefined ? undefined : JSON.stringify(body);
  const signed = await signer.sign({
    ...{ method, protocol: 'http:', hostname, port: Number(port), path: '/admin/faults', headers: { host } },
    ...(text === undefined ? {} : { body: text }),
  });
  const response = await fetch(`${running.cloud.url}/admin/faults`, {
    ...{ method, headers: signed.headers },
    ...(text === undefined ? {} : { body: text }),
  });
  return { status: response.status, answer: await response.json() };
}

test('a plan is put, reported with what ran into it, and deleted over the wire', async () => {
  const fault = {
    fault: 'answer',
    operation: 'DescribeStream',
    status: 503,
    errorType: 'ServiceUnavailable',
    times: 1,
  };
  expect((await admin('PUT', { faults: [fault] })).status).toBe(200);
  const describe = () => controlClient(running.cloud.url).send(new DescribeStreamCommand({ StreamName: 'cam' }));
  await expect(describe()).rejects.toMatchObject({ name: 'ServiceUnavailable', $metadata: { httpStatusCode: 503 } });
  expect((await describe()).StreamInfo?.Status).toBe('ACTIVE');
  expect((await admin('GET')).answer).toMatchObject({
    faults: [{ fault, state: 'over', met: 1 }],
    requests: { '/describeStream': 2 },
  });
  expect((await admin('DELETE')).answer).toMatchObject({ faults: [] });
  expect((await admin('PUT', { faults: [{ fault: 'rain' }] })).status).toBe(400);
});

test('the plan is not there for who does not sign, nor on a server started without it', async () => {
  expect((await fetch(`${running.cloud.url}/admin/faults`)).status).toBe(403);
  await using plain = await testCloud();
  expect((await fetch(`${plain.cloud.url}/admin/faults`)).status).toBe(404);
  await expect(testCloud({ faults: true, host: '0.0.0.0' })).rejects.toThrow('loopback');
});

test.each([
  ['refuse', 'ECONNREFUSED'],
  ['reset', 'ECONNRESET'],
] as const)(
  '%s: a connection that is open is reset, a new one meets %s, and afterwards all is well',
  async (kind, code) => {
    const clock = await timed();
    const { port } = running.cloud;
    const open = createConnection(port, '127.0.0.1');
    await once(open, 'connect');
    const closed = new Promise(resolve => open.on('error', () => undefined).on('close', resolve));
    await until(() => controlClient(running.cloud.url).send(new DescribeStreamCommand({ StreamName: 'cam' })));
    put({ fault: kind, forMs: 400 });
    await closed;
    const late = createConnection(port, '127.0.0.1');
    const [error] = await once(late, 'error');
    expect(error).toMatchObject({ code });
    clock.advance(401);
    await until(() => sendFragments(1));
  },
);

test('half-open: what was open goes silent, what is new gets no answer', async () => {
  const clock = await timed();
  const producer = await putMedia(running.cloud.url, { atMs: Date.now() });
  await producer.send(header, nth(0));
  expect((await producer.next())?.EventType).toBe('BUFFERING');
  put({ fault: 'half-open', forMs: 300 });
  await producer.send(nth(1));
  const next = producer.next();
  const late = createConnection(running.cloud.port, '127.0.0.1');
  let answer = '';
  late.on('data', data => {
    answer += data;
  });
  late.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n');
  await expect.poll(() => running.cloud.faults?.report().faults[0]?.met).toBe(1);
  clock.advance(301);
  // Afterwards others are answered, and these two are not told.
  expect(await listed()).toBe(0);
  expect(await Promise.race([next, Promise.resolve('silence')])).toBe('silence');
  expect(answer).toBe('');
  producer.request.destroy();
  late.destroy();
  expect(types(await sendFragments(1))).toContain('PERSISTED');
});

test.each(ackErrorIds)('ack error %i: the next fragment gets it, and the one before is stored', async id => {
  const producer = await putMedia(running.cloud.url, { atMs: Date.now() });
  await producer.send(header, nth(0), nth(1));
  // The second one has begun, so that the fault meets the third.
  expect(types(await producer.take(4)).sort()).toEqual(['BUFFERING', 'BUFFERING', 'PERSISTED', 'RECEIVED']);
  put({ fault: 'ack-error', id, times: 1 });
  await producer.send(nth(2));
  await producer.until('BUFFERING');
  await producer.send(nth(3));
  const [error] = (await producer.until('ERROR')).slice(-1);
  expect(error).toMatchObject({ ErrorId: id, FragmentTimecode: startMs + 2000 });
  expect(error?.ErrorCode).toMatch(/^[A-Z_]+$/);
  producer.request.destroy();
  await expect.poll(listed).toBe(2);
});

test.each([true, false])('PERSISTED withheld, every other ack comes; stored: %s', async stored => {
  put({ fault: 'withhold', acks: 'PERSISTED', stored });
  expect(types(await sendFragments(2))).toEqual(['BUFFERING', 'RECEIVED', 'BUFFERING', 'RECEIVED']);
  expect(await listed()).toBe(stored ? 2 : 0);
});

test('a drop after the body leaves no ack, and a fragment only when it was to be stored', async () => {
  put({ fault: 'drop-before-acks', stored: false, times: 1 });
  expect(await sendFragments(2)).toEqual([]);
  put();
  expect(await listed()).toBe(0);
  put({ fault: 'drop-before-acks', stored: true, times: 1 });
  expect(await sendFragments(2)).toEqual([]);
  put();
  await expect.poll(listed).toBeGreaterThanOrEqual(1);
});

test('a drop in mid-body leaves what was complete', async () => {
  put({ fault: 'drop', afterBytes: header.length + 10 });
  const producer = await putMedia(running.cloud.url, { atMs: Date.now() });
  await producer.send(header, nth(0));
  expect(await producer.next()).toBeUndefined();
  expect(await listed()).toBe(0);
});

test.each([
  ['glued', 1],
  ['split', 300],
] as const)('acks %s: the same acks in other pieces', async (as, leastPieces) => {
  put({ fault: 'acks', as });
  const producer = await putMedia(running.cloud.url, { atMs: Date.now() });
  const pieces: string[] = [];
  producer.response.on('data', (piece: Buffer) => pieces.push(`${piece}`));
  await producer.send(header, nth(0), nth(1));
  const names = () => [...pieces.join('').matchAll(/"EventType":"(\w+)"[^}]*\}/g)].map(([, name]) => name);
  await expect.poll(names).toHaveLength(4);
  expect(names().toSorted()).toEqual(['BUFFERING', 'BUFFERING', 'PERSISTED', 'RECEIVED']);
  expect(pieces.length).toBeGreaterThanOrEqual(leastPieces);
  expect(pieces.length > 4).toBe(as === 'split');
  producer.request.destroy();
});

test('garbage between acks is more than acks', async () => {
  put({ fault: 'acks', as: 'garbage' });
  const producer = await putMedia(running.cloud.url, { atMs: Date.now() });
  let text = '';
  producer.response.on('data', (piece: Buffer) => {
    text += piece;
  });
  await producer.send(header, nth(0), nth(1));
  await expect.poll(() => text).toMatch(/Bad Gateway.*PERSISTED/s);
  producer.request.destroy();
});

test('slow: headers and acks come late, and a body is taken no faster than told', async () => {
  put({ fault: 'slow', headersMs: 300, acksMs: 200, bytesPerSecond: 2000 });
  const beganMs = performance.now();
  const producer = await putMedia(running.cloud.url, { atMs: Date.now() });
  expect(performance.now() - beganMs).toBeGreaterThanOrEqual(290);
  const sentMs = performance.now();
  await producer.send(header, nth(0), nth(1));
  await producer.until('PERSISTED');
  const bytes = header.length + 2 * nth(0).length;
  expect(performance.now() - sentMs).toBeGreaterThanOrEqual((bytes / 2000) * 1000 * 0.5);
  producer.request.destroy();
});

test('an endpoint that moved: the old one refuses media, the new one takes it', async () => {
  put({ fault: 'endpoint-moved' });
  const old = await putMedia(running.cloud.url, { atMs: Date.now() });
  expect(old.response.statusCode).toBe(400);
  expect(old.response.headers['x-amzn-errortype']).toBe('InvalidEndpointException');
  const { DataEndpoint = '' } = await controlClient(running.cloud.url).send(
    new GetDataEndpointCommand({ StreamName: 'cam', APIName: 'PUT_MEDIA' }),
  );
  expect(DataEndpoint).not.toBe(running.cloud.url);
  const moved = await putMedia(DataEndpoint, { atMs: Date.now() });
  await moved.send(header, nth(0));
  expect(types(await moved.end())).toContain('PERSISTED');
});

const read = ['/getMedia', '/listFragments', '/getMediaForFragmentList', '/getClip', '/getImages'];
test.each([...read, '/getHLSStreamingSessionURL', '/getDASHStreamingSessionURL'])(
  'an endpoint that moved: %s is not at the old one either',
  async path => {
    put({ fault: 'endpoint-moved' });
    expect(await signedCall(running.cloud.url, { path })).toMatchObject({
      status: 400,
      type: 'InvalidEndpointException',
    });
  },
);

test('an expired token: the open session is cut, the key refused, the renewed one taken', async () => {
  const producer = await putMedia(running.cloud.url, { atMs: Date.now() });
  await producer.send(header, nth(0));
  await producer.until('BUFFERING');
  put({ fault: 'token-expired', accessKeyId: keys.accessKeyId, renewedAccessKeyId: 'renewed' });
  producer.request.write(nth(1));
  expect(await producer.next()).toBeUndefined();
  const describe = (accessKeyId: string) =>
    controlClient(running.cloud.url, { ...keys, accessKeyId }).send(new DescribeStreamCommand({ StreamName: 'cam' }));
  await expect(describe(keys.accessKeyId)).rejects.toMatchObject({ name: 'ExpiredTokenException' });
  expect((await describe('renewed')).StreamInfo?.StreamName).toBe('cam');
  await expect(describe('another')).rejects.toMatchObject({ name: 'UnrecognizedClientException' });
});

test('a list that is late shows a fragment later', async () => {
  const clock = await timed();
  put({ fault: 'list-late', lateMs: 1200 });
  await sendFragments(1);
  clock.advance(1199);
  expect(await listed()).toBe(0);
  clock.advance(1);
  expect(await listed()).toBe(1);
});

test('a page of a late list is filled from what comes after, and tells that there is more', () => {
  let nowMs = 0;
  const clock = { ...systemClock, monotonicMs: () => nowMs, nowMs: () => nowMs };
  const faults = new Faults(clock);
  faults.put([{ fault: 'list-late', lateMs: 1000 }]);
  const late = new LateList(faults, clock);
  const all = Array.from({ length: 10 }, (_, index) => ({ number: `${index}`, producerMs: index, serverMs: index }));
  // Sent late: old footage, between what was there long ago.
  nowMs = 5000;
  for (const number of ['1', '2', '5']) late.stored(number);
  const fragments = ({ limit, after }: FragmentQuery) =>
    all.filter(({ producerMs }) => producerMs > (after?.ms ?? -1)).slice(0, limit) as StoredFragment[];
  const list = late.of({ findStream: () => undefined, fragments } as unknown as MediaStore);
  const query = { stream: 'cam', by: 'producer', fromMs: 0, toMs: 9 } as const;
  const numbers = (limit: number) => list.fragments({ ...query, limit }).map(({ number }) => number);
  expect(numbers(4)).toEqual(['0', '3', '4', '6']);
  expect(numbers(7)).toEqual(['0', '3', '4', '6', '7', '8', '9']);
  expect(numbers(8)).toHaveLength(7);
  nowMs = 6000;
  expect(numbers(4)).toEqual(['0', '1', '2', '3']);
});

test('an ack never overtakes an earlier one, also when the timer of that one is late', () => {
  let nowMs = 0;
  const timers: (() => void)[] = [];
  const after = (_: number, callback: () => void) => {
    timers.push(callback);
    return () => undefined;
  };
  const lines: string[] = [];
  const response = { write: (line: Uint8Array) => lines.push(String(line)) } as unknown as ServerResponse;
  const writer = new AckWriter(response, { ...systemClock, monotonicMs: () => nowMs, after });
  writer.write('first\n', { as: undefined, lateMs: 200 });
  nowMs = 300;
  writer.write('second\n', { as: undefined, lateMs: 0 });
  for (const fire of timers) fire();
  expect(lines).toEqual(['first\n', 'second\n']);
});

/** Tries again until it works: a server that comes back needs a moment. */
async function until(work: () => Promise<unknown>): Promise<void> {
  await expect.poll(() => work().then(() => 'well', String)).toBe('well');
}
