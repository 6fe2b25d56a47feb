// The pretend camera is what other tests measure the agent with, so its own promises are tested with ffmpeg alone.
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer, text } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { test as sequentialTest } from 'vitest';
import { readMatroska } from '../../agent/matroska/read.ts';
import type { Frame } from '../../agent/matroska/track.ts';
import { readPictureStamp } from './picture-stamp.ts';
import { shortClip, startCamera } from './running-camera.ts';

const program = new URL('../../scripts/pretend-camera', import.meta.url).pathname;
const run = promisify(execFile);
// Nearly all of their time is waiting for pictures.
const test = sequentialTest.concurrent;

function recordArgs(url: string, seconds: number, transport: string): string[] {
  const input = ['-v', 'error', '-nostdin', '-rtsp_transport', transport, '-i', url];
  return [...input, '-t', String(seconds), '-c', 'copy', '-f', 'matroska', 'pipe:1'];
}

async function record(url: string, seconds: number, transport = 'tcp'): Promise<Buffer> {
  const options = { encoding: 'buffer', maxBuffer: 1 << 28 } as const;
  const { stdout } = await run('ffmpeg', recordArgs(url, seconds, transport), options);
  return stdout;
}

async function pictures(matroska: Buffer): Promise<Frame[]> {
  const frames: Frame[] = [];
  async function* chunks() {
    yield matroska;
  }
  for await (const event of readMatroska(chunks())) {
    if (event.type === 'frame' && event.frame.trackNumber === 1) frames.push(event.frame);
  }
  return frames;
}

