// Time that passes only when a test says so.
import type { Clock } from '../../agent/clock.ts';

export const morningMs = Date.UTC(2026, 10, 23, 8);

/** Only the reading half of a clock: the fragmenter waits for nothing. */
export class SimulatedClock implements Clock {
  #monotonicMs = 5000;
  #wallOffsetMs = morningMs - 5000;

  nowMs(): number {
    return this.#monotonicMs + this.#wallOffsetMs;
  }

  monotonicMs(): number {
    return this.#monotonicMs;
  }

  /** Time passes until `sinceStartMs` after the test's beginning; never back. */
  passUntil(sinceStartMs: number): void {
    this.#monotonicMs = Math.max(this.#monotonicMs, 5000 + sinceStartMs);
  }

  pass(ms: number): void {
    this.#monotonicMs += ms;
  }

  /** Somebody sets the wall clock. */
  setBack(ms: number): void {
    this.#wallOffsetMs -= ms;
  }

  sleep(): Promise<void> {
    throw new Error('nothing here should sleep');
  }

  after(): () => void {
    throw new Error('nothing here should set timers');
  }
}
