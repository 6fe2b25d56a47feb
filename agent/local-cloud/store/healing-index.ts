// The index of fragments as the store asks it. When it is found damaged while the server runs it is made again from the
// fragments' files, in the background: who asks meanwhile is refused for the time being, or waits.
import type { Clock } from '../../clock.ts';
import { WireError } from '../wire-error.ts';
import { FragmentIndex } from './fragment-index.ts';
import { isIndexDamage } from './index-damage.ts';
import { removeIndex } from './index-file.ts';

/** What cannot be mended is not tried all the time: it reads every file. */
const retryMs = 60_000;

export type HealingOptions = {
  path: string;
  clock: Pick<Clock, 'monotonicMs'>;
  /** Rejects when the files are not there to be read, as when their disk was taken away. */
  checkFiles: () => Promise<unknown>;
  /** Fills a new index from the files, until `givenUp` at the longest. */
  fill: (index: FragmentIndex, givenUp: AbortSignal) => Promise<void>;
  onDamage: (error: unknown) => void;
  /** Called before anybody can ask it. */
  onHealed: (index: FragmentIndex) => void;
  onFailure: (error: unknown) => void;
};

export class HealingIndex {
  readonly #options: HealingOptions;
  /** Undefined while there is none that could be asked. */
  #index: FragmentIndex | undefined;
  #healing: Promise<void> = Promise.resolve();
  /** Not before; not at all while it is being tried. */
  #nextTryMs = -Infinity;
  readonly #givenUp = new AbortController();

  /** @param index becomes this one's own */
  constructor(index: FragmentIndex, options: HealingOptions) {
    this.#index = index;
    this.#options = options;
  }

  /** For whoever cannot wait. @throws WireError ServiceUnavailable when the index cannot be asked now */
  askNow<Answer>(question: (index: FragmentIndex) => Answer): Answer {
    try {
      if (this.#index) return question(this.#index);
    } catch (error) {
      if (!isIndexDamage(error)) throw error;
      this.#heal(error);
      throw unavailable();
    }
    this.#heal(undefined);
    throw unavailable();
  }

  /** Waits while the index is made again. @throws WireError ServiceUnavailable when that was in vain */
  async ask<Answer>(question: (index: FragmentIndex) => Answer): Promise<Answer> {
    await this.#healing;
    try {
      return this.askNow(question);
    } catch (error) {
      if (!(error instanceof WireError && error.type === 'ServiceUnavailable')) throw error;
      // Perhaps it was this question that found the damage.
      await this.#healing;
      return this.askNow(question);
    }
  }

  /** It is not made again any more; who waits for that is refused. What can be asked can still be asked. */
  giveUpHealing(): void {
    this.#givenUp.abort();
  }

  async close(): Promise<void> {
    this.giveUpHealing();
    await this.#healing;
    this.#index?.close();
  }

  #heal(damage: unknown): void {
    const { clock, onDamage } = this.#options;
    if (clock.monotonicMs() < this.#nextTryMs || this.#givenUp.signal.aborted) return;
    this.#nextTryMs = Infinity;
    if (damage !== undefined) onDamage(damage);
    this.#healing = this.#makeAgain().finally(() => {
      this.#nextTryMs = clock.monotonicMs() + retryMs;
    });
  }

  async #makeAgain(): Promise<void> {
    const { path, checkFiles, fill, onHealed, onFailure } = this.#options;
    const damaged = this.#index;
    this.#index = undefined;
    let index: FragmentIndex | undefined;
    try {
      damaged?.close();
      await checkFiles();
      removeIndex(path);
      index = new FragmentIndex(path);
      await fill(index, this.#givenUp.signal);
      onHealed(index);
      this.#index = index;
    } catch (error) {
      index?.close();
      if (!this.#givenUp.signal.aborted) onFailure(error);
    }
  }
}

function unavailable(): WireError {
  return new WireError('ServiceUnavailable', 'The index of fragments is being made again. Try again in a moment.');
}
