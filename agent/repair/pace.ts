// How fast a source delivers: tells a file that is read as fast as it can be from a camera that falls behind.
import type { Clock } from '../clock.ts';

export class Pace {
  readonly #clock: Clock;
  #began: { ptsMs: number; monotonicMs: number } | undefined;
  #latestPtsMs = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  note(ptsMs: number): void {
    this.#began ??= { ptsMs, monotonicMs: this.#clock.monotonicMs() };
    this.#latestPtsMs = ptsMs;
  }

  /** Whether this much more media came than time passed. Cameras send what they kept before they were asked: a second or two. */
  isAheadBy(ms: number): boolean {
    if (!this.#began) return false;
    const passedMs = this.#clock.monotonicMs() - this.#began.monotonicMs;
    return this.#latestPtsMs - this.#began.ptsMs - passedMs >= ms;
  }
}
