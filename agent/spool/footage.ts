// Spans of footage: pure algebra.
import type { FootageSpan } from '../../shared/api.ts';

/** Sorted by start, cut to the range, neighbours that touch and say the same merged. Empty spans fall out. */
export function mergeSpans(spans: readonly FootageSpan[], fromMs: number, toMs: number): FootageSpan[] {
  const merged: FootageSpan[] = [];
  for (const span of spans.toSorted((a, b) => a.startMs - b.startMs)) {
    const cut = { ...span, startMs: Math.max(span.startMs, fromMs), endMs: Math.min(span.endMs, toMs) };
    if (cut.startMs >= cut.endMs) continue;
    const last = merged.at(-1);
    if (last && touches(last, cut)) last.endMs = Math.max(last.endMs, cut.endMs);
    else merged.push(cut);
  }
  return merged;
}

/** Whether `next` continues `span`: nothing between them, same place, same reason. */
export function touches(span: FootageSpan, next: FootageSpan): boolean {
  return span.endMs >= next.startMs && span.at === next.at && span.reason === next.reason;
}
