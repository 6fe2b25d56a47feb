// How good a stream's timestamps are: whether they stand still, jump, go back, run at another pace than time, and how
// unevenly the pictures arrive. Pictures in decode order in, facts out. Pure.
import type { TimestampFacts } from '../../shared/camera-check.ts';

export type TimedPicture = {
  /** By the camera's timestamps, from an arbitrary start. */
  ptsMs: number;
  arrivalMs: number;
};

const jumpMs = 1_000;
/** Further back it is another timeline, not another order. */
const farBackMs = 2_000;
/** Cameras often begin with what they have in store, sent at once. */
const settleShare = 0.25;
const minPaceMs = 2_000;
const irregularShare = 0.5;

export function timestampFacts(pictures: readonly TimedPicture[], hasBFrames: boolean): TimestampFacts {
  const steps = pictures.slice(1).map((picture, index) => {
    const before = pictures[index] ?? picture;
    return { ptsMs: picture.ptsMs - before.ptsMs, arrivalMs: picture.arrivalMs - before.arrivalMs };
  });
  // Of pictures out of their order, when each was to be decoded: as far apart as they are shown.
  const shown = pictures.map(({ ptsMs }) => ptsMs).sort(ascending);
  const decoded = hasBFrames
    ? pictures.map(({ arrivalMs }, index) => ({ ptsMs: shown[index] ?? 0, arrivalMs }))
    : pictures;
  const pace = paceOf(decoded);
  return {
    standing: longestStand(steps),
    jumps: steps.filter(step => step.ptsMs - Math.max(0, step.arrivalMs) > jumpMs).length,
    backwards: steps.filter(({ ptsMs }) => ptsMs < (hasBFrames ? -farBackMs : 0)).length,
    ...(pace === undefined ? {} : { pace }),
    jitterMs: spreadOfLag(decoded, pace ?? 1),
    irregularPercent: irregularity(shown),
  };
}

function longestStand(steps: readonly { ptsMs: number }[]): number {
  let longest = 0;
  let run = 0;
  for (const { ptsMs } of steps) {
    run = ptsMs === 0 ? run + 1 : 0;
    longest = Math.max(longest, run);
  }
  return longest === 0 ? 0 : longest + 1;
}

/** Slope of the timestamps over their arrival, as the middle of the slopes of far apart pairs: single jumps do not count. */
function paceOf(pictures: readonly TimedPicture[]): number | undefined {
  const settled = pictures.slice(Math.floor(pictures.length * settleShare));
  const [first, last] = [settled[0], settled.at(-1)];
  if (!first || !last || last.arrivalMs - first.arrivalMs < minPaceMs) return undefined;
  const half = Math.floor(settled.length / 2);
  const slopes = settled.slice(half).flatMap((later, index) => {
    const earlier = settled[index];
    const passedMs = earlier ? later.arrivalMs - earlier.arrivalMs : 0;
    return earlier && passedMs > 0 ? [(later.ptsMs - earlier.ptsMs) / passedMs] : [];
  });
  return rounded(middleOf(slopes), 3);
}

function spreadOfLag(pictures: readonly TimedPicture[], pace: number): number {
  const settled = pictures.slice(Math.floor(pictures.length * settleShare));
  const lags = settled.map(({ ptsMs, arrivalMs }) => arrivalMs - ptsMs / (pace > 0 ? pace : 1)).sort(ascending);
  const at = (share: number) => lags[Math.floor(share * (lags.length - 1))] ?? 0;
  return rounded(at(0.95) - at(0.05), 1);
}

/** @param shown times in the order of showing */
function irregularity(shown: readonly number[]): number {
  const steps = shown.slice(1).map((ptsMs, index) => ptsMs - (shown[index] ?? ptsMs));
  const usual = middleOf(steps);
  if (steps.length === 0 || usual <= 0) return 0;
  const off = steps.filter(step => Math.abs(step - usual) > usual * irregularShare).length;
  return rounded((100 * off) / steps.length, 1);
}

export function middleOf(values: readonly number[]): number {
  const sorted = [...values].sort(ascending);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}

export function rounded(value: number, digits: number): number {
  const scale = 10 ** digits;
  return Math.round(value * scale) / scale;
}

function ascending(a: number, b: number): number {
  return a - b;
}
