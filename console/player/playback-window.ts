// Which stretch of video to ask for around a chosen time, and where in it that time is. Pure.
import type { PlaybackRequest } from '../../shared/api.ts';

/** The service picks fragments by their start; the one that holds the chosen time began up to 20 s before it. */
const LONGEST_FRAGMENT_MS = 20_000;
const WINDOW_MS = 10 * 60_000;

/** The chosen time with what follows it. Ends at `nowMs` at the latest. */
export function windowAround(atMs: number, nowMs: number): Extract<PlaybackRequest, { mode: 'ON_DEMAND' }> {
  const startMs = Math.floor(atMs - LONGEST_FRAGMENT_MS);
  const endMs = Math.max(startMs + 1000, Math.min(Math.floor(atMs + WINDOW_MS), Math.floor(nowMs)));
  return { mode: 'ON_DEMAND', startMs, endMs };
}

/** A fragment as hls.js lists it: place on the media's own line in seconds, wall time in milliseconds. */
export type ListedFragment = { start: number; duration: number; programDateTime: number | null };

/** A chosen time may fall this short of the next fragment and still mean it. */
const GAP_TOLERANCE_MS = 5000;

/** Where on the media's line `atMs` is; undefined when there is no video then, nor shortly after. */
export function positionOf(atMs: number, fragments: readonly ListedFragment[]): number | undefined {
  for (const { start, duration, programDateTime } of fragments) {
    if (programDateTime === null || programDateTime + duration * 1000 <= atMs) continue;
    if (programDateTime - atMs > GAP_TOLERANCE_MS) return undefined;
    return start + Math.max(0, atMs - programDateTime) / 1000;
  }
  return undefined;
}

/** Wall time at which the last fragment ends. */
export function endOf(fragments: readonly ListedFragment[]): number | undefined {
  const last = fragments.at(-1);
  return last?.programDateTime ? last.programDateTime + last.duration * 1000 : undefined;
}
