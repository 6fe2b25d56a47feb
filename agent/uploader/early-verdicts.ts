// What the service said of fragments that did not count on disk yet: it may confirm, or refuse, a fragment before its file
// is synced. The word is kept and written down as soon as the fragment counts.
import type { GrowingFragment } from '../spool/growing-fragment.ts';

type Pending = { judged: boolean; whole: Promise<unknown> };

export class EarlyVerdicts {
  readonly #pending = new Map<number, Pending>();

  /** All of it was sent and nothing is confirmed: until it counts nobody can look it up. */
  sent(fragment: GrowingFragment): void {
    this.#keep(fragment, false);
  }

  /** The service is done with it: it is not sent again. */
  judged(fragment: GrowingFragment): void {
    this.#keep(fragment, true);
  }

  /** Whether the service is done with the fragment of that start, though the disk does not know yet. */
  has(startMs: number): boolean {
    return this.#pending.get(startMs)?.judged ?? false;
  }

  /** Resolves when every fragment that was sent to its end counts, so that the doubtful ones can be looked up. */
  async settled(): Promise<void> {
    await Promise.all([...this.#pending.values()].filter(({ judged }) => !judged).map(({ whole }) => whole));
  }

  #keep({ startMs, whole }: GrowingFragment, judged: boolean): void {
    const pending = { judged: judged || this.has(startMs), whole };
    this.#pending.set(startMs, pending);
    void whole.then(() => this.#pending.delete(startMs));
  }
}
