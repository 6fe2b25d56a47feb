// Keeps clients to KVS's quotas: asked before an operation runs, once its signature or its session token was found right.
import type { IncomingHttpHeaders } from 'node:http';
import type { Clock } from '../../clock.ts';
import type { Caller } from '../route.ts';
import type { MediaStore } from '../store/media-store.ts';
import { WireError } from '../wire-error.ts';
import { askedFor, type Points, pointsOf } from './asked.ts';
import { Buckets, type Charge } from './buckets.ts';
import {
  detectLabelsRate,
  fragmentPoints,
  isQuotaName,
  maxStreams,
  type QuotaName,
  type RequestRate,
  requestRates,
  type SessionOperation,
  sessionRates,
} from './table.ts';

export type QuotasOptions = {
  names: ReadonlySet<QuotaName>;
  clock: Pick<Clock, 'monotonicMs'>;
  store: Pick<MediaStore, 'findStream' | 'fragments'> & { streams(): readonly unknown[] };
};

export type AskedOperation = {
  path: string;
  headers: IncomingHttpHeaders;
  /** Left out for PutMedia. */
  body?: Buffer;
  caller: Caller;
};

/** What a session's token is used for. */
export type SessionUse = {
  operation: SessionOperation;
  token: string;
  stream: string;
  /** Most that a media playlist or manifest of the session lists. */
  fragments: number;
};

const detectLabels = 'RekognitionService.DetectLabels';

/** What reads the times of as many fragments as it lists, and what reads one fragment. */
const listing: ReadonlySet<SessionOperation> = new Set(['GetHLSMediaPlaylist', 'GetDASHManifest']);
const carrying: ReadonlySet<SessionOperation> = new Set(['GetMP4MediaFragment', 'GetTSFragment']);

export class Quotas {
  readonly #options: QuotasOptions;
  readonly #buckets: Buckets;

  constructor(options: QuotasOptions) {
    this.#options = options;
    this.#buckets = new Buckets(options.clock);
  }

  /** @throws WireError ClientLimitExceededException, or what the operation has in its place */
  admit({ path, headers, body, caller }: AskedOperation): void {
    const { names, store } = this.#options;
    if (names.size === 0) return;
    if (path === '/' && headers['x-amz-target'] === detectLabels) {
      this.#admitLabels(caller.region);
      return;
    }
    const asked = askedFor(headers, body);
    const reference = asked.StreamName ?? asked.StreamARN;
    const stream = reference === undefined ? undefined : store.findStream(reference);
    const points = stream ? pointsOf(path, asked, { store, stream }) : {};
    this.#take([...this.#requestCharges(path, stream?.name), ...this.#fragmentCharges(stream?.name, points)]);
  }

  /** @throws WireError ClientLimitExceededException */
  admitSession({ operation, token, stream, fragments }: SessionUse): void {
    const points: Points = {
      ...(listing.has(operation) ? { metadata: fragments } : {}),
      ...(carrying.has(operation) ? { media: 1 } : {}),
    };
    const session: Charge = {
      ...{ key: `${operation} ${token}`, perSecond: sessionRates[operation], points: 1 },
      what: `${operation} requests of a session`,
    };
    const charges = this.#options.names.has(operation) ? [session] : [];
    this.#take([...charges, ...this.#fragmentCharges(stream, points)]);
  }

  /** Asked when a stream is about to be made. @throws WireError AccountStreamLimitExceededException */
  admitStream(): void {
    if (!this.#options.names.has('Streams') || this.#options.store.streams().length < maxStreams) return;
    throw new WireError('AccountStreamLimitExceededException', `The account has ${maxStreams} streams already.`);
  }

  #requestCharges(path: string, stream: string | undefined): Charge[] {
    const rates: [string, RequestRate][] = Object.entries(requestRates);
    const [name, rate] = rates.find(([, candidate]) => candidate.path === path) ?? [];
    if (!name || !rate || !isQuotaName(name) || !this.#options.names.has(name)) return [];
    const charge = (perSecond: number, of: string): Charge => ({
      ...{ key: `${name} ${of}`, perSecond, points: 1 },
      what: `${name} requests of ${of}`,
    });
    return [
      ...(rate.perAccount === undefined ? [] : [charge(rate.perAccount, 'the account')]),
      ...(rate.perStream === undefined || stream === undefined ? [] : [charge(rate.perStream, `the stream ${stream}`)]),
    ];
  }

  #fragmentCharges(stream: string | undefined, { metadata = 0, media = 0 }: Points): Charge[] {
    const charge = (name: keyof typeof fragmentPoints, points: number): Charge[] => {
      if (stream === undefined || points === 0 || !this.#options.names.has(name)) return [];
      const of = `the stream ${stream}`;
      return [{ key: `${name} ${of}`, perSecond: fragmentPoints[name], points, what: `${name} points of ${of}` }];
    };
    return [...charge('FragmentMetadata', metadata), ...charge('FragmentMedia', media)];
  }

  #admitLabels(region: string): void {
    if (!this.#options.names.has('DetectLabels')) return;
    const { large, largeRegions, other } = detectLabelsRate;
    const perSecond = largeRegions.some(name => name === region) ? large : other;
    const what = `DetectLabels requests in ${region}`;
    const short = this.#buckets.take([{ key: what, perSecond, points: 1, what }]);
    if (short) throw new WireError('ProvisionedThroughputExceededException', said(short));
  }

  #take(charges: readonly Charge[]): void {
    const short = this.#buckets.take(charges);
    if (short) throw new WireError('ClientLimitExceededException', said(short));
  }
}

function said({ what, perSecond }: Charge): string {
  return `Rate exceeded: the quota of ${what} is ${perSecond} a second.`;
}
