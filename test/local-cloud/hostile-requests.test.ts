// Requests no SDK sends, byte by byte over raw sockets: nothing outside the data folder is reached, nothing is answered that
// is not meant for everybody, and the server goes on.
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { createConnection, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { CreateStreamCommand, ListStreamsCommand } from '@aws-sdk/client-kinesis-video';
import { GetHLSStreamingSessionURLCommand, ListFragmentsCommand } from '@aws-sdk/client-kinesis-video-archived-media';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { Sessions } from '../../agent/local-cloud/hls/sessions.ts';
import { writeHeader } from '../../agent/matroska/write.ts';
import { seededRandom } from '../../scripts/fuzz/seeded-random.ts';
import { archiveClient, controlClient, keys, manualClock, type TestCloud, testCloud } from './control-cloud.ts';
import { cluster, fragments, putMedia, record, videoTrack } from './ingest-producer.ts';

const canary = 'nobody outside may read this';
let running: TestCloud;

beforeAll(async () => {
  running = await testCloud();
  await writeFile(join(running.dataDir, 'canary.txt'), canary);
});
afterAll(() => running[Symbol.asyncDispose]());

afterEach(async () => {
  expect((await controlClient(running.cloud.url).send(new ListStreamsCommand({}))).$metadata.httpStatusCode).toBe(200);
  expect(running.problems).toEqual([]);
});

/** Everything that comes back until the server ends the connection, which it is given to do. */
async function answerTo(...pieces: (string | Uint8Array)[]): Promise<string> {
  const socket = createConnection(running.cloud.port, '127.0.0.1');
  let answer = '';
  socket.setEncoding('latin1').on('data', (text: string) => {
    answer += text;
  });
  const closed = new Promise(resolve => socket.on('close', resolve));
  socket.on('error', () => undefined); // the server cut it while we were sending
  for (const piece of pieces) if (socket.writable) socket.write(piece);
  socket.end();
  await closed;
  return answer;
}

const statusOf = (answer: string) => Number(/^HTTP\/1\.1 (\d{3}) /.exec(answer)?.[1] ?? 0);
const head = (...lines: string[]) => `${lines.join('\r\n')}\r\n\r\n`;
const closing = ['host: 127.0.0.1', 'connection: close'];

describe('no path leads to a file', () => {
  const ways = [
    '/canary.txt',
    '/./canary.txt',
    '/../DATA/canary.txt',
    '/hls/v1/../../canary.txt',
    '/hls/v1/..%2f..%2fcanary.txt',
    '/%2e%2e/DATA/canary.txt',
    '/%2e%2e%2fDATA%2fcanary.txt',
    '/%252e%252e/DATA/canary.txt',
    '/..%5cDATA%5ccanary.txt',
    '/..;/DATA/canary.txt',
    '/%c0%ae%c0%ae/DATA/canary.txt',
    '//canary.txt',
    '/canary.txt%00.m3u8',
    '/hls/v1/canary.txt?SessionToken=../canary.txt',
    '/hls/v1/getMP4MediaFragment.mp4?SessionToken=x&TrackNumber=1&FragmentNumber=../../canary.txt',
    'PATH/canary.txt',
    'file://PATH/canary.txt',
    'http://127.0.0.1/PATH/canary.txt',
    'http://127.0.0.1:1/../canary.txt',
    '*',
    'canary.txt',
    '..',
  ];
  test.each(ways)('GET %s', async way => {
    const { dataDir } = running;
    const target = way.replace('DATA', basename(dataDir)).replace('PATH', dataDir);
    for (const method of ['GET', 'POST', 'OPTIONS']) {
      const answer = await answerTo(head(`${method} ${target} HTTP/1.1`, ...closing));
      expect([target, statusOf(answer) >= 400 || /^HTTP\/1\.1 204 /.test(answer)]).toEqual([target, true]);
      expect(answer).not.toContain(canary);
    }
  });

  test('streams with names like folders stay in the data folder', async () => {
    const outer = await mkdtemp(join(tmpdir(), 'local-cloud-names-'));
    const dataDir = join(outer, 'inner', 'data');
    await mkdir(dataDir, { recursive: true });
    {
      await using cloud = await testCloud({ dataDir });
      const client = controlClient(cloud.cloud.url);
      for (const stream of ['.', '..', '...', '-rf', 'CON', 'cam', 'CAM', 'x'.repeat(256)]) {
        await client.send(new CreateStreamCommand({ StreamName: stream, DataRetentionInHours: 1 }));
        const producer = await putMedia(cloud.cloud.url, { stream });
        await producer.send(writeHeader([videoTrack]), cluster(Date.now()));
        expect((await producer.end()).map(ack => ack.EventType)).toContain('PERSISTED');
      }
      for (const StreamName of ['../up', '/etc', 'a/b', 'a\\b', '%2e%2e', 'a\0b', 'ä', ''])
        await expect(client.send(new CreateStreamCommand({ StreamName }))).rejects.toThrow(
          expect.objectContaining({ name: 'InvalidArgumentException' }),
        );
      const everywhere = [await readdir(outer), await readdir(join(outer, 'inner'))];
      expect(everywhere).toEqual([['inner'], ['data']]);
    }
    await rm(outer, { recursive: true });
  });
});

test.each(['HEAD', 'PUT', 'PATCH', 'DELETE', 'TRACE', 'PROPFIND', 'SEARCH', 'CONNECT', 'get', 'FOO', 'GET\t', ''])(
  'the method "%s" does nothing',
  async method => {
    for (const target of ['/listStreams', '/putMedia', '/hls/v1/getHLSMasterPlaylist.m3u8', '/admin/faults']) {
      const status = statusOf(await answerTo(head(`${method} ${target} HTTP/1.1`, ...closing)));
      // Nobody is a proxy here: a CONNECT is hung up on.
      expect([400, 404, method === 'CONNECT' ? 0 : 404]).toContain(status);
    }
  },
);

const post = ['POST /listStreams HTTP/1.1', 'host: 127.0.0.1'];

test.each<[string, (string | Uint8Array)[], number[]]>([
  ['a header of 20 KB', [head(...post, `x-flood: ${'x'.repeat(20_000)}`)], [431]],
  ['5,000 headers', [head(...post, ...Array.from({ length: 5000 }, (_, index) => `x-${index}: y`))], [431]],
  ['headers without an end', [`${post.join('\r\n')}\r\n`, 'x-more: 0123456789\r\n'.repeat(50_000)], [0, 431]],
  ['a target of 100 KB', [head(`GET /${'x'.repeat(100_000)} HTTP/1.1`, ...closing)], [0, 431]],
  ['300 headers', [head(...post, ...Array.from({ length: 300 }, () => 'a:b'), 'connection: close')], [403]],
  ['two lengths', [head(...post, 'content-length: 2', 'content-length: 3'), '{}'], [400]],
  ['a length and chunks', [head(...post, 'content-length: 2', 'transfer-encoding: chunked'), '0\r\n\r\n'], [400]],
  ['a length below 0', [head(...post, 'content-length: -1')], [400]],
  ['a length beyond counting', [head(...post, 'content-length: 99999999999999999999999')], [400, 413]],
  ['a length with a body that is too large', [head(...post, `content-length: ${2 ** 40}`)], [413]],
  ['chunks that are none', [head(...post, 'transfer-encoding: chunked'), 'zz\r\n'], [400]],
  ['a chunk beyond counting', [head(...post, 'transfer-encoding: chunked'), 'ffffffffffffffffff\r\n'], [400, 413]],
  ['a body of a stranger', [head(...post, 'content-length: 9000', 'expect: 100-continue')], [403]],
  ['chunks of a stranger', [head(...post, 'transfer-encoding: chunked'), '5\r\n{   }\r\n'], [403]],
  ['another encoding', [head(...post, 'transfer-encoding: gzip')], [400, 501]],
  ['no host', [head('GET / HTTP/1.1', 'connection: close')], [400]],
  ['a folded header', [head(...post, 'x-one: a', ' b', 'connection: close')], [400, 403]],
  ['a space before the colon', [head(...post, 'content-length : 2')], [400]],
  ['a header with a zero byte', [head(...post, 'x-zero: a\0b')], [400]],
  ['the beginning of HTTP/2', ['PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'], [400]],
  ['the beginning of TLS', [Uint8Array.of(0x16, 3, 1, 0, 5, 1, 0, 0, 1, 0)], [400]],
  [
    'a request in a request',
    [head(...post, 'content-length: 0', 'connection: close'), head('GET /admin/faults HTTP/1.1', ...closing)],
    [400, 403],
  ],
])('%s is refused', async (_, pieces, expected) => {
  const answer = await answerTo(...pieces);
  expect(expected).toContain(statusOf(answer));
  // Never two answers; none when the connection was reset before ours was read.
  expect(answer.match(/HTTP\/1\.1 \d{3}/g) ?? []).toHaveLength(statusOf(answer) === 0 ? 0 : 1);
});

test('chunks of a known key are read until there are too many', async () => {
  const date = new Date().toISOString().replace(/[-:]|\.\d+/g, '');
  const credential = `${keys.accessKeyId}/${date.slice(0, 8)}/us-west-2/kinesisvideo/aws4_request`;
  const signature = `SignedHeaders=host, Signature=${'0'.repeat(64)}`;
  const authorization = `authorization: AWS4-HMAC-SHA256 Credential=${credential}, ${signature}`;
  const known = head(...post, `x-amz-date: ${date}`, authorization, 'transfer-encoding: chunked', 'connection: close');
  expect(statusOf(await answerTo(known, '2\r\n{}\r\n0\r\n\r\n'))).toBe(403);
  const twoMebibytes = 2 ** 21;
  const flood = await answerTo(known, `${twoMebibytes.toString(16)}\r\n`, new Uint8Array(twoMebibytes));
  expect([0, 413]).toContain(statusOf(flood));
});

test('bytes changed at random in a good request are answered or hung up on', async () => {
  const random = seededRandom(20_261_125);
  const good = head(...post, 'content-type: application/json', 'content-length: 2', 'connection: close').concat('{}');
  const answers = await Promise.all(
    Array.from({ length: 300 }, () => {
      const bytes = Buffer.from(good, 'latin1');
      for (let change = 0; change < 1 + random() * 4; change++)
        bytes[Math.floor(random() * bytes.length)] = Math.floor(random() * 256);
      return answerTo(bytes.subarray(0, Math.ceil(random() * 2 * bytes.length)));
    }),
  );
  for (const answer of answers) expect([0, 400, 403, 404, 413, 417]).toContain(statusOf(answer));
  expect(answers.some(answer => statusOf(answer) === 403)).toBe(true);
});

test('connections that say nothing do not keep the server from answering or from ending', async () => {
  await using cloud = await testCloud();
  const idle: Socket[] = [];
  for (let count = 0; count < 200; count++) idle.push(createConnection(cloud.cloud.port, '127.0.0.1'));
  await Promise.all(idle.map(socket => once(socket, 'connect')));
  for (const socket of idle.slice(0, 100)) socket.write('POST /listStreams HTTP/1.1\r\nhost: x');
  expect((await controlClient(cloud.cloud.url).send(new ListStreamsCommand({}))).StreamInfoList).toEqual([]);
  const closed = Promise.all(idle.map(socket => once(socket.on('error', () => undefined).resume(), 'close')));
  await cloud.cloud.close();
  await closed;
});

describe('session tokens', () => {
  test('cannot be guessed: no two alike, no place of them fixed', () => {
    const clock = manualClock(0);
    const sessions = new Sessions(clock);
    const playback = { mode: 'LIVE' } as const;
    const settings = {
      playback,
      by: 'server',
      discontinuities: 'NEVER',
      showTimestamps: false,
      lifetimeMs: 300_000,
      maxFragments: 5,
    } as const;
    const timeline = { entries: [], codecs: [] };
    const session = { streamName: 'cam', settings, timeline, cursor: undefined, nextDueMs: 0 };
    const tokens = Array.from({ length: 1000 }, () =>
      sessions.add(session as unknown as Parameters<Sessions['add']>[0]),
    );
    expect(new Set(tokens).size).toBe(1000);
    for (const token of tokens) expect(token).toMatch(/^[A-Za-z0-9_-]{128}~$/);
    for (let place = 0; place < 128; place++)
      expect(new Set(tokens.map(token => token[place])).size).toBeGreaterThan(50);
    const [token = ''] = tokens;
    for (const other of [
      '',
      token.slice(0, -1),
      `${token}~`,
      token.toLowerCase(),
      ` ${token}`,
      '__proto__',
      'constructor',
    ])
      expect(sessions.find(other)).toBe('unknown');
    clock.advance(299_999);
    expect(sessions.find(token)).toBe(session);
    clock.advance(1);
    expect(sessions.find(token)).toBe('expired');
  });

  test('open their own stream only, and nothing after a restart', async () => {
    await using cloud = await testCloud();
    const control = controlClient(cloud.cloud.url);
    const recording = await record(1);
    for (const stream of ['mine', 'yours']) {
      await control.send(new CreateStreamCommand({ StreamName: stream, DataRetentionInHours: 1 }));
      const producer = await putMedia(cloud.cloud.url, { stream });
      const { header, clusters } = fragments(recording, Date.now() - 1000);
      await producer.send(header, ...clusters);
      await producer.end();
    }
    const archive = archiveClient(cloud.cloud.url);
    const range = { StartTimestamp: new Date(0), EndTimestamp: new Date(Date.now() + 1000) };
    const FragmentSelector = { FragmentSelectorType: 'PRODUCER_TIMESTAMP', TimestampRange: range } as const;
    const numberOf = async (StreamName: string) =>
      (await archive.send(new ListFragmentsCommand({ StreamName, FragmentSelector }))).Fragments?.[0]?.FragmentNumber;
    const session = await archive.send(new GetHLSStreamingSessionURLCommand({ StreamName: 'mine' }));
    const master = session.HLSStreamingSessionURL ?? '';
    const media = (number?: string) =>
      fetch(
        `${master.replace('getHLSMasterPlaylist.m3u8', 'getMP4MediaFragment.mp4')}&TrackNumber=1&FragmentNumber=${number}`,
      );
    expect((await media(await numberOf('mine'))).status).toBe(200);
    expect((await media(await numberOf('yours'))).status).toBe(404);
    await cloud.restart();
    const after = await fetch(`${cloud.cloud.url}${new URL(master).pathname}${new URL(master).search}`);
    expect([after.status, await after.json()]).toEqual([
      403,
      expect.objectContaining({ Message: 'Streaming session token is invalid' }),
    ]);
  });
});
