// What is known of a camera's footage, gathered from the index and from memory for the pure `coverage`.
import type { FootageSpan } from '../../shared/api.ts';
import type { Clock } from '../clock.ts';
import { coverage } from './coverage.ts';
import type { GrowingFragments } from './growing-fragment.ts';
import type { LostSpans } from './lost-spans.ts';
import type { SpoolIndex } from './spool-index.ts';

export type FootageSources = { index: SpoolIndex; lost: LostSpans; growing: GrowingFragments; clock: Clock };

/** Methods throw SQLite's own errors. */
export class CameraFootage {
  readonly #sources: FootageSources;

  constructor(sources: FootageSources) {
    this.#sources = sources;
  }

  /** From the camera's first fragment on, without a hole. */
  spans(cameraId: string, fromMs: number, toMs: number): FootageSpan[] {
    const { index, clock } = this.#sources;
    const inMemory = this.#inMemory(cameraId);
    const firstMs = Math.min(
      index.footage.firstMs(cameraId) ?? Number.POSITIVE_INFINITY,
      ...inMemory.map(({ startMs }) => startMs),
    );
    const wide = index.footage.widened(cameraId, fromMs, toMs);
    const spans = [
      ...index.footage.spans(cameraId, wide.fromMs, wide.toMs),
      ...index.past.spans(cameraId, { ...wide, nowMs: clock.nowMs() }),
      ...inMemory,
    ];
    return coverage(spans, { fromMs: Math.max(fromMs, firstMs), toMs, knownFromMs: index.past.knownFromMs });
  }

  /** Milliseconds of footage given up. */
  lostMs(cameraId: string): number {
    const { index, lost } = this.#sources;
    const unrecordedMs = lost.unrecorded(cameraId).reduce((sum, { startMs, endMs }) => sum + endMs - startMs, 0);
    return index.footage.lostMs(cameraId) + unrecordedMs;
  }

  /** What has no place in the index yet; what grows is shown as on disk, which it is but for its last frames. */
  #inMemory(cameraId: string): FootageSpan[] {
    const { lost, growing } = this.#sources;
    return [
      ...lost.unrecorded(cameraId),
      ...growing
        .ofCamera(cameraId)
        .map(({ startMs, lastTimecodeMs }): FootageSpan => ({ startMs, endMs: lastTimecodeMs, at: 'disk' })),
    ];
  }
}
