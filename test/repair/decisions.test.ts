// What the repair decides without ffmpeg: which track needs an encoder, how much may wait, and in which order frames leave.
import { expect, test } from 'vitest';
import type { AudioTrack, Frame, VideoTrack } from '../../agent/matroska/track.ts';
import { readAudioSpecificConfig } from '../../agent/mp4/audio-specific-config.ts';
import { aacTrack } from '../../agent/repair/aac.ts';
import { encoderBehind } from '../../agent/repair/encoder-problem.ts';
import { Interleaver } from '../../agent/repair/interleaver.ts';
import { Loss } from '../../agent/repair/loss.ts';
import { tracksToRepair } from '../../agent/repair/repair-plan.ts';
import { WaitingFrames } from '../../agent/repair/waiting-frames.ts';
import { SimulatedClock } from '../simulated-clock.ts';

const codecPrivate = new Uint8Array();
const video: VideoTrack = { type: 'video', number: 1, codecId: 'V_MPEG4/ISO/AVC', codecPrivate, width: 64, height: 64 };
const audio: AudioTrack = {
  type: 'audio',
  number: 2,
  codecId: 'A_MS/ACM',
  codecPrivate,
  sampleRate: 8000,
  channels: 1,
};
const aac = { ...audio, codecId: 'A_AAC' };
const frame = (trackNumber: number, timecodeMs: number, bytes = 1): Frame => {
  return { trackNumber, timecodeMs, keyFrame: true, data: new Uint8Array(bytes) };
};

test.each([
  { tracks: [video, audio], plan: { video: 'copy', audio: 'aac' }, repaired: { audio } },
  { tracks: [video, aac], plan: { video: 'copy', audio: 'aac' }, repaired: {} },
  { tracks: [video, audio], plan: { video: 'copy', audio: 'copy' }, repaired: {} },
  { tracks: [video, aac], plan: { video: 'transcode', audio: 'aac' }, repaired: { video } },
  { tracks: [audio, video], plan: { video: 'transcode', audio: 'aac' }, repaired: { video, audio } },
  { tracks: [video], plan: { video: 'copy', audio: 'aac' }, repaired: {} },
] as const)('of $tracks.length tracks, with $plan, only what needs it is re-encoded', ({ tracks, plan, repaired }) => {
  expect(tracksToRepair(tracks, plan)).toEqual(repaired);
});

test.each([
  { sampleRate: 8000, channels: 1, becomes: 8000 },
  { sampleRate: 48_000, channels: 2, becomes: 48_000 },
  { sampleRate: 10_000, channels: 1, becomes: 11_025 },
  { sampleRate: 192_000, channels: 6, becomes: 48_000 },
])('sound of $sampleRate Hz becomes AAC of $becomes Hz, as its two bytes say', ({ sampleRate, channels, becomes }) => {
  const made = aacTrack({ ...audio, sampleRate, channels });
  expect(made.sampleRate).toBe(becomes);
  const config = { objectType: 2, sampleRate: becomes, channels: Math.min(2, channels) };
  expect(readAudioSpecificConfig(made.codecPrivate)).toEqual(config);
});

test('waiting frames are full by their time or by their bytes, and have room again at half of it', () => {
  const waiting = new WaitingFrames({ maxBytes: 1000, maxSpanMs: 100 });
  for (const timecodeMs of [0, 40, 80]) waiting.push(frame(1, timecodeMs));
  expect([waiting.isFull, waiting.isHalfEmpty]).toEqual([false, false]);
  waiting.push(frame(1, 100));
  expect(waiting.isFull).toBe(true);
  for (let taken = 0; taken < 3; taken++) waiting.shift();
  expect([waiting.isFull, waiting.isHalfEmpty]).toEqual([false, true]);
  waiting.push(frame(1, 120, 1000));
  expect(waiting.isFull).toBe(true);
});

function lanes(owes: () => boolean) {
  const clock = new SimulatedClock();
  const interleaver = new Interleaver(clock, [
    { number: 1, maxHoldMs: 1_000 },
    { number: 2, maxHoldMs: 4_000, owesBefore: owes },
  ]);
  const take = (): number[] => {
    const times: number[] = [];
    for (let next = interleaver.take(); next; next = interleaver.take()) times.push(next.timecodeMs);
    return times;
  };
  return { clock, interleaver, take };
}

test('pictures wait for sound that is being encoded, and leave with it in the order of time', () => {
  const { interleaver, take } = lanes(() => true);
  for (const timecodeMs of [0, 40, 80]) interleaver.push(frame(1, timecodeMs));
  expect(take()).toEqual([]);
  interleaver.push(frame(2, 60));
  expect(take()).toEqual([0, 40, 60]);
});

test('pictures wait a second at most, and not at all for sound that pauses', async () => {
  let owes = true;
  const { clock, interleaver, take } = lanes(() => owes);
  interleaver.push(frame(1, 0));
  await clock.advance(999);
  interleaver.push(frame(1, 40));
  expect(take()).toEqual([]);
  await clock.advance(1);
  expect(take()).toEqual([0]);
  owes = false;
  expect(take()).toEqual([40]);
});

test('a loss lasts until a frame comes out that was fed after it, and another cause in between does not tell it twice', () => {
  const told: { lostFromMs: number; lostToMs?: number }[] = [];
  const loss = new Loss(({ lostFromMs, lostToMs }) => {
    told.push(lostToMs === undefined ? { lostFromMs } : { lostFromMs, lostToMs });
  });
  loss.begin(encoderBehind('video', 'x264'), 100);
  loss.answered(40);
  loss.resume(80, 180);
  loss.answered(60);
  loss.begin(encoderBehind('video', 'x264'), 200);
  loss.answered(90);
  expect(told).toEqual([{ lostFromMs: 100 }]);
  loss.resume(160, 260);
  loss.answered(160);
  loss.answered(200);
  expect(told).toEqual([{ lostFromMs: 100 }, { lostFromMs: 100, lostToMs: 260 }]);
});
