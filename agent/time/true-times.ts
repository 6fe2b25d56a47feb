// Gives what was recorded in provisional time its right time as soon as that is known, and only then lets the uploader
// send: fragments leave in the order they were recorded, and none with a time that nobody vouched for.
import type { TrustedClock } from './trusted-clock.ts';

export type TrueTimesOptions = {
  clock: Pick<TrustedClock, 'trusted' | 'correctionMs' | 'sleep'>;
  spool: {
    /** Moves every provisional recording by `correctionMs`; returns how many still grow. Rejects when the disk fails. */
    retime(correctionMs: number): Promise<number>;
  };
  signal: AbortSignal;
};

/** A fragment that grew when the time was learnt ends within 20 s. */
const growingPauseMs = 250;
const failedPauseMs = 10_000;

export class TrueTimes {
  readonly #options: TrueTimesOptions;
  readonly #open = Promise.withResolvers<void>();

  constructor(options: TrueTimesOptions) {
    this.#options = options;
  }

  /** Resolves when nothing provisional is left, or when the signal aborts. Never rejects. */
  async run(): Promise<void> {
    const { clock, spool, signal } = this.#options;
    try {
      await clock.trusted(signal);
      for (let left = 1; left > 0; ) {
        left = await spool.retime(clock.correctionMs).catch(() => Number.POSITIVE_INFINITY);
        // A disk that refuses must not hold up what is recorded from now on; the spool offers nothing provisional.
        if (left === 0 || left === Number.POSITIVE_INFINITY) this.#open.resolve();
        if (left > 0) await clock.sleep(left === Number.POSITIVE_INFINITY ? failedPauseMs : growingPauseMs, signal);
      }
    } catch {
      // The agent ends.
    }
  }

  /** Resolves when sending may begin; rejects with the signal's reason. */
  async awaitTrust(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const stop = Promise.withResolvers<never>();
    const abort = () => stop.reject(signal.reason);
    signal.addEventListener('abort', abort, { once: true });
    try {
      await Promise.race([this.#open.promise, stop.promise]);
    } finally {
      signal.removeEventListener('abort', abort);
    }
  }
}
