// ListFragments that lags behind the store, as an eventually consistent index does.
import type { Clock } from '../../clock.ts';
import type { FragmentQuery, MediaStore, StoredFragment } from '../store/media-store.ts';
import type { Faults } from './faults.ts';
import type { FaultOf } from './plan.ts';

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
        const fault = this.#faults.find('list-late');
        return fault ? this.#visible(store, query, fault) : store.fragments(query);
      },
    };
  }

  /** As many as are asked for, also when some before them are not seen yet: fewer would say that there are no more. */
  #visible(store: MediaStore, query: FragmentQuery, fault: FaultOf<'list-late'>): StoredFragment[] {
    const visibleMs = this.#clock.monotonicMs() - fault.lateMs;
    const shown: StoredFragment[] = [];
    let hidden = 0;
    for (let { after } = query; ; ) {
      const found = store.fragments({ ...query, after });
      const seen = found.filter(({ number }) => (this.#storedAtMs.get(number) ?? visibleMs) <= visibleMs);
      shown.push(...seen);
      hidden += found.length - seen.length;
      const last = found.at(-1);
      if (!last || found.length < query.limit || shown.length >= query.limit) break;
      after = { ms: query.by === 'producer' ? last.producerMs : last.serverMs, number: last.number };
    }
    if (hidden > 0) this.#faults.meet(fault);
    return shown.slice(0, query.limit);
  }
}
