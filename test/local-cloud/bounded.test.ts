// What clients send takes no more time and memory of the embedded server than its limits say.
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { Readable } from 'node:stream';
import { crc32, deflateSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { systemClock } from '../../agent/clock.ts';
import { BodyBudget } from '../../agent/local-cloud/body-budget.ts';
import { Sessions } from '../../agent/local-cloud/hls/sessions.ts';
import type { FragmentTaker } from '../../agent/local-cloud/put-media/session.ts';
import { Session } from '../../agent/local-cloud/put-media/session.ts';
import { decodePng } from '../../agent/local-cloud/rekognition/png.ts';
import { readBody } from '../../agent/local-cloud/request-body.ts';
import { fragmentNumber } from '../../agent/local-cloud/store/fragment-number.ts';
import type { Arrival } from '../../agent/local-cloud/store/intake.ts';
import { writeHeader } from '../../agent/matroska/write.ts';
import { signedHeaders } from '../../scripts/fuzz/cloud/signed-request.ts';
import { manualClock, testCloud } from './control-cloud.ts';
import { cluster, startMs, videoTrack } from './ingest-producer.ts';

test('a destination of a million characters is refused at once', async () => {
  await using running = await testCloud();
  const { host } = new URL(running.cloud.url);
  const Uri = `s3:${'x'.repeat(1_000_000)}/*`;
  const NotificationConfiguration = { Status: 'ENABLED', DestinationConfig: { Uri } };
  const body = JSON.stringify({ StreamName: 'cam', NotificationConfiguration });
  const path = '/updateNotificationConfiguration';
  const { host: _, ...headers } = signedHeaders({ target: path, host, body, nowMs: Date.now() });
  const answer = await fetch(`${running.cloud.url}${path}`, { method: 'POST', headers, body });
  expect([answer.status, answer.headers.get('x-amzn-errortype')]).toEqual([400, 'InvalidArgumentException']);
});

test('a producer that never reads its acknowledgements is cut off before they fill the memory', async () => {
  let sequence = 0;
  let mostUnread = 0;
  // Takes fragments faster than any disk.
  const store = {
    findStream: () => stream,
    receive: async () => {
      const number = fragmentNumber({ sequence: ++sequence, serverMs: startMs, random: 0 });
      const writer = { append: async () => undefined, discard: async () => undefined };
      return { number, serverMs: startMs, arn: '', writer } as unknown as Arrival;
    },
    persist: async () => undefined,
  } satisfies FragmentTaker;
  const stream = { name: 'cam', arn: '', createdMs: 0, version: '', retentionHours: 1, tags: {} };
  const sessions: Promise<void>[] = [];
  const server = createServer((request, response) => {
    const options = { store, stream, timelineMs: 0, errorsOnly: false, clock: systemClock, onProblem: console.error };
    sessions.push(new Session(request, response, options).done);
    request.on('data', () => {
      mostUnread = Math.max(mostUnread, response.writableLength);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const socket = connect({ port, host: '127.0.0.1' }).on('error', () => undefined);
  const cutOff = new Promise(resolve => socket.on('close', resolve));
  socket.write('POST /putMedia HTTP/1.1\r\nhost: x\r\ncontent-length: 99999999999\r\n\r\n');
  socket.write(writeHeader([videoTrack]));
  socket.pause();
  for (let sent = 0; !socket.destroyed && sent < 200_000; sent++)
    if (!socket.write(cluster(startMs + sent, 1)))
      await Promise.race([once(socket, 'drain').catch(() => undefined), cutOff]);
  await cutOff;
  await Promise.all(sessions);
  expect(mostUnread).toBeLessThan(2 * 1024 * 1024);
  expect(sequence).toBeGreaterThan(1000);
  server.close();
});

test('a PNG has the size its first header says, whatever a second one says', () => {
  const chunk = (type: string, body: Buffer) => {
    const bytes = Buffer.alloc(12 + body.length);
    bytes.writeUInt32BE(body.length, 0);
    bytes.write(type, 4, 'latin1');
    bytes.set(body, 8);
    bytes.writeUInt32BE(crc32(bytes.subarray(4, 8 + body.length)), 8 + body.length);
    return bytes;
  };
  const header = (side: number) => {
    const body = Buffer.from([0, 0, 0, 0, 0, 0, 0, 0, 8, 0, 0, 0, 0]);
    body.writeUInt32BE(side, 0);
    body.writeUInt32BE(side, 4);
    return chunk('IHDR', body);
  };
  const signature = Buffer.from('89504e470d0a1a0a', 'hex');
  const rows = chunk('IDAT', deflateSync(Buffer.alloc(101 * 100)));
  const png = Buffer.concat([signature, header(100), header(30_000), rows, chunk('IEND', Buffer.alloc(0))]);
  const { width, height, rgba } = decodePng(png);
  expect([width, height, rgba.length]).toEqual([100, 100, 40_000]);
});

test('sessions that come to list many fragments while they are played give way too', () => {
  const sessions = new Sessions(manualClock(0));
  const live = Array.from({ length: 300 }, () => ({
    ...{ settings: { lifetimeMs: 300_000 }, timeline: { entries: Array(5) } },
  }));
  const tokens = live.map(session => sessions.add(session as unknown as Parameters<Sessions['add']>[0]));
  for (const session of live) session.timeline = { entries: Array(5000) };
  expect(sessions.find(tokens.at(-1) ?? '')).toBe(live.at(-1));
  const kept = tokens.filter(token => sessions.find(token) !== 'unknown');
  expect(kept).toEqual(tokens.slice(-100));
});

test('sessions that list many fragments give way to newer ones, and those that have expired hold on to nothing', () => {
  const clock = manualClock(0);
  const sessions = new Sessions(clock);
  type Listing = Parameters<Sessions['add']>[0];
  const listing = (fragments: number) =>
    ({ settings: { lifetimeMs: 300_000 }, timeline: { entries: Array(fragments) } }) as unknown as Listing;
  const tokens = Array.from({ length: 300 }, () => sessions.add(listing(5000)));
  const kept = tokens.filter(token => sessions.find(token) !== 'unknown');
  expect(kept.length).toBeGreaterThan(90);
  expect(kept.length).toBeLessThan(110);
  expect(kept).toEqual(tokens.slice(-kept.length));
  clock.advance(300_000);
  const small = Array.from({ length: 200 }, () => sessions.add(listing(5)));
  expect(kept.map(token => sessions.find(token))).toEqual(kept.map(() => 'expired'));
  expect(small.filter(token => typeof sessions.find(token) === 'object')).toHaveLength(200);
});

test('a body that comes byte by byte counts for the memory it takes, and for its bytes once it is whole', async () => {
  const budget = new BodyBudget(1_000_000);
  const read = (pieces: number) => {
    const body = Readable.from(Array.from({ length: pieces }, () => Buffer.of(1)));
    const request = Object.assign(body, { headers: {} }) as unknown as IncomingMessage;
    return readBody(request, {
      budget,
      maxBytes: 1_000_000,
      timeoutMs: 1,
      clock: manualClock(0),
      acceptBody: () => {},
    });
  };
  await expect(read(10_000)).rejects.toMatchObject({ type: 'ThrottlingException' });
  expect(budget.take(1_000_000)).toBe(true);
  budget.giveBack(1_000_000);
  expect(await read(1000)).toHaveLength(1000);
  expect([budget.take(999_001), budget.take(999_000)]).toEqual([false, true]);
});
