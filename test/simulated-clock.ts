// Time that passes only when a test says so. Wall and monotonic time run together until `setWall` moves the wall clock.
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Clock } from '../agent/clock.ts';

type Timer = { atMs: number; callback: () => void };

export class SimulatedClock implements Clock {
  #wallMs: number;
  #monotonicMs = 0;
  readonly #timers = new Set<Timer>();

  constructor(wallMs = Date.UTC(2026, 10, 23, 7, 41, 12)) {
    this.#wallMs = wallMs;
  }

  nowMs(): number {
    return this.#wallMs;
  }

  monotonicMs(): number {
    return this.#monotonicMs;
  }

  setWall(wallMs: number): void {
    this.#wallMs = wallMs;
  }

  after(ms: number, callback: () => void): () => void {
    const timer = { atMs: this.#monotonicMs + Math.max(0, ms), callback };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      const cancel = this.after(ms, resolve);
      const giveUp = () => {
        cancel();
        reject(signal?.reason);
      };
      signal?.addEventListener('abort', giveUp, { once: true });
    });
  }

  /** Until the next timer is due; Infinity without one. */
  get dueInMs(): number {
    return (this.#earliest(Number.POSITIVE_INFINITY)?.atMs ?? Number.POSITIVE_INFINITY) - this.#monotonicMs;
  }

  /** Lets `ms` pass, timer by timer. */
  async advance(ms: number): Promise<void> {
    const endMs = this.#monotonicMs + ms;
    for (let timer = this.#earliest(endMs); timer; timer = this.#earliest(endMs)) {
      this.#timers.delete(timer);
      this.#passTo(timer.atMs);
      timer.callback();
      await nextTurn();
    }
    this.#passTo(endMs);
    await nextTurn();
  }

  /** Jumps from timer to timer until the condition holds. While `busy`, real sockets get real time to answer. */
  async advanceUntil(holds: () => boolean, busy: () => boolean = () => false): Promise<void> {
    for (const deadlineMs = performance.now() + 60_000; !holds(); ) {
      if (performance.now() > deadlineMs) throw new Error('The condition did not come true');
      if (busy()) await new Promise(resolve => setTimeout(resolve, 2));
      else await nextTurn();
      const next = this.#earliest(Number.POSITIVE_INFINITY);
      if (next && !busy() && !holds()) await this.advance(next.atMs - this.#monotonicMs);
    }
  }

  #earliest(endMs: number): Timer | undefined {
    return [...this.#timers].filter(timer => timer.atMs <= endMs).sort((a, b) => a.atMs - b.atMs)[0];
  }

  #passTo(monotonicMs: number): void {
    this.#wallMs += monotonicMs - this.#monotonicMs;
    this.#monotonicMs = monotonicMs;
  }
}
