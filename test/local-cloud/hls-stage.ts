// A server with nothing but HLS and DASH on it, over a real store that the test fills fragment by fragment.
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Sha256 } from '@aws-crypto/sha256-js';
import { SignatureV4 } from '@smithy/signature-v4';
import type { Clock } from '../../agent/clock.ts';
import { dashRoutes } from '../../agent/local-cloud/dash/routes.ts';
import { hlsRoutes } from '../../agent/local-cloud/hls/routes.ts';
import { createListener } from '../../agent/local-cloud/http.ts';
import type { Route } from '../../agent/local-cloud/route.ts';
import type { StoredFragment } from '../../agent/local-cloud/store/media-store.ts';
import { Store } from '../../agent/local-cloud/store/store.ts';
import { uintElement } from '../../agent/matroska/ebml.ts';
import { ids } from '../../agent/matroska/elements.ts';
import { scanFragment } from '../../agent/matroska/scan.ts';
import type { Frame, Track } from '../../agent/matroska/track.ts';
import { frameHeader, writeHeader } from '../../agent/matroska/write.ts';
import { Secret } from '../../agent/secret.ts';

export const accessKeyId = 'local';
export const secretAccessKey = 'local-secret';

export type Stage = AsyncDisposable & {
  url: string;
  store: Store;
  clock: Clock;
  addStream(name: string): Promise<void>;
};

