// Encoders under stress: input faster than time, pauses, changes in mid-stream, deaths, machines that are too slow, stops.
import { readdir, readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { systemClock } from '../../agent/clock.ts';
import { Facts } from '../../agent/facts.ts';
import type { Frame } from '../../agent/matroska/track.ts';
import { repairSource } from '../../agent/repair/repair-items.ts';
import { VideoEncoders } from '../../agent/repair/video-encoders.ts';
import type { SourceItem } from '../../agent/source/source.ts';
import {
  clip,
  framesOf,
  itemsOf,
  motionJpeg,
  picture,
  Repairing,
  repaired,
  type Stream,
  times,
  tone,
  ultrafast,
  withBFrames,
  withoutBFrames,
} from './clips.ts';

const waiting = { timeout: 50_000, interval: 20 };
const toAac = { video: 'copy', audio: 'aac' } as const;
const toH264 = { video: 'transcode', audio: 'aac' } as const;
const alaw = ['-c:a', 'pcm_alaw'];

/** ffmpeg processes that this process started and that are not gone. */
async function ffmpegs(): Promise<number[]> {
  const pids = (await readdir('/proc')).filter(name => /^\d+$/.test(name));
  const stats = await Promise.all(pids.map(pid => readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '')));
  return stats.flatMap(stat => {
    const [, pid, name, state, parent] = /^(\d+) \((.*)\) (\w) (\d+)/.exec(stat) ?? [];
    return name === 'ffmpeg' && state !== 'Z' && Number(parent) === process.pid ? [Number(pid)] : [];
  });
}

async function descriptors(): Promise<number> {
  return (await readdir('/proc/self/fd')).length;
}

async function theFfmpeg(): Promise<number> {
  const [pid] = await ffmpegs();
  if (pid === undefined) throw new Error('There is no ffmpeg');
  return pid;
}

type LiveOptions = {
  pace?: number;
  /** At this time of the stream nothing more comes until what it has to wait for has happened. */
  stop?: { atMs: number; until: () => boolean };
  onFed?: (frame: Frame) => void;
};

/** The stream at the pace it was recorded, or a multiple of it. */
async function* live(stream: Stream, { pace = 1, stop, onFed }: LiveOptions = {}): AsyncGenerator<SourceItem> {
  yield { type: 'tracks', tracks: stream.tracks };
  const startedAtMs = performance.now();
  for (const frame of stream.frames) {
    const dueMs = startedAtMs + frame.timecodeMs / pace;
    if (dueMs > performance.now()) await delay(dueMs - performance.now());
    while (stop && frame.timecodeMs >= stop.atMs && !stop.until()) await delay(10);
    onFed?.(frame);
    yield { type: 'frame', frame };
  }
}

const without = (stream: Stream, left: (frame: Frame) => boolean): Stream => ({
  tracks: stream.tracks,
  frames: stream.frames.filter(frame => !left(frame)),
});

test('ten minutes of sound beside pictures stay in step to the end, however fast they come', async () => {
  const stream = await clip(...picture(600, '64x64', 5), ...tone(600), ...withoutBFrames, ...alaw);
  const { only, problems } = await repaired(stream, toAac);
  expect(problems).toEqual([]);
  expect(framesOf(only, 'video').length).toBe(3000);
  const sound = times(framesOf(only, 'audio'));
  expect(Math.abs((sound.at(-1) ?? 0) + 128 - 600_000)).toBeLessThan(256);
  const wrong = sound.filter((timecodeMs, index) => Math.abs(timecodeMs - 128 * index) > 1);
  expect(wrong).toEqual([]);
  // Some seconds of a processor, when there is one.
}, 300_000);

test('a gap in the sound stays a gap of the same length, and the pictures go on meanwhile', async () => {
  const whole = await clip(...picture(9, '64x64'), ...tone(9), ...withoutBFrames, ...alaw);
  const [audio] = whole.tracks.filter(track => track.type === 'audio');
  const inGap = ({ timecodeMs }: Frame) => timecodeMs >= 3000 && timecodeMs < 6000;
  const stream = without(whole, frame => frame.trackNumber === audio?.number && inGap(frame));
  let latestPictureMs = 0;
  // The sound goes on only when the pictures of its gap have come out without it.
  const stop = { atMs: 5_800, until: () => latestPictureMs > 5_600 };
  const noted = new Repairing(live(stream, { pace: 3, stop }), toAac, {
    onFrame({ trackNumber, timecodeMs }) {
      if (trackNumber !== audio?.number) latestPictureMs = timecodeMs;
    },
  });
  await noted.done;
  const sound = times(framesOf(noted.only, 'audio'));
  const before = sound.filter(timecodeMs => timecodeMs < 4500).at(-1) ?? 0;
  const after = sound.find(timecodeMs => timecodeMs > 4500) ?? 0;
  expect(before).toBeGreaterThan(2700);
  expect(before).toBeLessThan(3050);
  expect(after).toBeGreaterThan(5900);
  expect(after).toBeLessThan(6300);
  expect(framesOf(noted.only, 'video')).toEqual(framesOf(stream, 'video'));
});

