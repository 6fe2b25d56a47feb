// Cameras that are no RTSP cameras, with real servers, files and programs, through a real ffmpeg.
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmod, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { inspect } from 'node:util';
import { test as sequentialTest } from 'vitest';
import { openCameraInput } from '../../agent/camera-input.ts';
import { systemClock } from '../../agent/clock.ts';
import { Facts } from '../../agent/facts.ts';
import { repairSource } from '../../agent/repair/repair-items.ts';
import { VideoEncoders } from '../../agent/repair/video-encoders.ts';
import { Secret } from '../../agent/secret.ts';
import { ffmpegInput } from '../../agent/source/ffmpeg-input.ts';
import { openFfmpegSource } from '../../agent/source/ffmpeg-source.ts';
import type { SourceItem } from '../../agent/source/source.ts';
import { ultrafast } from '../repair/clips.ts';
import { FollowingPlace } from './following-place.ts';
import { startHls, startMjpeg, startUntrusted } from './place-servers.ts';

const test = sequentialTest.concurrent;
const waiting = { timeout: 50_000, interval: 50 };
/** A picture that ffmpeg draws, and that no other run of these tests has on its command lines. */
const drawn = (size: string) => `testsrc2=size=${size}:rate=25,metadata=add:key=run:value=${process.pid}`;
/** Of this run alone: other tests have passwords of their own on their command lines at the same time. */
const mark = randomBytes(6).toString('hex');
const canary = `p@${mark}:w/${mark}#%&+ü "'`;
const traces = [canary, encodeURIComponent(canary), mark, Buffer.from(`admin:${canary}`).toString('base64')];

async function temporaryDirectory() {
  const path = await mkdtemp(join(tmpdir(), 'kvs-edge-place-'));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true }) };
}

function averageStep(times: readonly number[]): number {
  return ((times.at(-1) ?? 0) - (times[0] ?? 0)) / (times.length - 1);
}

