// Token buckets: so many points a second, a second's worth at once. One for each key that is asked about; those that are
// full again say nothing and are forgotten, so that memory follows what is in use.
import type { Clock } from '../../clock.ts';

type Bucket = { level: number; atMs: number; perSecond: number };

export type Charge = {
  key: string;
  perSecond: number;
  points: number;
  /** For the sentence that refuses it. */
  what: string;
};

const leastSweep = 1000;

export class Buckets {
  readonly #clock: Pick<Clock, 'monotonicMs'>;
  readonly #buckets = new Map<string, Bucket>();
  #sweepAt = leastSweep;

  constructor(clock: Pick<Clock, 'monotonicMs'>) {
    this.#clock = clock;
  }

  /**
   * Takes all charges or none. Returns the first that cannot be paid now.
   * One that is dearer than its bucket is large is paid from a full one, which then has to recover from below zero.
   */
  take(charges: readonly Charge[]): Charge | undefined {
    const buckets = charges.map(charge => ({ charge, bucket: this.#bucket(charge) }));
    const short = buckets.find(({ charge, bucket }) => bucket.level < Math.min(charge.points, charge.perSecond));
    if (short) return short.charge;
    for (const { charge, bucket } of buckets) bucket.level -= charge.points;
    return undefined;
  }

  /** Keys that are remembered. */
  get size(): number {
    return this.#buckets.size;
  }

  #bucket({ key, perSecond }: Charge): Bucket {
    const nowMs = this.#clock.monotonicMs();
    const known = this.#buckets.get(key);
    if (known) {
      fill(known, nowMs);
      return known;
    }
    if (this.#buckets.size >= this.#sweepAt) this.#sweep(nowMs);
    const bucket = { level: perSecond, atMs: nowMs, perSecond };
    this.#buckets.set(key, bucket);
    return bucket;
  }

  #sweep(nowMs: number): void {
    for (const [key, bucket] of this.#buckets) {
      fill(bucket, nowMs);
      if (bucket.level >= bucket.perSecond) this.#buckets.delete(key);
    }
    this.#sweepAt = Math.max(leastSweep, 2 * this.#buckets.size);
  }
}

function fill(bucket: Bucket, nowMs: number): void {
  const gained = ((nowMs - bucket.atMs) / 1000) * bucket.perSecond;
  bucket.level = Math.min(bucket.perSecond, bucket.level + gained);
  bucket.atMs = nowMs;
}