test('a codec that changes begins a session of its own, and nothing of the one before is lost', async () => {
  const first = await clip(...picture(2), ...tone(2), ...withBFrames, ...alaw);
  const second = await clip(...picture(2, '160x120'), ...tone(2, 16_000), ...motionJpeg, '-c:a', 'pcm_s16le');
  async function* both() {
    yield* itemsOf(first);
    yield* itemsOf(second);
  }
  const repairing = new Repairing(both(), toH264);
  await repairing.done;
  const [one, two] = repairing.sessions;
  expect(repairing.sessions.length).toBe(2);
  expect(one && framesOf(one, 'video').length).toBe(50);
  expect(two && framesOf(two, 'video').length).toBe(50);
  expect(two?.tracks).toMatchObject([{ width: 160 }, { sampleRate: 16_000 }]);
});

test('a picture that changes its size in mid-stream is encoded at its new size, with nothing lost', async () => {
  const [small, large] = await Promise.all(
    ['320x180', '640x360'].map(size => clip(...picture(2, size), ...withoutBFrames, '-bsf:v', 'dump_extra')),
  );
  if (!small || !large) throw new Error('There are no clips');
  const later = large.frames.map(frame => ({ ...frame, timecodeMs: frame.timecodeMs + 2000 }));
  const { sessions, problems } = await repaired({ tracks: small.tracks, frames: [...small.frames, ...later] }, toH264);
  expect(problems).toEqual([]);
  expect(sessions.map(({ tracks }) => tracks)).toMatchObject([[{ width: 320 }], [{ width: 640 }]]);
  expect(sessions.map(({ frames }) => frames.length)).toEqual([50, 50]);
});

test('a timeline that jumps back is followed', async () => {
  const stream = await clip(...picture(3), ...motionJpeg);
  const again = stream.frames.map(frame => ({ ...frame, timecodeMs: frame.timecodeMs }));
  const { only, problems } = await repaired({ tracks: stream.tracks, frames: [...stream.frames, ...again] }, toH264);
  expect(problems).toEqual([]);
  expect(times(only.frames)).toEqual([...times(stream.frames), ...times(stream.frames)]);
});

test('an encoder of sound that is killed is replaced, and no picture is late or lost for it', async () => {
  const stream = await clip(...picture(5, '64x64'), ...tone(5), ...withoutBFrames, ...alaw);
  let latestPictureMs = 0;
  // Nothing more comes before the pictures are out that the lost sound was beside.
  const stop = { atMs: 4_000, until: () => latestPictureMs > 3_800 };
  await using repairing = new Repairing(live(stream, { stop }), toAac, {
    onFrame({ trackNumber, timecodeMs }) {
      if (trackNumber === 1) latestPictureMs = timecodeMs;
    },
  });
  await expect.poll(() => repairing.sessions[0]?.frames.length ?? 0, waiting).toBeGreaterThan(60);
  process.kill(await theFfmpeg(), 'SIGKILL');
  await repairing.done;
  expect(repairing.problems).toMatchObject([{ error: { code: 'encoder-failed' } }]);
  expect(repairing.problems[0]?.lostFromMs).toBeUndefined();
  expect(repairing.problems[0]?.error.message).toContain('ended from outside (SIGKILL)');
  expect(framesOf(repairing.only, 'video')).toEqual(framesOf(stream, 'video'));
  expect(times(framesOf(repairing.only, 'audio')).at(-1)).toBeGreaterThan(4_500);
});

test('an encoder of pictures that is killed is replaced, and the loss is told from its first to its last picture', async () => {
  const stream = await clip(...picture(6), ...withoutBFrames);
  const fedAtMs = new Map<number, number>();
  const onFed = ({ timecodeMs }: Frame) => void fedAtMs.set(timecodeMs, Date.now());
  await using repairing = new Repairing(live(stream, { onFed }), toH264);
  await expect.poll(() => repairing.sessions[0]?.frames.length ?? 0, waiting).toBeGreaterThan(40);
  process.kill(await theFfmpeg(), 'SIGKILL');
  await repairing.done;
  const [began, ended] = repairing.problems;
  expect(repairing.problems.length).toBe(2);
  expect(began).toMatchObject({ error: { code: 'encoder-failed' } });
  expect(ended?.lostFromMs).toBe(began?.lostFromMs);
  const { frames } = repairing.only;
  const out = new Set(times(frames));
  const lost = times(stream.frames).filter(timecodeMs => !out.has(timecodeMs));
  const next = times(frames).find(timecodeMs => timecodeMs > (lost.at(-1) ?? 0)) ?? Number.NaN;
  expect(lost.length).toBeGreaterThan(0);
  // By the arrival of the pictures themselves.
  expect(Math.abs((began?.lostFromMs ?? 0) - (fedAtMs.get(lost[0] ?? 0) ?? Number.NaN))).toBeLessThan(500);
  expect(Math.abs((ended?.lostToMs ?? 0) - (fedAtMs.get(next) ?? Number.NaN))).toBeLessThan(500);
  expect(frames.at(-1)?.timecodeMs).toBe(5960);
  expect(new Set(times(frames)).size).toBe(frames.length);
});

