// Gives what was recorded in provisional time its right time as soon as that is known, and only then lets the uploader
// send: fragments leave in the order they were recorded, and none with a time that nobody vouched for.
import { unlessAborted } from '../aborted.ts';
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
        // A disk that fails says so with every fragment it is given; here it is only tried again.
        const failed = Number.POSITIVE_INFINITY;
        left = await spool.retime(clock.correctionMs).catch(() => failed);
        if (left > 0) await clock.sleep(left === failed ? failedPauseMs : growingPauseMs, signal);
      }
      this.#open.resolve();
    } catch {
      // The agent ends.
    }
  }

  /** Resolves when sending may begin; rejects with the signal's reason. */
  awaitTrust(signal: AbortSignal): Promise<void> {
    return unlessAborted(this.#open.promise, signal);
  }
}
