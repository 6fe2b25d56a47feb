// Spans that never became a file. They go to the index at once, or stay in memory until the disk takes them.
import type { FootageSpan } from '../../shared/api.ts';
import { touches } from './footage.ts';
import type { SpoolIndex } from './spool-index.ts';

export class LostSpans {
  readonly #index: SpoolIndex;
  /** By camera; touching ones merged, so a long outage of the disk is one entry. */
  readonly #unrecorded = new Map<string, FootageSpan[]>();

  constructor(index: SpoolIndex) {
    this.#index = index;
  }

  add(cameraId: string, { startMs, endMs }: { startMs: number; endMs: number }, reason: string): void {
    const spans = this.#unrecorded.get(cameraId) ?? [];
    const span: FootageSpan = { startMs, endMs, at: 'lost', reason };
    const last = spans.at(-1);
    if (last && touches(last, span)) last.endMs = Math.max(last.endMs, endMs);
    else spans.push(span);
    this.#unrecorded.set(cameraId, spans);
    this.record();
  }

  /** Moves to the index what it takes. Never throws: a disk that refuses is tried again with the next fragment. */
  record(): void {
    for (const [cameraId, spans] of this.#unrecorded) {
      try {
        for (let span = spans[0]; span; span = spans[0]) {
          this.#index.past.addHistory(cameraId, span);
          spans.shift();
        }
      } catch {
        return;
      }
    }
  }

  unrecorded(cameraId: string): readonly FootageSpan[] {
    return this.#unrecorded.get(cameraId) ?? [];
  }
}
