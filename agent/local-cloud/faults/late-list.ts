// ListFragments that lags behind the store, as an eventually consistent index does.
import type { Clock } from '../../clock.ts';
import type { MediaStore } from '../store/media-store.ts';
import type { Faults } from './faults.ts';

export class LateList {
  readonly #faults: Faults;
  readonly #clock: Clock;
  /** When fragments were stored while the fault is active, by number; monotonic. */
  readonly #storedAtMs = new Map<string, number>();

  constructor(faults: Faults, clock: Clock) {
    this.#faults = faults;
    this.#clock = clock;
  }

  stored(number: string): void {
    if (this.#faults.find('list-late')) this.#storedAtMs.set(number, this.#clock.monotonicMs());
    else this.#storedAtMs.clear();
  }

  /** The store as ListFragments sees it. */
  of(store: MediaStore): Pick<MediaStore, 'findStream' | 'fragments'> {
    return {
      findStream: name => store.findStream(name),
      fragments: query => {
        const found = store.fragments(query);
        const fault = this.#faults.find('list-late');
        if (!fault) return found;
        const visibleMs = this.#clock.monotonicMs() - fault.lateMs;
        const shown = found.filter(({ number }) => (this.#storedAtMs.get(number) ?? visibleMs) <= visibleMs);
        if (shown.length < found.length) this.#faults.meet(fault);
        return shown;
      },
    };
  }
}
