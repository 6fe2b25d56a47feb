// Somebody waits in front of the terminal: trouble that passes is waited out and told, trouble that a person must mend
// ends the push at once.
import type { Clock } from '../clock.ts';
import { type AgentError, asAgentError } from '../errors.ts';
import { nextDelay } from '../uploader/retry.ts';

/** Without any progress for so long, the push ends; the next run continues it. */
const patienceMs = 5 * 60_000;

export type PatienceOptions = {
  clock: Clock;
  random: () => number;
  signal: AbortSignal;
  /** Told of each wait. */
  onTrouble: (error: AgentError, retryInMs: number) => void;
};

export class Patience {
  readonly #options: PatienceOptions;
  #failures = 0;
  #lastProgressMs: number;

  constructor(options: PatienceOptions) {
    this.#options = options;
    this.#lastProgressMs = options.clock.monotonicMs();
  }

  /** Something got done: waits are short again. */
  progress(): void {
    this.#failures = 0;
    this.#lastProgressMs = this.#options.clock.monotonicMs();
  }

  /** Repeats `work` until it succeeds. Rejects with its error when waiting cannot help, or with the signal's reason. */
  async keepTrying<T>(work: () => Promise<T>): Promise<T> {
    const { signal } = this.#options;
    for (;;) {
      try {
        return await work();
      } catch (thrown) {
        signal.throwIfAborted();
        await this.#waitOut(asAgentError(thrown));
      }
    }
  }

  async #waitOut(error: AgentError): Promise<void> {
    const { clock, random, signal, onTrouble } = this.#options;
    const waitedMs = clock.monotonicMs() - this.#lastProgressMs;
    // What was refused is set aside by then: a new session goes on behind it.
    const passes =
      error.kind === 'unavailable' || error.kind === 'exhausted' || error.code === 'service-rejected-fragment';
    if (!passes || waitedMs > patienceMs) throw error;
    this.#failures++;
    const delayMs = nextDelay({ attempt: this.#failures, error, random });
    onTrouble(error, delayMs);
    await clock.sleep(delayMs, signal);
  }
}