async function commandLines(): Promise<string[]> {
  const pids = (await readdir('/proc')).filter(name => /^\d+$/.test(name));
  return Promise.all(pids.map(pid => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')));
}

test('MJPEG over HTTP comes picture by picture, at the times the pictures came', async ({ expect }) => {
  using camera = await startMjpeg();
  await using following = new FollowingPlace({ url: camera.url });
  await expect.poll(() => following.frames.length, waiting).toBeGreaterThan(20);
  expect(following.tracks).toMatchObject([{ type: 'video', codecId: 'V_MJPEG', width: 320, height: 180 }]);
  expect(following.states.map(({ state }) => state)).toEqual(['starting', 'live']);
  // The longer one looks the less it matters that some came late.
  const pace = () => averageStep(following.frames.map(frame => frame.timecodeMs)) / averageStep(camera.sentAtMs);
  await expect.poll(() => Math.abs(pace() - 1), waiting).toBeLessThan(0.2);
});

test.for(['basic', 'digest'] as const)(
  'a password with every kind of character signs in by %s, and shows nowhere',
  async (scheme, { expect }) => {
    using camera = await startMjpeg({ signIn: { scheme, username: 'admin', password: canary } });
    const seen: string[] = [];
    await using following = new FollowingPlace({ url: camera.url, username: 'admin', password: new Secret(canary) });
    const look = async () => {
      seen.push(...(await commandLines()));
      return following.frames.length;
    };
    await expect.poll(look, { timeout: 50_000, interval: 40 }).toBeGreaterThan(5);
    camera.close();
    await expect.poll(() => following.problems.length, waiting).toBeGreaterThan(1);
    expect(following.problems[0]?.code).toBe('camera-ended');
    expect(seen.some(line => line.includes('ffmpeg') && line.includes('pipe:0'))).toBe(true);
    const said = inspect(following.states, { depth: 10 }) + JSON.stringify(following.states);
    for (const trace of traces) {
      expect(seen.filter(line => line.includes(trace))).toEqual([]);
      expect(said).not.toContain(trace);
    }
  },
);

test('a live HLS playlist is followed without a gap, also behind a password', async ({ expect }) => {
  const signIn = { scheme: 'basic', username: 'admin', password: canary } as const;
  await using camera = await startHls(signIn);
  await using following = new FollowingPlace({
    url: camera.url,
    video: 'copy',
    username: 'admin',
    password: new Secret(canary),
  });
  await expect.poll(() => following.frames.length, waiting).toBeGreaterThan(150);
  expect(following.tracks).toMatchObject([{ type: 'video', codecId: 'V_MPEG4/ISO/AVC' }]);
  const times = following.frames.map(frame => frame.timecodeMs);
  expect(times).toEqual(times.map((_, index) => (times[0] ?? 0) + 40 * index));
});

test('a file plays again and again at its own pace, with times that go on', async ({ expect }) => {
  await using directory = await temporaryDirectory();
  const file = join(directory.path, 'gate 1 #ü.mp4');
  execFileSync('ffmpeg', [
    ...[
      '-hide_banner',
      '-loglevel',
      'error',
      '-nostdin',
      '-f',
      'lavfi',
      '-i',
      'testsrc2=size=160x120:rate=25:duration=2',
    ],
    ...['-pix_fmt', 'yuv420p', '-c:v', 'libx264', '-preset', 'ultrafast', '-bf', '0', '-g', '25', file],
  ]);
  const startedAtMs = performance.now();
  await using following = new FollowingPlace({ url: pathToFileURL(file).href, video: 'copy' });
  await expect.poll(() => following.frames.length, waiting).toBeGreaterThan(105);
  expect(performance.now() - startedAtMs).toBeGreaterThan(3_800);
  const times = following.frames.map(frame => frame.timecodeMs);
  expect(times).toEqual(times.map((_, index) => 40 * index));
  expect(following.states.map(({ state }) => state)).toEqual(['starting', 'live']);
});

test('a board camera is read from the program that runs it', async ({ expect }) => {
  await using directory = await temporaryDirectory();
  const program = join(directory.path, 'rpicam-vid');
  const pictures = `-re -f lavfi -i ${drawn('322x180')} -pix_fmt yuv420p -c:v libx264 -preset ultrafast -bf 0 -g 25`;
  await writeFile(
    program,
    `#!/bin/sh\nexec ffmpeg -nostdin -loglevel error ${pictures} -flush_packets 1 -f h264 pipe:1\n`,
  );
  await chmod(program, 0o755);
  const inputOf: typeof ffmpegInput = (camera, options) => {
    const input = ffmpegInput(camera, options);
    return 'programs' in input ? { ...input, programs: ['/no/such/rpicam-vid', program] } : input;
  };
  {
    await using following = new FollowingPlace({ url: 'libcamera:0?size=322x180&fps=25', video: 'copy' }, { inputOf });
    await expect.poll(() => following.frames.length, waiting).toBeGreaterThan(40);
    expect(following.tracks).toMatchObject([{ codecId: 'V_MPEG4/ISO/AVC', width: 322, height: 180 }]);
    const averageMs = () => averageStep(following.frames.map(frame => frame.timecodeMs).slice(10));
    await expect.poll(() => Math.abs(averageMs() - 40), waiting).toBeLessThan(10);
  }
  expect((await commandLines()).filter(line => line.includes(drawn('322x180')))).toEqual([]);
});

test.for([
  { what: 'a USB camera that is not there', url: 'v4l2:/dev/video9', code: 'device-missing' },
  { what: 'a board camera without its program', url: 'libcamera:0', code: 'device-missing' },
  { what: 'a file that is not there', url: 'file:///no/such/file.mp4', code: 'camera-not-found' },
  { what: 'a file that is no video', url: pathToFileURL(import.meta.filename).href, code: 'camera-no-video' },
  { what: 'a port where nobody listens', url: 'http://127.0.0.1:9/video', code: 'camera-unreachable' },
  { what: 'a name nobody knows', url: 'http://no-such-camera.invalid/video', code: 'camera-host-unknown' },
  { what: 'a device address that is none', url: 'v4l2:video0', code: 'camera-not-found' },
])('$what is told as $code', async ({ url, code }, { expect }) => {
  await using following = new FollowingPlace({ url });
  await expect.poll(() => following.problems.length, waiting).toBeGreaterThan(0);
  expect(following.problems[0]?.code).toBe(code);
  expect(following.frames).toEqual([]);
});

test('a wrong path, a wrong password, a web page and a certificate nobody vouches for are told apart', async ({
  expect,
}) => {
  using closed = await startMjpeg({ signIn: { scheme: 'digest', username: 'admin', password: 'letmein' } });
  using open = await startMjpeg();
  using untrusted = await startUntrusted();
  await using denied = new FollowingPlace({ url: closed.url, username: 'admin', password: new Secret(canary) });
  await using wrong = new FollowingPlace({ url: `${open.origin}/other` });
  await using page = new FollowingPlace({ url: `${open.origin}/` });
  await using encrypted = new FollowingPlace({ url: untrusted.url });
  const codes = () => [denied, wrong, page, encrypted].map(({ problems }) => problems[0]?.code);
  const expected = ['camera-denied', 'camera-not-found', 'camera-answer-invalid', 'camera-certificate'];
  await expect.poll(codes, waiting).toEqual(expected);
  expect(denied.states[1]?.state).toBe('refused');
});

test('MJPEG is refused while nobody makes H.264 of it, with what to set', async ({ expect }) => {
  using camera = await startMjpeg();
  await using following = new FollowingPlace({ url: camera.url, video: 'copy' });
  await expect.poll(() => following.problems.length, waiting).toBeGreaterThan(0);
  const [, refused] = following.states;
  expect(refused).toMatchObject({ state: 'refused', error: { code: 'camera-codec-unsupported' } });
  expect(refused?.error?.message).toContain('Set video: transcode');
  expect(following.items).toEqual([]);
});

test('a USB camera of raw pictures becomes H.264, all the way through the repair', async ({ expect }) => {
  const inputOf: typeof ffmpegInput = (camera, options) => ({
    ...ffmpegInput(camera, options),
    input: { place: drawn('324x180'), format: 'lavfi' },
    inputOptions: ['-hide_banner', '-loglevel', 'level+warning', '-re'],
  });
  const facts = new Facts(error => {
    throw error;
  });
  const camera = { id: 'door', url: 'v4l2:/dev/video0?size=320x180', video: 'transcode', audio: 'off' } as const;
  const shared = { clock: systemClock, facts };
  const source = openFfmpegSource({ camera, ...shared, random: () => 0, inputOf });
  const plan = { video: 'transcode', audio: 'aac' } as const;
  const repaired = repairSource(source, plan, { cameraId: 'door', ...shared, encoders: ultrafast });
  const items: SourceItem[] = [];
  for await (const item of repaired.items(new AbortController().signal)) {
    items.push(item);
    if (items.length > 60) break;
  }
  expect(items[0]).toMatchObject({ type: 'tracks', tracks: [{ codecId: 'V_MPEG4/ISO/AVC', width: 324, height: 180 }] });
  const times = items.flatMap(item => (item.type === 'frame' ? [item.frame.timecodeMs] : []));
  expect(times).toEqual(times.map((_, index) => 40 * index));
  expect((await commandLines()).filter(line => line.includes(drawn('324x180')))).toEqual([]);
});

test('an MJPEG camera of the settings becomes H.264 with a key frame every two seconds', async ({ expect }) => {
  using mjpeg = await startMjpeg();
  const facts = new Facts(error => {
    throw error;
  });
  const camera = { id: 'door', url: mjpeg.url, video: 'transcode', audio: 'aac' } as const;
  const encoders = new VideoEncoders({ clock: systemClock, boardEncoders: [] });
  const source = openCameraInput({ camera, clock: systemClock, facts, random: () => 0, encoders });
  const items: SourceItem[] = [];
  for await (const item of source.items(new AbortController().signal)) {
    items.push(item);
    if (items.length > 45) break;
  }
  expect(items[0]).toMatchObject({ type: 'tracks', tracks: [{ codecId: 'V_MPEG4/ISO/AVC', width: 320, height: 180 }] });
  const frames = items.flatMap(item => (item.type === 'frame' ? [item.frame] : []));
  // The first picture of each two seconds, however late it came; times are whole milliseconds.
  const due: boolean[] = [];
  let keyMs = Number.NEGATIVE_INFINITY;
  for (const { timecodeMs, keyFrame } of frames) {
    due.push(timecodeMs - keyMs >= 1_999);
    if (keyFrame) keyMs = timecodeMs;
  }
  expect(frames.map(({ keyFrame }) => keyFrame)).toEqual(due);
  expect(due.filter(isDue => isDue).length).toBeGreaterThan(1);
});
