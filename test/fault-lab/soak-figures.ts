// Figures of a soak, read from the facts an agent published and the footage it keeps. Pure.
import type { Fact } from '../../agent/facts.ts';
import type { FootageSpan } from '../../shared/api.ts';

/** Monotonic. */
export type Published = { fact: Fact; atMs: number };

/** From recorded to PERSISTED; longer is late. */
const lateAfterMs = 10_000;

/** Fragments that were persisted late. */
export function countLate(published: readonly Published[]): number {
  const spooledAtMs = new Map<number, number>();
  let late = 0;
  for (const { fact, atMs } of published) {
    if (fact.type === 'fragment.spooled') spooledAtMs.set(fact.startMs, atMs);
    if (fact.type !== 'fragment.persisted') continue;
    const sinceMs = spooledAtMs.get(fact.startMs);
    if (sinceMs !== undefined && atMs - sinceMs > lateAfterMs) late++;
  }
  return late;
}

/** Longest time without a new fragment on disk. */
export function longestPauseMs(published: readonly Published[]): number {
  const times = published.filter(({ fact }) => fact.type === 'fragment.spooled').map(({ atMs }) => atMs);
  return Math.max(0, ...times.slice(1).map((atMs, index) => atMs - (times[index] ?? atMs)));
}

/** All in the cloud, from the first moment to the last, with no hole. */
export function isCovered(spans: readonly FootageSpan[]): boolean {
  return spans.length === 1 && spans[0]?.at === 'cloud';
}

/**
 * How fast the footage of an outage came after it: media time over the time from the first of it that was persisted to the
 * last, for the slowest camera; and how long after the outage the first came.
 */
export function catchUp(
  cameras: readonly (readonly Published[])[],
  { overMs, fromWallMs, toWallMs }: { overMs: number; fromWallMs: number; toWallMs: number },
): { recoverySeconds: number; catchUpSeconds: number; catchUpTimesRealTime: number } {
  const spans = cameras.map(published => {
    const times = published
      .filter(({ fact }) => fact.type === 'fragment.persisted' && fact.startMs >= fromWallMs && fact.startMs < toWallMs)
      .map(({ atMs }) => atMs)
      .filter(atMs => atMs >= overMs);
    return { firstMs: Math.min(...times), lastMs: Math.max(...times) };
  });
  const firstMs = Math.max(...spans.map(span => span.firstMs));
  const catchUpMs = Math.max(...spans.map(span => span.lastMs)) - overMs;
  return {
    recoverySeconds: Number(((firstMs - overMs) / 1000).toFixed(1)),
    catchUpSeconds: Number((catchUpMs / 1000).toFixed(1)),
    catchUpTimesRealTime: Number(((toWallMs - fromWallMs) / catchUpMs).toFixed(1)),
  };
}
