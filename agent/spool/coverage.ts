// What became of every moment of a range. Pure: fragments, history, outages and downs in, one answer a moment out.
import type { FootageSpan } from '../../shared/api.ts';
import { mergeSpans } from './footage.ts';

/** Where several things are known of one moment, the best news holds: video that is there was not lost. */
const precedence: readonly FootageSpan['at'][] = ['cloud', 'disk', 'lost', 'offline', 'agent-down'];

/**
 * `spans` in any order, overlapping or not. The answer is sorted, disjoint, cut to the range, and has no hole between the
 * first and the last of `spans`: a moment nothing is known of belongs to the outage beside it, the later one first, because
 * an outage is noticed only after the last frame; without one the camera gave no video. Moments before `knownFromMs` are
 * not explained.
 */
export function coverage(
  spans: readonly FootageSpan[],
  { fromMs, toMs, knownFromMs = Number.NEGATIVE_INFINITY }: { fromMs: number; toMs: number; knownFromMs?: number },
): FootageSpan[] {
  let covered: FootageSpan[] = [];
  for (const at of precedence)
    covered = laidUnder(
      covered,
      spans.filter(span => span.at === at),
    );
  return mergeSpans(withoutHoles(covered, knownFromMs), fromMs, toMs);
}

/** `over` is sorted and disjoint, and so is the answer: `under` shows where `over` leaves room. */
function laidUnder(over: readonly FootageSpan[], under: readonly FootageSpan[]): FootageSpan[] {
  const pieces: FootageSpan[] = [];
  let next = 0;
  let cursorMs = Number.NEGATIVE_INFINITY;
  for (const span of under.toSorted((a, b) => a.startMs - b.startMs)) {
    cursorMs = Math.max(cursorMs, span.startMs);
    while (cursorMs < span.endMs) {
      while ((over[next]?.endMs ?? Number.POSITIVE_INFINITY) <= cursorMs) next++;
      const { startMs: coveredFromMs, endMs: coveredToMs } = over[next] ?? { startMs: span.endMs, endMs: span.endMs };
      const endMs = Math.min(span.endMs, coveredFromMs);
      if (cursorMs < endMs) pieces.push({ ...span, startMs: cursorMs, endMs });
      cursorMs = endMs === span.endMs ? endMs : coveredToMs;
    }
  }
  return [...over, ...pieces].sort((a, b) => a.startMs - b.startMs);
}

function withoutHoles(spans: readonly FootageSpan[], knownFromMs: number): FootageSpan[] {
  return spans.flatMap((span, index) => {
    const before = spans[index - 1];
    if (!before) return [span];
    const startMs = Math.max(before.endMs, knownFromMs);
    if (startMs >= span.startMs) return [span];
    return [{ ...explanation(before, span), startMs, endMs: span.startMs }, span];
  });
}

function explanation(before: FootageSpan, after: FootageSpan): FootageSpan {
  const outage = [after, before].find(({ at }) => at === 'offline' || at === 'agent-down');
  return outage ?? { startMs: before.endMs, endMs: after.startMs, at: 'offline' };
}
