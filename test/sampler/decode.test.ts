import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { systemClock } from '../../agent/clock.ts';
import { annexB } from '../../agent/sampler/annex-b.ts';
import { createStillDecoder } from '../../agent/sampler/decode.ts';
import { encode, keyFrameOf } from './footage.ts';

const signal = new AbortController().signal;
/** Longer than any machine that runs this takes. */
const deadlineMs = 50_000;
const decoder = createStillDecoder({ clock: systemClock, deadlineMs });
const small = keyFrameOf(encode('testsrc2=size=320x180'));

/** Independent of our own reading of the JPEG. */
function probe(jpeg: Uint8Array): string {
  const args = ['-v', 'error', '-f', 'mjpeg', '-show_entries', 'stream=codec_name,width,height', '-of', 'csv=p=0', '-'];
  return execFileSync('ffprobe', args, { input: jpeg, encoding: 'utf8' }).trim();
}

test.each([
  { codec: 'libx264', source: 'testsrc2=size=768x432', width: 768, height: 432 },
  { codec: 'libx265', source: 'testsrc2=size=768x432', width: 768, height: 432 },
  { codec: 'libx264', source: 'testsrc2=size=1920x1080', width: 1280, height: 720 },
  { codec: 'libx264', source: 'testsrc2=size=720x1600', width: 576, height: 1280 },
])('a $codec key frame of $source becomes a JPEG of $width×$height', async ({ codec, source, width, height }) => {
  const still = await decoder.decode(keyFrameOf(encode(source, { codec })), signal);
  expect(probe(still.jpeg)).toBe(`mjpeg,${width},${height}`);
  expect(still).toMatchObject({ width, height });
  expect(still.jpeg.length).toBeLessThan(1024 * 1024);
  console.info(`${codec} ${source}: ${Math.round(still.tookMs)} ms, ${still.jpeg.length} bytes`);
});

test('the grey raster shows the picture: a white right half is bright, the black left half is dark', async () => {
  const source = 'color=black:size=640x360,drawbox=x=320:w=320:h=360:color=white:t=fill';
  const { grey } = await decoder.decode(keyFrameOf(encode(source)), signal);
  expect(grey).toHaveLength(64 * 36);
  const halves = { left: 0, right: 0 };
  grey.forEach((value, cell) => {
    halves[cell % 64 < 32 ? 'left' : 'right'] += value / (32 * 36);
  });
  expect(halves.left).toBeLessThan(25);
  expect(halves.right).toBeGreaterThan(225);
});

test('a key frame of noise, of nothing, or of a codec nobody knows is a typed error', async () => {
  const noise = Buffer.alloc(4_000, 0x5a);
  noise.writeUInt32BE(noise.length - 4);
  for (const keyFrame of [
    { ...small, data: noise },
    { ...small, data: new Uint8Array(0) },
    { ...small, track: { ...small.track, codecId: 'V_VP9' } },
    { ...small, track: { ...small.track, codecPrivate: new Uint8Array(0) } },
  ]) {
    await expect(decoder.decode(keyFrame, signal)).rejects.toMatchObject({ code: 'still-undecodable' });
  }
});

test('codec private data or a frame cut at any byte ends in a typed error, never in another', () => {
  const { track, data } = small;
  const cut = (bytes: Uint8Array, length: number) => bytes.subarray(0, length);
  for (let length = 0; length < track.codecPrivate.length; length++) {
    const shortened = { ...track, codecPrivate: cut(track.codecPrivate, length) };
    expect(outcome(() => annexB({ track: shortened, data }))).toMatch(/fine|still-undecodable/);
  }
  for (let length = 0; length < 200; length++) {
    expect(outcome(() => annexB({ track, data: cut(data, length) }))).toMatch(/fine|still-undecodable/);
  }
});

function outcome(run: () => unknown): unknown {
  try {
    run();
    return 'fine';
  } catch (error) {
    return error instanceof Error && 'code' in error ? error.code : String(error);
  }
}

/** An executable that stands in for ffmpeg and leaves a mark while it runs. */
function pretendFfmpeg(script: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'decoder-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, 'ffmpeg');
  writeFileSync(path, `#!/bin/sh\ncd "${folder}"\n${script}\n`);
  chmodSync(path, 0o755);
  return path;
}

test('an ffmpeg that hangs is killed at the deadline, and the next frame has its turn', async () => {
  const ffmpegPath = pretendFfmpeg('exec sleep 60');
  const hanging = createStillDecoder({ clock: systemClock, ffmpegPath, concurrency: 1, deadlineMs: 200 });
  const startedMs = performance.now();
  const both = await Promise.allSettled([hanging.decode(small, signal), hanging.decode(small, signal)]);
  expect(both).toMatchObject([
    { reason: { code: 'still-undecodable', message: expect.stringContaining('longer than 0.2 s') } },
    { reason: { code: 'still-undecodable' } },
  ]);
  // One after the other, by timers that may be some milliseconds early; and no minute, as the program would take.
  expect(performance.now() - startedMs).toBeGreaterThan(350);
  expect(performance.now() - startedMs).toBeLessThan(40_000);
});

test('an ffmpeg that talks without end is not listened to without end', async () => {
  const ffmpegPath = pretendFfmpeg('head -c 50000000 /dev/zero >&2; exit 1');
  const talking = createStillDecoder({ clock: systemClock, ffmpegPath, deadlineMs });
  const error = await talking.decode(small, signal).catch((error: unknown) => error);
  expect(String(error).length).toBeLessThan(10_000);
  expect(error).toMatchObject({ code: 'still-undecodable' });
});

test('no more decoders run at the same time than allowed', async () => {
  const ffmpegPath = pretendFfmpeg('mkdir running || touch crowded; sleep 0.1; rmdir running');
  const single = createStillDecoder({ clock: systemClock, ffmpegPath, concurrency: 1, deadlineMs });
  await Promise.allSettled([1, 2, 3].map(() => single.decode(small, signal)));
  expect(execFileSync('ls', [join(ffmpegPath, '..')], { encoding: 'utf8' })).not.toContain('crowded');
});

test('stopping ends a run and the wait for one, with the reason of the stop', async () => {
  const ffmpegPath = pretendFfmpeg('exec sleep 60');
  const single = createStillDecoder({ clock: systemClock, ffmpegPath, concurrency: 1, deadlineMs });
  const stop = new AbortController();
  const runs = [single.decode(small, stop.signal), single.decode(small, stop.signal)];
  setTimeout(() => stop.abort(new Error('the agent stops')), 50);
  expect(await Promise.allSettled(runs)).toMatchObject([
    { reason: { message: 'the agent stops' } },
    { reason: { message: 'the agent stops' } },
  ]);
});

test('a machine without ffmpeg is told what to install', async () => {
  const none = createStillDecoder({ clock: systemClock, ffmpegPath: '/nowhere/ffmpeg' });
  await expect(none.decode(small, signal)).rejects.toMatchObject({
    code: 'ffmpeg-missing',
    message: expect.stringContaining('apt install ffmpeg'),
  });
});
