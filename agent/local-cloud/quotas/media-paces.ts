// The quotas of media as it flows: how fast a producer is read from, how fast a reader is sent to. Nobody is refused: who
// is faster is held up, by the connection's own back-pressure.
import type { Clock } from '../../clock.ts';
import type { FragmentTaker } from '../put-media/session.ts';
import { BytePace, CountPace } from './pace.ts';
import { leastFragmentMs, mediaRates, type QuotaName } from './table.ts';

type PacesOptions = { names: ReadonlySet<QuotaName>; clock: Clock };

/** Of a stream's producers, one after the other: a new connection brings no new burst. */
export type ProducerPace = {
  bytes: BytePace | undefined;
  fragments: CountPace | undefined;
  /** Shorter fragments are refused; left out: none are. */
  leastFragmentMs: number | undefined;
};

export type ReaderPace = { bytes: BytePace | undefined; fragments: CountPace | undefined };

/** Larger pieces wait in parts, so that what is sent flows. */
const pieceBytes = 256 * 1024;

export class MediaPaces {
  readonly #options: PacesOptions;
  readonly #producers = new Map<string, ProducerPace>();

  constructor(options: PacesOptions) {
    this.#options = options;
  }

  /** @param arn of the stream */
  producer(arn: string): ProducerPace {
    const known = this.#producers.get(arn);
    if (known) return known;
    const pace: ProducerPace = {
      bytes: this.#bytes('PutMediaBandwidth'),
      fragments: this.#fragments('PutMediaFragments'),
      leastFragmentMs: this.#options.names.has('PutMediaFragmentDuration') ? leastFragmentMs : undefined,
    };
    if (this.#options.names.size > 0) this.#producers.set(arn, pace);
    return pace;
  }

  /** Of one answer. */
  reader(operation: 'GetMedia' | 'GetMediaForFragmentList'): ReaderPace {
    return {
      bytes: this.#bytes(`${operation}Bandwidth`),
      fragments: operation === 'GetMedia' ? this.#fragments('GetMediaFragments') : undefined,
    };
  }

  #bytes(name: keyof typeof mediaRates): BytePace | undefined {
    return this.#options.names.has(name) ? new BytePace(this.#options.clock, mediaRates[name]) : undefined;
  }

  #fragments(name: keyof typeof mediaRates): CountPace | undefined {
    return this.#options.names.has(name) ? new CountPace(this.#options.clock, mediaRates[name]) : undefined;
  }
}

/** The store as a session sees it whose fragments may not begin as fast as they like. */
export function pacedTaker(store: FragmentTaker, fragments: CountPace, stopped: AbortSignal): FragmentTaker {
  return {
    findStream: name => store.findStream(name),
    receive: async arriving => {
      await fragments.take(stopped);
      return store.receive(arriving);
    },
    persist: (arrival, content) => store.persist(arrival, content),
  };
}

/** The same bytes, no faster than the pace allows. */
export async function* pacedBytes(
  body: AsyncIterable<Uint8Array>,
  pace: BytePace,
  gone: AbortSignal,
): AsyncGenerator<Uint8Array> {
  for await (const chunk of body)
    for (let start = 0; start < chunk.length; start += pieceBytes) {
      const piece = chunk.subarray(start, start + pieceBytes);
      await pace.take(piece.length, gone);
      yield piece;
    }
}