/** Removed at the end of the scope: `await using`. */
async function temporaryFolder() {
  const path = await mkdtemp(join(tmpdir(), 'pretend-camera-'));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

test('every picture carries its number, without a jump when the clip begins again', async ({ expect }) => {
  await using folder = await temporaryFolder();
  const log = join(folder.path, 'sent.jsonl');
  await using camera = await startCamera(['--video', await shortClip(), '--sent-log', log]);
  const frames = await pictures(await record(camera.url, 5));
  const ordinals = frames.map(frame => readPictureStamp(frame.data)?.ordinal);
  expect(frames.length).toBeGreaterThan(45);
  expect(ordinals).toEqual(frames.map((_, index) => (ordinals[0] ?? Number.NaN) + index));
  expect(frames[0]?.keyFrame).toBe(true);
  const gapsMs = frames.slice(2).map((frame, index) => frame.timecodeMs - (frames[index + 1]?.timecodeMs ?? 0));
  expect(Math.max(...gapsMs)).toBeLessThanOrEqual(120);
  // Its log is whole when it has ended.
  await camera.stop();
  const sent = (await readFile(log, 'utf8'))
    .trim()
    .split('\n')
    .map(line => JSON.parse(line));
  const first = sent.find(line => line.ordinal === ordinals[0]);
  expect(readPictureStamp(frames[0]?.data ?? Buffer.alloc(0))?.capturedAtMs).toBe(first.capturedAtMs);
});

test('two clients see the same pictures at the same time', async ({ expect }) => {
  await using camera = await startCamera(['--video', await shortClip()]);
  // The first one watches for as long as the other one does, however late that begins.
  const long = spawn('ffmpeg', recordArgs(camera.url, 60, 'tcp'), { stdio: ['ignore', 'pipe', 'inherit'] });
  const recorded = buffer(long.stdout);
  await once(long.stdout, 'readable');
  const other = await record(camera.url, 3, 'udp');
  long.kill();
  const recordings = [await recorded, other];
  const seen = await Promise.all(
    recordings.map(async recording => {
      const stamps = (await pictures(recording)).map(frame => readPictureStamp(frame.data));
      return new Map(stamps.flatMap(stamp => (stamp ? [[stamp.ordinal, stamp.capturedAtMs] as const] : [])));
    }),
  );
  const [one, two] = seen;
  const common = [...(one ?? [])].filter(([ordinal]) => two?.has(ordinal));
  expect(common.length).toBeGreaterThan(5);
  for (const [ordinal, capturedAtMs] of common) expect(two?.get(ordinal)).toBe(capturedAtMs);
});

test('a key frame with parameter sets comes at the interval that was asked for, and sound with it', async ({
  expect,
}) => {
  await using camera = await startCamera(['--video', await shortClip(), '--gop', '1']);
  const recording = await record(camera.url, 3);
  await using folder = await temporaryFolder();
  const path = join(folder.path, 'recording.mkv');
  await writeFile(path, recording);
  const { stdout } = await run('ffprobe', [
    '-v',
    'error',
    '-of',
    'csv=p=0',
    '-show_entries',
    'stream=codec_name,has_b_frames',
    path,
  ]);
  expect(
    stdout
      .trim()
      .split('\n')
      .map(line => line.replace(/,$/, '')),
  ).toEqual(['h264,0', 'aac']);
  const keys = (await pictures(recording)).flatMap((frame, index) => (frame.keyFrame ? [index] : []));
  expect(keys.slice(0, 3)).toEqual([0, 10, 20]);
});

test('a client without the password, or with basic authentication, is turned away', async ({ expect }) => {
  await using camera = await startCamera(['--video', await shortClip(), '--user', 'admin'], 'letmein');
  const address = camera.url.replace('rtsp://', '');
  await expect(record(`rtsp://${address}`, 1)).rejects.toThrow('401 Unauthorized');
  await expect(record(`rtsp://admin:wrong@${address}`, 1)).rejects.toThrow('401 Unauthorized');
  expect((await record(`rtsp://admin:letmein@${address}`, 1)).length).toBeGreaterThan(1000);
  const socket = connect(camera.port, '127.0.0.1');
  const basic = Buffer.from('admin:letmein').toString('base64');
  socket.write(`DESCRIBE ${camera.url} RTSP/1.0\r\nCSeq: 1\r\nAuthorization: Basic ${basic}\r\n\r\n`);
  const answer = String(await once(socket, 'data'));
  socket.destroy();
  expect(answer).toMatch(/^RTSP\/1\.0 401 Unauthorized/);
  expect(answer).toMatch(/WWW-Authenticate: Digest/);
  expect(answer).not.toMatch(/WWW-Authenticate: Basic/);
});

test('it says in one sentence what is wrong and gives exit code 1', async ({ expect }) => {
  await using server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  const clip = await shortClip();
  await expect(startCamera(['--video', clip, '--port', String(port)])).rejects.toThrow(/ended with 1: Port \d+ of/);
  await expect(startCamera(['--video', '/no/such.mp4'])).rejects.toThrow(
    'ended with 1: There is no video file /no/such.mp4.',
  );
  await expect(startCamera(['--video', new URL(import.meta.url).pathname])).rejects.toThrow(
    'ended with 1: ffmpeg cannot use',
  );
  await expect(startCamera(['--video', clip, '--user', 'admin'])).rejects.toThrow('PRETEND_CAMERA_PASSWORD');
});

test('SIGTERM and SIGINT end it cleanly, also while a client watches', async ({ expect }) => {
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    const camera = await startCamera(['--video', await shortClip()]);
    const watching = record(camera.url, 20).catch(() => undefined);
    await expect.poll(() => camera.events.length, { timeout: 50_000 }).toBeGreaterThan(1);
    expect(await camera.stop(signal)).toBe(0);
    await watching;
  }
});

test('it ends with the process that started it', async ({ expect }) => {
  const command = JSON.stringify([program, '--video', await shortClip(), '--port', '0']);
  const script = `
    const [program, ...options] = ${command};
    const camera = require('node:child_process').spawn(program, options, { stdio: ['ignore', 'pipe', 'inherit'] });
    camera.stdout.once('data', () => { console.log(camera.pid); process.kill(process.pid, 'SIGKILL'); });`;
  const parent = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  const pid = Number(await text(parent.stdout));
  expect(pid).toBeGreaterThan(1);
  await expect.poll(() => alive(pid), { timeout: 50_000 }).toBe(false);
});

function alive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
