// A stream's fragments as one endless sequence of bytes: what is stored, then what arrives. One fragment is in memory at
// a time, read when the one before has been taken.
import type { Clock } from '../../clock.ts';
import type { CountPace } from '../quotas/pace.ts';
import type { MediaStore, StoredFragment, StoredStream } from '../store/media-store.ts';
import { WireError } from '../wire-error.ts';
import { closingTags, notFoundError } from './service-tags.ts';
import type { Start } from './start-selector.ts';

const batch = 16;

type Following = {
  store: MediaStore;
  stream: StoredStream;
  clock: Clock;
  start: Start;
  /** Aborted: the sequence ends when it next would wait or read. */
  ended: AbortSignal;
  /** Told when everything there is was taken, before the wait for more. */
  onIdle: () => void;
  /** How fast fragments may follow each other; left out: as fast as they are taken. */
  pace?: CountPace | undefined;
};

/** Ends with `ended`, or with the stream. */
export async function* follow(following: Following): AsyncGenerator<Uint8Array> {
  const { store, stream, start, ended } = following;
  if ('notFound' in start) {
    yield notFoundError();
    return;
  }
  using arrivals = new Arrivals(store, stream.name, ended);
  let position = 'after' in start ? start.after : undefined;
  // A stream of the same name that was made later is another one.
  while (!ended.aborted && store.findStream(stream.arn)) {
    arrivals.forget();
    const next = nextFragments(following, position);
    if (next.length === 0) {
      following.onIdle();
      await arrivals.wait();
    }
    for (const fragment of next) {
      await following.pace?.take(ended);
      if (ended.aborted) return;
      yield* withTags(following, fragment);
      position = fragment.number;
    }
  }
}

function nextFragments({ store, stream, start }: Following, position: string | undefined): StoredFragment[] {
  if (position !== undefined) return store.arrivedAfter(stream.name, position, batch);
  const first = 'first' in start ? start.first(store) : undefined;
  return first ? [first] : [];
}

async function* withTags({ store, clock }: Following, fragment: StoredFragment): AsyncGenerator<Uint8Array> {
  try {
    yield await store.readFragment(fragment);
  } catch (error) {
    // Retention was quicker: the sequence goes on with what is kept.
    if (error instanceof WireError && error.type === 'ResourceNotFoundException') return;
    throw error;
  }
  yield closingTags(fragment, clock.nowMs());
}

/** Remembers an arrival until it is waited for, so that none is missed between a look and a wait. */
class Arrivals implements Disposable {
  readonly #unwatch: () => void;
  readonly #ended: AbortSignal;
  readonly #onNews = () => {
    this.#news = true;
    this.#wake();
  };
  #news = false;
  #wake: () => void = () => undefined;

  constructor(store: MediaStore, stream: string, ended: AbortSignal) {
    this.#ended = ended;
    this.#unwatch = store.watch(stream, this.#onNews);
    ended.addEventListener('abort', this.#onNews);
  }

  forget(): void {
    this.#news = false;
  }

  async wait(): Promise<void> {
    if (this.#news || this.#ended.aborted) return;
    await new Promise<void>(resolve => {
      this.#wake = resolve;
    });
  }

  [Symbol.dispose](): void {
    this.#unwatch();
    this.#ended.removeEventListener('abort', this.#onNews);
  }
}
