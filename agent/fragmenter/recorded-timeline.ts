// A recording's timeline → wall time. Nothing is learnt from arrivals: the file says when its first frame was.
import type { Timeline } from './camera-session.ts';

export class RecordedTimeline implements Timeline {
  readonly #startMs: number;

  /** @param startMs wall time of the timeline's zero */
  constructor(startMs: number) {
    this.#startMs = startMs;
  }

  stampMs(_trackNumber: number, ptsMs: number): number {
    return this.#startMs + ptsMs;
  }
}
