// How fast something may go on, where the way to say "not so fast" is to wait: bytes of a connection, fragments of one.
import type { Clock } from '../../clock.ts';

type WaitingClock = Pick<Clock, 'monotonicMs' | 'after'>;

/** What may pass at once, as a part of what may pass in a second. */
const burstSeconds = 0.1;

/** In any stretch of time no more bytes than the rate allows for it, and a tenth of a second's worth. */
export class BytePace {
  readonly #clock: WaitingClock;
  readonly #perSecond: number;
  #levelBytes: number;
  #atMs: number;

  constructor(clock: WaitingClock, perSecond: number) {
    this.#clock = clock;
    this.#perSecond = perSecond;
    this.#levelBytes = perSecond * burstSeconds;
    this.#atMs = clock.monotonicMs();
  }

  /** Resolves when the bytes may pass, or `stopped` is aborted. */
  async take(bytes: number, stopped?: AbortSignal): Promise<void> {
    const nowMs = this.#clock.monotonicMs();
    const gained = ((nowMs - this.#atMs) / 1000) * this.#perSecond;
    this.#levelBytes = Math.min(this.#perSecond * burstSeconds, this.#levelBytes + gained) - bytes;
    this.#atMs = nowMs;
    if (this.#levelBytes < 0) await wait(this.#clock, (-this.#levelBytes / this.#perSecond) * 1000, stopped);
  }
}

/** In any second no more than so many. */
export class CountPace {
  readonly #clock: WaitingClock;
  readonly #perSecond: number;
  /** When the last ones may pass, or may have passed. */
  #timesMs: number[] = [];

  constructor(clock: WaitingClock, perSecond: number) {
    this.#clock = clock;
    this.#perSecond = perSecond;
  }

  /** Resolves when one more may pass, or `stopped` is aborted. */
  async take(stopped?: AbortSignal): Promise<void> {
    const nowMs = this.#clock.monotonicMs();
    const earlierMs = this.#timesMs.length < this.#perSecond ? undefined : this.#timesMs[0];
    const dueMs = Math.max(nowMs, earlierMs === undefined ? nowMs : earlierMs + 1000);
    this.#timesMs = [...this.#timesMs, dueMs].slice(-this.#perSecond);
    if (dueMs > nowMs) await wait(this.#clock, dueMs - nowMs, stopped);
  }
}

function wait(clock: WaitingClock, ms: number, stopped: AbortSignal | undefined): Promise<void> {
  if (stopped?.aborted) return Promise.resolve();
  return new Promise(resolve => {
    const done = () => {
      cancel();
      stopped?.removeEventListener('abort', done);
      resolve();
    };
    const cancel = clock.after(ms, done);
    stopped?.addEventListener('abort', done, { once: true });
  });
}
