// Streams with media in them, and what comes back of it, for tests of the operations that read.
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { Readable } from 'node:stream';
import { promisify } from 'node:util';
import { CreateStreamCommand } from '@aws-sdk/client-kinesis-video';
import { KinesisVideoMediaClient } from '@aws-sdk/client-kinesis-video-media';
import { MatroskaReader } from '../../agent/matroska/read.ts';
import { writeHeader } from '../../agent/matroska/write.ts';
import { controlClient, keys } from './control-cloud.ts';
import { cluster, fragments, putMedia, type Recording, videoTrack, type WireAck } from './ingest-producer.ts';

export const run = promisify(execFile);

export function mediaClient(endpoint: string): KinesisVideoMediaClient {
  return new KinesisVideoMediaClient({ endpoint, region: 'us-west-2', credentials: keys, maxAttempts: 1 });
}

/** @param atMs what the client takes for the time; left out: the machine's */
export async function createStream(
  endpoint: string,
  StreamName: string,
  { atMs, retentionHours = 24 }: { atMs?: number; retentionHours?: number } = {},
): Promise<void> {
  await controlClient(endpoint, keys, atMs).send(
    new CreateStreamCommand({ StreamName, DataRetentionInHours: retentionHours }),
  );
}

/** Sends one session and waits until it is stored. The numbers of its fragments. */
export async function upload(
  endpoint: string,
  pieces: readonly Uint8Array[],
  options: { stream?: string; atMs?: number } = {},
): Promise<string[]> {
  const producer = await putMedia(endpoint, options);
  await producer.send(...pieces);
  const acks = await producer.end();
  const refused = acks.find(({ EventType }) => EventType === 'ERROR');
  if (refused) throw new Error(JSON.stringify(refused));
  return acks.filter(({ EventType }) => EventType === 'PERSISTED').map(numberOf);
}

function numberOf({ FragmentNumber = '' }: WireAck): string {
  return FragmentNumber;
}

/** Fragments of pictures nobody can decode, half a second each, at these times. */
export function uploadAt(endpoint: string, timesMs: readonly number[], stream = 'cam'): Promise<string[]> {
  return upload(endpoint, [writeHeader([videoTrack]), ...timesMs.map(ms => cluster(ms))], { stream });
}

/** Test picture and tone through these encoders, times from 0. No B-frames, a key frame every second at 25 a second. */
export async function recordAs(encoders: string, seconds: number, size = '320x180'): Promise<Recording> {
  const inputs = [
    ...['-f', 'lavfi', '-i', `testsrc2=size=${size}:rate=25:duration=${seconds}`],
    ...['-f', 'lavfi', '-i', `sine=frequency=440:sample_rate=8000:duration=${seconds}`],
  ];
  const fixed = ['-g', '25', '-bf', '0', '-pix_fmt', 'yuv420p', '-f', 'matroska', '-'];
  const { stdout } = await run('ffmpeg', ['-v', 'error', ...inputs, ...encoders.split(' '), ...fixed], {
    encoding: 'buffer',
    maxBuffer: 2 ** 28,
  });
  const recording: Recording = { tracks: [], frames: [] };
  for (const event of new MatroskaReader().push(stdout)) {
    if (event.type === 'tracks') recording.tracks = event.tracks;
    else if (event.type === 'frame') recording.frames.push(event.frame);
  }
  return recording;
}

export const h264 = '-c:v libx264 -preset ultrafast';

/** Sends a recording as one session that begins at this time. */
export function uploadRecording(
  endpoint: string,
  recording: Recording,
  atMs: number,
  stream = 'cam',
): Promise<string[]> {
  const { header, clusters } = fragments(recording, atMs);
  return upload(endpoint, [header, ...clusters], { stream });
}

/** What the service's tags say of one fragment. */
export type Sent = { tags: Record<string, string>; frames: number };

/**
 * Reads media until `count` fragments and the tags behind the last of them have come, or it ends.
 * The connection is closed afterwards.
 * @param sent is filled as they come
 */
export async function fragmentsOf(payload: unknown, count = Infinity, sent: Sent[] = []): Promise<Sent[]> {
  if (!(payload instanceof Readable)) throw new TypeError('payload must be a stream');
  const reader = new MatroskaReader();
  for await (const chunk of payload) {
    for (const event of reader.push(chunk)) {
      if (event.type === 'header') sent.push({ tags: {}, frames: 0 });
      const last = sent.at(-1);
      if (!last) continue;
      if (event.type === 'tags') for (const { name, value } of event.tags) last.tags[name] = value;
      else if (event.type === 'frame') last.frames++;
    }
    if (sent.filter(isWhole).length >= count) break;
  }
  return sent;
}

/** The tags behind it have come. */
export function isWhole({ tags }: Sent): boolean {
  return tags.AWS_KINESISVIDEO_CONTINUATION_TOKEN !== undefined;
}

export function numbersOf(sent: readonly Sent[]): string[] {
  return sent.map(({ tags }) => tags.AWS_KINESISVIDEO_FRAGMENT_NUMBER ?? '');
}

/** A way to the server that tells what has come back on it. */
export async function relayTo(
  endpoint: string,
): Promise<AsyncDisposable & { url: string; saw(text: string): Promise<void> }> {
  let seen = '';
  let wake: () => void = () => undefined;
  const server = createServer(client => {
    const upstream = connect(Number(new URL(endpoint).port), '127.0.0.1');
    client.pipe(upstream).pipe(client);
    upstream.on('data', data => {
      seen += data.toString('latin1');
      wake();
    });
    client.on('error', () => upstream.destroy());
    upstream.on('error', () => client.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async saw(text) {
      while (!seen.includes(text))
        await new Promise<void>(resolve => {
          wake = resolve;
        });
    },
    [Symbol.asyncDispose]: async () => void server.close(),
  };
}
