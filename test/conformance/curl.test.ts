// Debian's curl: signs with code of its own, sends PutMedia's body in chunks after Expect: 100-continue, prints
// acknowledgements while its body is open, and fetches what other clients were given addresses of.
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ListStreamsCommand } from '@aws-sdk/client-kinesis-video';
import { GetHLSStreamingSessionURLCommand, ListFragmentsCommand } from '@aws-sdk/client-kinesis-video-archived-media';
import { afterAll, beforeAll, expect } from 'vitest';
import { systemClock } from '../../agent/clock.ts';
import { readCertificate } from '../../agent/local-cloud/certificate.ts';
import { writeHeader } from '../../agent/matroska/write.ts';
import { archiveClient, controlClient, keys, type TestCloud, testCloud } from '../local-cloud/control-cloud.ts';
import {
  cluster,
  fragments,
  type Recording,
  record,
  videoTrack,
  type WireAck,
} from '../local-cloud/ingest-producer.ts';
import { makeCertificate } from '../local-cloud/own-certificate.ts';
import { createStream, uploadAt, uploadRecording } from '../local-cloud/stored-media.ts';
import { cell } from './cell.ts';

let folder: string;
let plain: TestCloud;
let secure: TestCloud;
let certificate: string;
let url: string;
let recording: Recording;
let aheadMs = 0;
let made = 0;
const startMs = Math.floor(Date.now() / 1000) * 1000 - 60_000;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'conformance-curl-'));
  const files = makeCertificate(folder);
  certificate = files.certificate;
  secure = await testCloud({ tls: await readCertificate(certificate, files.key) });
  plain = await testCloud({ clock: { ...systemClock, monotonicMs: () => systemClock.monotonicMs() + aheadMs } });
  url = plain.cloud.url;
  recording = await record(3);
});
afterAll(async () => {
  for (const running of [plain, secure]) {
    expect(running.problems).toEqual([]);
    await running[Symbol.asyncDispose]();
  }
  await rm(folder, { recursive: true });
});

async function aStream(): Promise<string> {
  const name = `cam-${made++}`;
  await createStream(url, name);
  return name;
}

/** A curl under way, and what it has said so far. */
class Curl {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #closed: Promise<unknown>;
  #body = Buffer.alloc(0);
  #talk = '';

