// Wall time that never goes back. The clock given may, a little: it is corrected when more of the service's time is known.
import type { Clock } from '../clock.ts';

/** Share of elapsed time by which steady time may run slower than real time to come down to a clock that was set back. */
const slewRate = 0.005;

/**
 * Follows the wall clock forward at once and backward slowly, kept going by the monotonic clock meanwhile. Setting the
 * machine's clock does not reach it: the agent's clock is one that NTP or the service vouches for, and the step with which
 * it is learnt is left out by CorrectedParts. Should what vouched turn out to be an hour ahead, time stays ahead and comes
 * down slowly; the alternative would be two recordings of the same hour.
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