test('an encoder that hangs is ended and replaced', async () => {
  const stream = await clip(...picture(27, '64x64'), ...withoutBFrames);
  await using repairing = new Repairing(live(stream), toH264, { stuckMs: 3_000 });
  const latestMs = () => repairing.sessions[0]?.frames.at(-1)?.timecodeMs ?? 0;
  await expect.poll(latestMs, waiting).toBeGreaterThan(400);
  const pid = await theFfmpeg();
  process.kill(pid, 'SIGSTOP');
  const stoppedAtMs = latestMs();
  await expect.poll(latestMs, waiting).toBeGreaterThan(stoppedAtMs + 3_000);
  expect(repairing.problems[0]?.error.message).toContain('gave nothing any more');
  expect(await ffmpegs()).not.toContain(pid);
  await repairing.stop();
  expect(await ffmpegs()).toEqual([]);
});

test('a machine that is too slow loses pictures and says from when to when', async () => {
  // 1080p MJPEG at 400 pictures a second: more than any machine that runs this encodes.
  const one = await clip(...picture(1, '1920x1080'), ...motionJpeg);
  const frames = Array.from({ length: 1600 }, (_, index): Frame => {
    const { data = new Uint8Array() } = one.frames[index % one.frames.length] ?? {};
    return { trackNumber: 1, timecodeMs: 2.5 * index, keyFrame: true, data };
  }).map(frame => ({ ...frame, timecodeMs: Math.round(frame.timecodeMs) }));
  await using repairing = new Repairing(live({ tracks: one.tracks, frames }), toH264);
  await expect.poll(() => repairing.problems.length, waiting).toBeGreaterThan(0);
  await repairing.stop();
  const [began] = repairing.problems;
  expect(began).toMatchObject({ error: { code: 'encoder-failed', kind: 'exhausted' } });
  expect(began?.error.message).toContain('too slow');
  expect(repairing.problems.at(-1)?.lostToMs).toBeGreaterThan(began?.lostFromMs ?? 0);
});

test('stopping leaves no process and no descriptor, at whatever moment it comes and whoever stops', async () => {
  const stream = await clip(...picture(8, '64x64'), ...tone(8), ...withoutBFrames, ...alaw);
  const facts = new Facts(() => {});
  const options = { cameraId: 'door', clock: systemClock, facts, encoders: ultrafast };
  let sourcesLeft = 0;
  const endless = {
    async *items(signal: AbortSignal): AsyncGenerator<SourceItem> {
      sourcesLeft++;
      try {
        yield* live(stream);
        // As a camera that is offline: nothing comes, for as long as nobody stops it.
        await systemClock.sleep(600_000, signal).catch(() => undefined);
      } finally {
        sourcesLeft--;
      }
    },
  };
  const before = await descriptors();
  for (const ms of [0, 20, 100, 300, 800, 1_500]) {
    const abort = new AbortController();
    const source = repairSource(endless, toH264, options);
    const following = (async () => {
      for await (const _item of source.items(abort.signal));
    })();
    await delay(ms);
    abort.abort();
    await following;
    expect(await ffmpegs(), `stopped after ${ms} ms`).toEqual([]);
  }
  for (const frames of [1, 30]) {
    let seen = 0;
    for await (const item of repairSource(endless, toH264, options).items(new AbortController().signal)) {
      if (item.type === 'frame' && ++seen === frames) break;
    }
  }
  expect(await ffmpegs()).toEqual([]);
  expect(sourcesLeft).toBe(0);
  await expect.poll(descriptors, waiting).toBeLessThanOrEqual(before);
});

test('a board whose encoder does not work is served by x264', async () => {
  const unhurried = { patienceMs: 60_000, maxPercentOfCore: 1_000 };
  const boardEncoders = [{ name: 'h264_v4l2m2m' }] as const;
  const encoders = new VideoEncoders({ clock: systemClock, boardEncoders, ...unhurried });
  const { signal } = new AbortController();
  expect(await encoders.choose({ width: 320, height: 180 }, signal)).toEqual({ name: 'libx264', preset: 'veryfast' });
});