  constructor(args: readonly string[], secret = keys.secretAccessKey) {
    const signed = ['--aws-sigv4', 'aws:amz:us-west-2:kinesisvideo', '--user', `${keys.accessKeyId}:${secret}`];
    // No --max-time: with it this version never goes on with a body it once had to wait for.
    this.#child = spawn('/usr/bin/curl', ['-v', '-sS', '-N', ...signed, ...args]);
    this.#closed = once(this.#child, 'close');
    this.#child.stdout.on('data', (data: Buffer) => {
      this.#body = Buffer.concat([this.#body, data]);
    });
    this.#child.stderr.setEncoding('utf8').on('data', (data: string) => {
      this.#talk += data;
    });
    this.#child.stdin.on('error', () => undefined); // refused before the body was taken
  }

  get body(): Buffer {
    return this.#body;
  }

  get acks(): WireAck[] {
    const lines = this.#body.toString().split('\n');
    return lines.filter(line => line !== '').map(line => JSON.parse(line));
  }

  /** The headers both sides sent, as curl tells them: `> ` and `< ` before each. */
  get talk(): string {
    return this.#talk;
  }

  get status(): number {
    return Number([...this.#talk.matchAll(/^< HTTP\/1\.1 (\d+)/gm)].at(-1)?.[1]);
  }

  send(...pieces: Uint8Array[]): void {
    this.#child.stdin.write(Buffer.concat(pieces));
  }

  async end(): Promise<this> {
    this.#child.stdin.end();
    await this.#closed;
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill();
    await this.#closed;
  }
}

type Sending = { stream: string; headers?: Record<string, string>; secret?: string; to?: string; ca?: string };

function putMedia({ stream, headers = {}, secret, to = url, ca }: Sending): Curl {
  const sent = {
    'x-amzn-stream-name': stream,
    'x-amzn-fragment-timecode-type': 'ABSOLUTE',
    'x-amzn-producer-start-timestamp': String(startMs / 1000),
    ...headers,
  };
  const named = Object.entries(sent).flatMap(([name, value]) => ['-H', `${name}: ${value}`]);
  const trust = ca === undefined ? [] : ['--cacert', ca];
  // `-T .` reads its input without waiting for it, so that what comes back is printed meanwhile.
  return new Curl(['-X', 'POST', '-T', '.', ...named, ...trust, `${to}/putMedia`], secret);
}

function post(operation: string, input: object): Curl {
  return new Curl(['-H', 'content-type: application/json', '-d', JSON.stringify(input), `${url}/${operation}`]);
}

const persisted = (acks: readonly WireAck[]) =>
  acks.filter(({ EventType }) => EventType === 'PERSISTED').map(({ FragmentNumber }) => FragmentNumber);

async function listed(StreamName: string, at = startMs): Promise<(string | undefined)[]> {
  const TimestampRange = { StartTimestamp: new Date(at), EndTimestamp: new Date(at + 60_000) };
  const FragmentSelector = { FragmentSelectorType: 'PRODUCER_TIMESTAMP' as const, TimestampRange };
  const { Fragments = [] } = await archiveClient(url).send(new ListFragmentsCommand({ StreamName, FragmentSelector }));
  return Fragments.map(({ FragmentNumber }) => FragmentNumber);
}

const curl = (operation: string) => ({ operation, client: 'curl' });

cell(curl('PutMedia'), 'acknowledges while the body is open, after 100 Continue', async () => {
  const stream = await aStream();
  await using sending = putMedia({ stream });
  const { header, clusters } = fragments(recording, startMs);
  const [first, ...others] = clusters;
  if (!first || !others[0]) throw new Error('the recording is too short');
  sending.send(header, first, others[0]);
  await expect.poll(() => persisted(sending.acks)).toHaveLength(1);
  expect(sending.talk).toMatch(/^> Transfer-Encoding: chunked\r?$/m);
  expect(sending.talk).toMatch(/^> Expect: 100-continue\r?$/m);
  expect(sending.talk).toMatch(/^< HTTP\/1\.1 100 Continue\r?\n.*^< HTTP\/1\.1 200 OK\r?$/ms);
  sending.send(...others.slice(1));
  const { acks } = await sending.end();
  for (const EventType of ['BUFFERING', 'RECEIVED', 'PERSISTED'])
    expect(acks.filter(ack => ack.EventType === EventType)).toHaveLength(clusters.length);
  expect(persisted(acks)).toEqual(await listed(stream));
});

cell(curl('PutMedia'), 'RELATIVE timecodes begin at the producer’s start', async () => {
  const stream = await aStream();
  const headers = { 'x-amzn-fragment-timecode-type': 'RELATIVE' };
  await using sending = putMedia({ stream, headers });
  sending.send(writeHeader([videoTrack]), cluster(0), cluster(1000));
  const { acks } = await sending.end();
  expect(acks.map(({ EventType, FragmentTimecode }) => [EventType, FragmentTimecode])).toContainEqual([
    'PERSISTED',
    1000,
  ]);
  expect(persisted(acks)).toEqual(await listed(stream));
});

cell(curl('PutMedia'), 'over https', async () => {
  const create = new Curl([
    ...['--cacert', certificate, '-H', 'content-type: application/json'],
    ...['-d', '{"StreamName":"cam","DataRetentionInHours":1}', `${secure.cloud.url}/createStream`],
  ]);
  expect((await create.end()).status).toBe(200);
  await using sending = putMedia({ stream: 'cam', to: secure.cloud.url, ca: certificate });
  sending.send(writeHeader([videoTrack]), cluster(startMs), cluster(startMs + 1000));
  expect(persisted((await sending.end()).acks)).toHaveLength(2);
});

cell(curl('PutMedia'), 'a fragment older than the one before: error 4004, the last word', async () => {
  const stream = await aStream();
  await using sending = putMedia({ stream });
  sending.send(writeHeader([videoTrack]), cluster(startMs + 1000), cluster(startMs));
  await expect.poll(() => sending.acks.at(-1)?.ErrorId).toBe(4004);
  expect((await sending.end()).acks.at(-1)).toMatchObject({
    ...{ EventType: 'ERROR', ErrorCode: 'FRAGMENT_TIMECODE_LESSER_THAN_PREVIOUS' },
  });
});

const refusals: [string, Omit<Sending, 'stream'> & { stream?: string }, string, number][] = [
  ['a stream that is not there', { stream: 'nobody' }, 'ResourceNotFoundException', 404],
  ['another secret', { secret: 'wrong' }, 'InvalidSignatureException', 403],
  ['no kind of timecodes', { headers: { 'x-amzn-fragment-timecode-type': 'NONE' } }, 'InvalidArgumentException', 400],
  ['no start', { headers: { 'x-amzn-producer-start-timestamp': 'now' } }, 'InvalidArgumentException', 400],
  [
    'a name and an ARN',
    { headers: { 'x-amzn-stream-arn': 'arn:aws:kinesisvideo:us-west-2:000000000000:stream/cam/1' } },
    'InvalidArgumentException',
    400,
  ],
];

for (const [what, sending, error, status] of refusals)
  cell(curl('PutMedia'), `${what}, before a byte of media`, async () => {
    await using refused = putMedia({ stream: await aStream(), ...sending });
    await refused.end();
    expect(refused.status).toBe(status);
    expect(refused.talk).not.toContain('100 Continue');
    expect(JSON.parse(refused.body.toString())).toMatchObject({
      __type: error,
      Message: expect.stringMatching(/\w \w/),
    });
    expect(refused.talk.toLowerCase()).toContain(`< x-amzn-errortype: ${error.toLowerCase()}`);
  });

cell(curl('GetClip'), 'an MP4 of the length its headers say', async () => {
  const StreamName = await aStream();
  await uploadRecording(url, recording, startMs, StreamName);
  const TimestampRange = { StartTimestamp: startMs / 1000, EndTimestamp: startMs / 1000 + 60 };
  const ClipFragmentSelector = { FragmentSelectorType: 'PRODUCER_TIMESTAMP', TimestampRange };
  const { status, body, talk } = await post('getClip', { StreamName, ClipFragmentSelector }).end();
  expect([status, body.toString('latin1', 4, 8)]).toEqual([200, 'ftyp']);
  expect(talk.toLowerCase()).toContain(`< content-length: ${body.length}`);
  expect(talk.toLowerCase()).toContain('< content-type: video/mp4');
});

cell(curl('GetClip'), 'nothing recorded', async () => {
  const TimestampRange = { StartTimestamp: startMs / 1000, EndTimestamp: startMs / 1000 + 60 };
  const ClipFragmentSelector = { FragmentSelectorType: 'PRODUCER_TIMESTAMP', TimestampRange };
  const refused = await post('getClip', { StreamName: await aStream(), ClipFragmentSelector }).end();
  expect(refused.status).toBe(404);
  expect(JSON.parse(refused.body.toString())).toMatchObject({ __type: 'ResourceNotFoundException' });
});

cell(curl('GetMedia'), 'what is there and what arrives, in chunks, until it hangs up', async () => {
  const StreamName = await aStream();
  const before = await uploadAt(url, [startMs], StreamName);
  await using reading = post('getMedia', { StreamName, StartSelector: { StartSelectorType: 'EARLIEST' } });
  const holds = (number: string | undefined) => expect.poll(() => reading.body.includes(number ?? '-')).toBe(true);
  await holds(before[0]);
  expect(reading.talk.toLowerCase()).toContain('< transfer-encoding: chunked');
  const after = await uploadAt(url, [startMs + 1000], StreamName);
  await holds(after[0]);
});

cell(curl('ListStreams'), 'an empty body counts as no parameters', async () => {
  const { StreamInfoList = [] } = await controlClient(url).send(new ListStreamsCommand({}));
  const { body } = await new Curl(['-X', 'POST', `${url}/listStreams`]).end();
  const names: string[] = JSON.parse(body.toString()).StreamInfoList.map(
    (info: { StreamName: string }) => info.StreamName,
  );
  expect(names).toEqual(StreamInfoList.map(({ StreamName }) => StreamName));
});

cell(curl('GetHLSStreamingSessionURL'), 'an address that plays without a signature until it expires', async () => {
  const StreamName = await aStream();
  await uploadRecording(url, recording, Date.now() - 3000, StreamName);
  const session = new GetHLSStreamingSessionURLCommand({ StreamName, Expires: 300 });
  const { HLSStreamingSessionURL: address = '' } = await archiveClient(url).send(session);
  const fetched = async () => {
    const file = join(folder, 'playlist');
    const status = execCurl(['-s', '-o', file, '-w', '%{http_code} %{content_type}', address]);
    return { status: await status, text: await readFile(file, 'utf8') };
  };
  expect(await fetched()).toMatchObject({
    status: '200 application/vnd.apple.mpegurl',
    text: expect.stringMatching(/^#EXTM3U/),
  });
  aheadMs = 300_000;
  const { status, text } = await fetched();
  aheadMs = 0;
  expect(status).toMatch(/^403 /);
  expect(JSON.parse(text)).toMatchObject({ Message: 'Streaming session token is expired' });
});

/** What it prints. Beside us: the server it talks to runs in this process. */
async function execCurl(args: readonly string[]): Promise<string> {
  const child = spawn('/usr/bin/curl', ['--max-time', '60', ...args]);
  let printed = '';
  child.stdout.on('data', data => {
    printed += data;
  });
  await once(child, 'close');
  return printed;
}
