// Matroska keeps presentation times in whole milliseconds; MP4 wants decode times, durations and offsets in ticks.
// Pure: frames in, timing out, the same for a fragment whenever it is asked for.

import type { PlayableTrack } from './playable.ts';

export type SampleTiming = {
  /** Decode time of the first sample, in ticks of the times given. Before 0 when pictures shown at 0 wait for their turn. */
  baseTicks: number;
  /** Per sample. Always > 0. */
  durations: number[];
  /** Presentation minus decode time per sample, never negative; all 0 without B-frames. */
  offsets: number[];
};

const samplesPerAccessUnit = 1024;
/** Rounding to milliseconds and camera jitter stay below this; beyond it sound is missing. */
const audioJumpMs = 100;
const defaultFrameMs = 40;

export type SampleTimes = {
  /** Presentation times in decode order, at least one. */
  timesMs: readonly number[];
  /** Bytes. */
  sizes: readonly number[];
  /** Where the last picture ends when that is known. */
  endMs?: number | undefined;
};

/** Of any track that MP4 can carry. */
export function sampleTiming({ track, timescale, sampleEntry }: PlayableTrack, samples: SampleTimes): SampleTiming {
  const { timesMs, sizes, endMs } = samples;
  if (track.type === 'video') return videoTiming(timesMs, timescale, endMs);
  // G.711 is one byte a sample and channel.
  const counted = sampleEntry === 'mp4a' ? undefined : sizes.map(size => Math.floor(size / track.channels));
  return audioTiming(timesMs, timescale, counted);
}

/**
 * @param timesMs presentation times in decode order, at least one
 * @param endMs where the last frame ends when that is known: the start of the fragment that follows
 */
function videoTiming(timesMs: readonly number[], timescale: number, endMs?: number): SampleTiming {
  const ticks = timesMs.map(ms => Math.round((ms * timescale) / 1000));
  const sorted = ticks.toSorted((a, b) => a - b);
  // With B-frames pictures are stored before their turn: decoding must begin earlier by the longest wait.
  const shift = sorted.reduce((most, tick, index) => Math.max(most, tick - (ticks[index] ?? tick)), 0);
  const start = sorted[0] ?? 0;
  const end = endTicks(sorted, timescale, endMs);
  const durations = sorted.map((tick, index) => Math.max(1, (sorted[index + 1] ?? end) - tick));
  const offsets = new Array<number>(ticks.length);
  const baseTicks = start - shift;
  let decodeTicks = baseTicks;
  for (let index = 0; index < ticks.length; index++) {
    offsets[index] = Math.max(0, (ticks[index] ?? 0) - decodeTicks);
    decodeTicks += durations[index] ?? 0;
  }
  return { baseTicks, durations, offsets };
}

/** The next fragment's start when it lies ahead, otherwise as long as the frame before. */
function endTicks(sorted: readonly number[], timescale: number, endMs: number | undefined): number {
  const last = sorted.at(-1) ?? 0;
  const next = endMs === undefined ? 0 : Math.round((endMs * timescale) / 1000);
  if (next > last) return next;
  const before = sorted.at(-2);
  return last + (before === undefined ? (defaultFrameMs * timescale) / 1000 : Math.max(1, last - before));
}

/**
 * Sound has no gaps of a rounded millisecond: a frame begins where the samples of the one before end. Where the camera's
 * own times run ahead by more than 100 ms, sound is missing, and the frame before lasts until it goes on.
 * @param samples in each frame; left out: AAC's 1024 in every one
 */
function audioTiming(timesMs: readonly number[], sampleRate: number, samples?: readonly number[]): SampleTiming {
  const ticks = timesMs.map(ms => Math.round((ms * sampleRate) / 1000));
  const jumpTicks = (audioJumpMs * sampleRate) / 1000;
  const baseTicks = ticks[0] ?? 0;
  const durations: number[] = [];
  let position = baseTicks;
  for (let index = 0; index < ticks.length; index++) {
    const expected = position + Math.max(1, samples?.[index] ?? samplesPerAccessUnit);
    const next = ticks[index + 1] ?? expected;
    const follows = next - expected > jumpTicks ? next : expected;
    durations.push(follows - position);
    position = follows;
  }
  return { baseTicks, durations, offsets: new Array<number>(ticks.length).fill(0) };
}