export async function startStage(clock: Clock): Promise<Stage> {
  const dataDir = await mkdtemp(join(tmpdir(), 'kvs-edge-hls-'));
  const onProblem = (error: Error) => {
    throw error;
  };
  const store = await Store.open({ dataDir, clock, random: Math.random, onProblem });
  const routes: Route[] = [];
  const server = createListener(routes, {
    accessKeyId,
    secretAccessKey: new Secret(secretAccessKey),
    clock,
    onProblem,
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const url = `http://127.0.0.1:${portOf(server)}`;
  const context = { store, clock, random: Math.random, url };
  routes.push(...hlsRoutes(context), ...dashRoutes(context));
  return {
    ...{ url, store, clock },
    addStream: (name, retentionHours = 24) => saveStream(store, clock, name, retentionHours),
    async [Symbol.asyncDispose]() {
      server.close();
      server.closeAllConnections();
      await store.close();
      await rm(dataDir, { recursive: true });
    },
  };
}

export function saveStream(store: Store, clock: Clock, name: string, retentionHours = 24): Promise<void> {
  const createdMs = clock.nowMs();
  const arn = `arn:aws:kinesisvideo:us-west-2:000000000000:stream/${name}/${createdMs}`;
  return store.saveStream({ name, arn, createdMs, version: 'v1', retentionHours, tags: {} });
}

export function portOf(server: { address(): AddressInfo | string | null }): number {
  const address = server.address();
  return typeof address === 'object' && address ? address.port : 0;
}

/** Media to fill the store with: frames cut at video key frames, timecodes from 0. */
export type Footage = { tracks: Track[]; fragments: Frame[][] };

export function footageOf(media: Uint8Array): Footage {
  const { tracks, frames, error } = scanFragment(media);
  if (error) throw error;
  const video = tracks.find(track => track.type === 'video')?.number ?? tracks[0]?.number;
  // The key frame comes first among frames of one time, as the fragmenter puts it. Pictures alone may be stored before
  // their turn.
  const byTime = (a: Frame, b: Frame) => a.timecodeMs - b.timecodeMs || a.trackNumber - b.trackNumber;
  const inOrder = tracks.length > 1 ? frames.toSorted(byTime) : frames;
  const fragments: Frame[][] = [];
  for (const frame of inOrder) {
    if (frame.keyFrame && frame.trackNumber === video) fragments.push([]);
    fragments.at(-1)?.push(frame);
  }
  return { tracks, fragments };
}

/** Persists one fragment that arrives now, its timecodes moved by `byMs`. */
export async function ingest(
  { store }: { store: Store },
  streamName: string,
  { tracks, frames, byMs = 0 }: { tracks: Track[]; frames: readonly Frame[]; byMs?: number },
): Promise<StoredFragment> {
  const moved = frames.map(frame => ({ ...frame, timecodeMs: frame.timecodeMs + byMs }));
  const times = moved.map(frame => frame.timecodeMs);
  const producerMs = Math.min(...times);
  const arrival = await store.receive({ stream: streamName, producerMs, header: writeHeader(tracks), tags: [] });
  await arrival.writer.append([uintElement(ids.timecode, producerMs)]);
  for (const frame of moved) await arrival.writer.append([frameHeader(frame, producerMs), frame.data]);
  const lengthMs = Math.max(...times) - producerMs;
  return store.persist(arrival, {
    ...{ streamName, producerMs, lengthMs, tracks, timelineMs: 0 },
    frames: moved.length,
  });
}

/** A new stream with all the footage in it, the first frame `agoMs` ago by the producer's clock; and what selects it. */
export async function record(stage: Stage, name: string, { tracks, fragments }: Footage, agoMs = 60_000) {
  await stage.addStream(name);
  const startMs = stage.clock.nowMs() - agoMs;
  for (const frames of fragments) await ingest(stage, name, { tracks, frames, byMs: startMs });
  const selector = {
    FragmentSelectorType: 'PRODUCER_TIMESTAMP',
    TimestampRange: { StartTimestamp: startMs / 1000, EndTimestamp: startMs / 1000 + 50 },
  } as const;
  return { startMs, selector };
}

/** Beside us, because the server it talks to runs in this process. */
export function run(
  command: string,
  args: string[],
  env?: Record<string, string>,
  user: { uid?: number; gid?: number } = {},
) {
  return new Promise<{ stdout: string; stderr: string }>(resolve => {
    const options = {
      env: { ...process.env, ...env },
      maxBuffer: 64 * 1024 * 1024,
      // Only so that nothing is left behind: the tests' own limits come first.
      timeout: 180_000,
      ...user,
      killSignal: 'SIGKILL',
    } as const;
    execFile(command, args, options, (_, stdout, stderr) => resolve({ stdout, stderr }));
  });
}

/** Plays the URL to its end. Throws when ffprobe warns of anything. */
export async function countFrames(url: string): Promise<Record<string, number>> {
  const entries = ['-count_frames', '-show_entries', 'stream=codec_name,nb_read_frames', '-of', 'json'];
  const { stdout, stderr } = await run('ffprobe', ['-v', 'warning', ...entries, url]);
  if (stderr !== '') throw new Error(`ffprobe: ${stderr}`);
  const { streams }: { streams: { codec_name: string; nb_read_frames: string }[] } = JSON.parse(stdout);
  return Object.fromEntries(streams.map(stream => [stream.codec_name, Number(stream.nb_read_frames)]));
}

/** The MD5 of every picture that ffmpeg decodes, in the order it shows them. Throws when it warns of anything. */
export async function decodedPictures(url: string): Promise<string[]> {
  const args = [
    '-v',
    'warning',
    '-xerror',
    '-i',
    url,
    '-map',
    '0:v',
    '-fps_mode',
    'passthrough',
    '-f',
    'framemd5',
    '-',
  ];
  const { stdout, stderr } = await run('ffmpeg', args);
  if (stderr !== '') throw new Error(`ffmpeg: ${stderr}`);
  return [...stdout.matchAll(/^0,.*, (\w{32})$/gm)].map(match => match[1] ?? '');
}

/** A file as an address. */
export function dataUrl(media: Uint8Array): string {
  return `data:video/x-matroska;base64,${Buffer.from(media).toString('base64')}`;
}

/** A signed call as an SDK makes it, at the time of the stage's clock. */
export async function call(stage: { url: string; clock: Clock }, path: string, input: object) {
  const signer = new SignatureV4({
    ...{ service: 'kinesisvideo', region: 'us-west-2', sha256: Sha256 },
    credentials: { accessKeyId, secretAccessKey },
  });
  const { host, hostname, port } = new URL(stage.url);
  const body = JSON.stringify(input);
  const signed = await signer.sign(
    { method: 'POST', protocol: 'http:', hostname, port: Number(port), path, headers: { host }, body },
    { signingDate: new Date(stage.clock.nowMs()) },
  );
  const response = await fetch(`${stage.url}${path}`, { method: 'POST', headers: signed.headers, body });
  const answer: { HLSStreamingSessionURL?: string; Message?: string } = JSON.parse(await response.text());
  return { status: response.status, type: response.headers.get('x-amzn-errortype'), body: answer };
}

/** The master playlist's address. Throws when the session is refused. */
export async function sessionUrl(stage: { url: string; clock: Clock }, input: object): Promise<string> {
  const { status, body } = await call(stage, '/getHLSStreamingSessionURL', input);
  if (status !== 200 || !body.HLSStreamingSessionURL) throw new Error(JSON.stringify(body));
  return body.HLSStreamingSessionURL;
}

/** The media playlist of the n-th track a master playlist names; the last is the main one. */
export async function mediaPlaylistUrl(masterUrl: string, index = -1): Promise<string> {
  const master = await (await fetch(masterUrl)).text();
  const uris = [...master.matchAll(/URI="([^"]+)"|^(?!#)(\S+)$/gm)].map(match => match[1] ?? match[2] ?? '');
  return new URL(uris.at(index) ?? '', masterUrl).href;
}

/** Serves files by their path, on loopback. */
export async function servePages(pages: Record<string, { type: string; body: string | Uint8Array }>) {
  const server = createServer((request, response) => {
    const page = pages[request.url ?? ''];
    response.writeHead(page ? 200 : 404, { 'content-type': page?.type ?? 'text/plain' }).end(page?.body);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${portOf(server)}`,
    [Symbol.asyncDispose]: async () => void server.close().closeAllConnections(),
  };
}
