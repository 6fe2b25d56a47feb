// The machine's time as far as this process had its share of it: a pause in which others had the processor counts for no more
// than a moment. For tests whose camera and agent are both in this process: neither is late for the other's limits because the
// machine is busy. What other processes do takes real time: they have no share of it.
import { type Clock, systemClock } from '../agent/clock.ts';

type Timer = { atMs: number; callback: () => void };

const lookEveryMs = 5;
/** Of a longer pause no more counts: by then all that could happen between two looks has happened. */
const longestStepMs = 50;

/** Use it with `using`: disposing stops it, and nobody is called any more. */
export class UnhurriedClock implements Clock, Disposable {
  readonly #startWallMs = systemClock.nowMs();
  readonly #timers = new Set<Timer>();
  readonly #ticking: NodeJS.Timeout;
  #passedMs = 0;
  #lookedAtMs = systemClock.monotonicMs();

  constructor() {
    this.#ticking = setInterval(() => this.#look(), lookEveryMs).unref();
  }

  /** Who waits on it. */
  get waiting(): number {
    return this.#timers.size;
  }

  nowMs(): number {
    return Math.round(this.#startWallMs + this.monotonicMs());
  }

  monotonicMs(): number {
    return this.#passedMs + Math.min(longestStepMs, systemClock.monotonicMs() - this.#lookedAtMs);
  }

  after(ms: number, callback: () => void): () => void {
    const timer = { atMs: this.monotonicMs() + ms, callback };
    this.#timers.add(timer);
    return () => void this.#timers.delete(timer);
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      const giveUp = () => {
        cancel();
        reject(signal?.reason);
      };
      const cancel = this.after(ms, () => {
        signal?.removeEventListener('abort', giveUp);
        resolve();
      });
      signal?.addEventListener('abort', giveUp, { once: true });
    });
  }

  [Symbol.dispose](): void {
    clearInterval(this.#ticking);
    this.#timers.clear();
  }

  #look(): void {
    this.#passedMs = this.monotonicMs();
    this.#lookedAtMs = systemClock.monotonicMs();
    const due = [...this.#timers].filter(({ atMs }) => atMs <= this.#passedMs).sort((a, b) => a.atMs - b.atMs);
    for (const timer of due) {
      // One before it may have cancelled it.
      if (!this.#timers.delete(timer)) continue;
      timer.callback();
    }
  }
}
