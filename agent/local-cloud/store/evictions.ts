// What became of media that had to leave before its retention was over: counted, and said in one sentence when it begins.
import type { Clock } from '../../clock.ts';
import type { StoredFragment } from './media-store.ts';
import type { Shortage } from './room.ts';

/** Evictions this far apart are told apart. */
const episodeMs = 3_600_000;

const sentences: Record<Shortage, string> = {
  'over-cap':
    'The media has reached --max-bytes: from now on the oldest fragments, of whatever stream, are deleted for new ones ' +
    'before their retention is over.',
  'disk-crowded':
    'The disk has less free space than --min-free-bytes: the oldest fragments, of whatever stream, are deleted before ' +
    'their retention is over. Free some space, or keep less with --max-bytes.',
};

export type Evicted = {
  /** Since the server started. */
  fragments: number;
  bytes: number;
  /** What arrived before this time, milliseconds since 1970, is not all there any more. */
  latestArrivalMs?: number;
};

export class Evictions {
  readonly #clock: Pick<Clock, 'monotonicMs'>;
  readonly #tell: (sentence: string) => void;
  readonly #lastMs = new Map<Shortage, number>();
  #evicted: Evicted = { fragments: 0, bytes: 0 };

  constructor(clock: Pick<Clock, 'monotonicMs'>, tell: (sentence: string) => void) {
    this.#clock = clock;
    this.#tell = tell;
  }

  get evicted(): Evicted {
    return this.#evicted;
  }

  add({ bytes, serverMs }: StoredFragment, shortage: Shortage): void {
    const { fragments, bytes: sum, latestArrivalMs = 0 } = this.#evicted;
    this.#evicted = {
      fragments: fragments + 1,
      bytes: sum + bytes,
      latestArrivalMs: Math.max(latestArrivalMs, serverMs),
    };
    const nowMs = this.#clock.monotonicMs();
    const isNew = nowMs - (this.#lastMs.get(shortage) ?? Number.NEGATIVE_INFINITY) >= episodeMs;
    this.#lastMs.set(shortage, nowMs);
    if (isNew) this.#tell(sentences[shortage]);
  }
}
