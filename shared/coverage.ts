// Where the video of a stretch of time is, and how much of it is missing why. Pure algebra on footage spans.
import type { FootageSpan } from './api.ts';

export type CoverageKind = FootageSpan['at'];

export type Coverage = {
  fromMs: number;
  toMs: number;
  /** In time order, within the stretch. */
  spans: FootageSpan[];
  /** Milliseconds of each kind. `unknown`: nobody knows, such as before the agent ran for the first time. */
  totalsMs: Record<CoverageKind | 'unknown', number>;
};

export function coverageOf(spans: readonly FootageSpan[], fromMs: number, toMs: number): Coverage {
  const within = spans
    .map(span => ({ ...span, startMs: Math.max(span.startMs, fromMs), endMs: Math.min(span.endMs, toMs) }))
    .filter(span => span.startMs < span.endMs)
    .sort((a, b) => a.startMs - b.startMs);
  const totalsMs = { cloud: 0, disk: 0, lost: 0, offline: 0, 'agent-down': 0, unknown: 0 };
  let knownToMs = fromMs;
  for (const { at, startMs, endMs } of within) {
    totalsMs.unknown += Math.max(0, startMs - knownToMs);
    // Where spans overlap the earlier one counts, so that the totals add up to the stretch.
    totalsMs[at] += Math.max(0, endMs - Math.max(startMs, knownToMs));
    knownToMs = Math.max(knownToMs, endMs);
  }
  totalsMs.unknown += Math.max(0, toMs - knownToMs);
  return { fromMs, toMs, spans: within, totalsMs };
}
