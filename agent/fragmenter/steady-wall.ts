// Wall time that never goes back. The machine's clock may: it is set when the network comes up, or by hand.

import type { Clock } from '../clock.ts';

/** Share of elapsed time by which steady time may run slower than real time to come down to a clock that was set back. */
const slewRate = 0.005;

/**
 * Follows the wall clock forward at once and backward slowly, kept going by the monotonic clock meanwhile. After the
 * clock was set back by an hour it is wrong for as long as the process runs; the alternative would be two recordings of
 * the same hour.
 */
export class SteadyWall {
  readonly #clock: Clock;
  /** Steady time − monotonic time. */
  #offsetMs: number;
  #lastMonotonicMs: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#lastMonotonicMs = clock.monotonicMs();
    this.#offsetMs = clock.nowMs() - this.#lastMonotonicMs;
  }

  nowMs(): number {
    const monotonicMs = this.#clock.monotonicMs();
    const slewMs = slewRate * (monotonicMs - this.#lastMonotonicMs);
    this.#lastMonotonicMs = monotonicMs;
    this.#offsetMs = Math.max(this.#clock.nowMs() - monotonicMs, this.#offsetMs - slewMs);
    return monotonicMs + this.#offsetMs;
  }
}
