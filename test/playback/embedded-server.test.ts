// Playback against the embedded server with real video: what the SDK opens, the console relays and ffprobe decodes.
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { CloudSessions } from '../../agent/playback/cloud-session.ts';
import { HlsRelay } from '../../agent/playback/hls-relay.ts';
import { accessKeyId, footageOf, ingest, type Stage, secretAccessKey, startStage } from '../local-cloud/hls-stage.ts';
import { SimulatedClock } from '../simulated-clock.ts';
import { ask, serveConsole, signIn } from '../web/served-console.ts';

const run = promisify(execFile);
const frames = 100;
const lengthMs = 4_000;
/** Stands still: however long a busy machine takes, the video is the newest there is. The SDK signs with the machine's. */
const clock = new SimulatedClock(Date.now());
const startMs = clock.nowMs() - lengthMs;

let folder: string;
let stage: Stage;
let sessions: CloudSessions;
let site: Awaited<ReturnType<typeof serveConsole>>;
let cookie: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kvs-edge-playback-'));
  const file = join(folder, 'scene.mkv');
  const scene = ['-f', 'lavfi', '-i', `testsrc=size=320x180:rate=25:duration=${lengthMs / 1000}`];
  const codec = ['-c:v', 'libx264', '-preset', 'ultrafast', '-bf', '0', '-g', '25', '-pix_fmt', 'yuv420p'];
  await run('ffmpeg', ['-v', 'error', ...scene, ...codec, file]);
  const footage = footageOf(await readFile(file));
  stage = await startStage(clock);
  await stage.addStream('yard-stream');
  await stage.addStream('empty');
  for (const fragment of footage.fragments)
    await ingest(stage, 'yard-stream', { tracks: footage.tracks, frames: fragment, byMs: startMs });
  sessions = new CloudSessions({
    aws: {
      region: 'us-west-2',
      endpoint: stage.url,
      credentials: async () => ({ accessKeyId, secretAccessKey }),
    },
    service: { dataEndpoint: async () => stage.url, forgetEndpoints: () => undefined },
    clock,
  });
  site = await serveConsole({
    // Resolves to this machine, yet is no name of loopback: stands for an address on the local network.
    listen: '127.1:0',
    playback: sessions,
    relay: new HlsRelay({ endpoint: stage.url, mount: '/api/hls/', clock }),
  });
  cookie = await signIn(site.url, site.password);
});
afterAll(async () => {
  await site[Symbol.asyncDispose]();
  await stage[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

const range = { mode: 'ON_DEMAND', startMs, endMs: startMs + lengthMs };

async function play(body: unknown, host: string): Promise<string> {
  const answer = await ask(site.url, '/api/cameras/yard/playback', { method: 'POST', body, cookie, headers: { host } });
  expect(answer.status).toBe(200);
  const { url } = answer.json() as { url: string };
  return new URL(url, site.url).href;
}

async function decodedFrames(url: string): Promise<number> {
  const count = ['-count_frames', '-select_streams', 'v:0', '-show_entries', 'stream=nb_read_frames', '-of', 'csv=p=0'];
  const { stdout } = await run('ffprobe', ['-v', 'error', '-headers', `Cookie: ${cookie}\r\n`, ...count, url]);
  return Number.parseInt(stdout, 10);
}

test('every frame of the range plays, on this machine and through the relay', async () => {
  const own = await play(range, '127.0.0.1');
  const relayed = await play(range, '192.168.1.5');
  expect(own.startsWith(stage.url)).toBe(true);
  expect(relayed.startsWith(`${site.url}/api/hls/`)).toBe(true);
  expect(await decodedFrames(own)).toBe(frames);
  expect(await decodedFrames(relayed)).toBe(frames);
});

test('the playlist tells the producer time of every fragment, to the millisecond', async () => {
  const master = await play(range, '192.168.1.5');
  const read = async (url: string) => (await fetch(url, { headers: { cookie } })).text();
  const media = (await read(master)).split('\n').find(line => line.startsWith('getHLSMediaPlaylist')) ?? '';
  const dates = [...(await read(new URL(media, master).href)).matchAll(/#EXT-X-PROGRAM-DATE-TIME:(.*)/g)];
  expect(dates.map(([, date]) => Date.parse(date ?? ''))).toEqual([0, 1, 2, 3].map(second => startMs + second * 1000));
});

test('a live session opens while fragments arrive', async () => {
  const { signal } = new AbortController();
  const { url, expiresAtMs } = await sessions.open('yard-stream', { mode: 'LIVE' }, signal);
  expect((await fetch(url)).status).toBe(200);
  expect(expiresAtMs).toBe(clock.nowMs() + 12 * 3_600_000);
});

test('without video there is nothing to play, in words', async () => {
  const { signal } = new AbortController();
  await expect(sessions.open('empty', { mode: 'LIVE' }, signal)).rejects.toMatchObject({
    code: 'footage-missing',
    message: expect.stringContaining('no video of empty in the last 30 seconds'),
  });
  await expect(
    sessions.open('yard-stream', { mode: 'ON_DEMAND', startMs: 1_000, endMs: 2_000 }, signal),
  ).rejects.toMatchObject({ code: 'footage-missing', message: 'AWS has no video of yard-stream at this time.' });
});
