// Gathers what is known of a camera's footage, from the index and from memory, for the pure `coverage`.
import type { FootageSpan } from '../../shared/api.ts';
import { coverage } from './coverage.ts';
import type { GrowingFragments } from './growing-fragment.ts';
import type { LostSpans } from './lost-spans.ts';
import type { SpoolIndex } from './spool-index.ts';

export type FootageSources = { index: SpoolIndex; lost: LostSpans; growing: GrowingFragments; nowMs: number };

/** From the camera's first fragment on, without a hole. Throws SQLite's own errors. */
export function footageOf(
  { index, lost, growing, nowMs }: FootageSources,
  cameraId: string,
  { fromMs, toMs }: { fromMs: number; toMs: number },
): FootageSpan[] {
  // What has no place in the index yet; what grows is shown as on disk, which it is but for its last frames.
  const inMemory: FootageSpan[] = [
    ...lost.unrecorded(cameraId),
    ...growing
      .ofCamera(cameraId)
      .map(({ startMs, lastTimecodeMs }): FootageSpan => ({ startMs, endMs: lastTimecodeMs, at: 'disk' })),
  ];
  const firstMs = Math.min(
    index.firstMs(cameraId) ?? Number.POSITIVE_INFINITY,
    ...inMemory.map(({ startMs }) => startMs),
  );
  const wide = index.widened(cameraId, fromMs, toMs);
  const spans = [
    ...index.spans(cameraId, wide.fromMs, wide.toMs),
    ...index.past.spans(cameraId, { ...wide, nowMs }),
    ...inMemory,
  ];
  return coverage(spans, { fromMs: Math.max(fromMs, firstMs), toMs, knownFromMs: index.past.knownFromMs });
}
