// The share of the uplink that all cameras may use together: one token bucket, and among those who wait for it the camera
// goes next that has had the least. Without a limit nobody waits.
import type { Clock } from '../clock.ts';

/** Bytes written at once without a limit: few enough to see a slow connection move. */
const unlimitedSliceBytes = 64 * 1024;
const smallestSliceBytes = 4 * 1024;

/** A claim on the uplink. `finish` is the place in the order: bytes the camera will have had, when it is served. */
export type Claim = { cameraId: string; bytes: number; finish: number };

/** Whose turn it is. Pure. */
export function nextClaim<T extends Claim>(waiting: readonly T[]): T | undefined {
  return waiting.reduce<T | undefined>(
    (best, claim) => (best && best.finish <= claim.finish ? best : claim),
    undefined,
  );
}

/** When the bucket has paid for what was taken: `freeAtMs` moves on by the time the bytes take. Pure. */
export function freeAfter(freeAtMs: number, nowMs: number, bytes: number, bitsPerSecond: number): number {
  return Math.max(freeAtMs, nowMs) + (bytes * 8_000) / bitsPerSecond;
}

type Waiting = Claim & { go: () => void };

export class Uplink {
  /** How much should be taken at once: a quarter of a second's share. */
  readonly sliceBytes: number;
  readonly #clock: Clock;
  readonly #bitsPerSecond: number | undefined;
  readonly #waiting: Waiting[] = [];
  readonly #finishOf = new Map<string, number>();
  /** The place of the claim served last: a camera that comes back does not make up for what it did not ask for. */
  #served = 0;
  #freeAtMs = 0;
  #cancelTimer: (() => void) | undefined;

  constructor({ clock, bitsPerSecond }: { clock: Clock; bitsPerSecond?: number | undefined }) {
    this.#clock = clock;
    this.#bitsPerSecond = bitsPerSecond;
    const quarterSecond = Math.round((bitsPerSecond ?? 0) / 32);
    this.sliceBytes =
      bitsPerSecond === undefined
        ? unlimitedSliceBytes
        : Math.min(unlimitedSliceBytes, Math.max(smallestSliceBytes, quarterSecond));
  }

  /** Resolves when the camera may send so many bytes. Rejects with the signal's reason. */
  take(cameraId: string, bytes: number, signal: AbortSignal): Promise<void> {
    const bitsPerSecond = this.#bitsPerSecond;
    if (bitsPerSecond === undefined) return Promise.resolve();
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason);
      const finish = Math.max(this.#finishOf.get(cameraId) ?? 0, this.#served) + bytes;
      const leave = () => {
        this.#waiting.splice(this.#waiting.indexOf(claim), 1);
        reject(signal.reason);
      };
      const go = () => {
        signal.removeEventListener('abort', leave);
        resolve();
      };
      const claim = { cameraId, bytes, finish, go };
      signal.addEventListener('abort', leave, { once: true });
      this.#waiting.push(claim);
      this.#serve(bitsPerSecond);
    });
  }

  #serve(bitsPerSecond: number): void {
    if (this.#cancelTimer) return;
    for (let claim = nextClaim(this.#waiting); claim; claim = nextClaim(this.#waiting)) {
      const nowMs = this.#clock.monotonicMs();
      if (this.#freeAtMs > nowMs) {
        this.#serveLater(this.#freeAtMs - nowMs, bitsPerSecond);
        return;
      }
      this.#waiting.splice(this.#waiting.indexOf(claim), 1);
      this.#freeAtMs = freeAfter(this.#freeAtMs, nowMs, claim.bytes, bitsPerSecond);
      this.#finishOf.set(claim.cameraId, claim.finish);
      this.#served = claim.finish - claim.bytes;
      claim.go();
    }
  }

  #serveLater(ms: number, bitsPerSecond: number): void {
    this.#cancelTimer = this.#clock.after(ms, () => {
      this.#cancelTimer = undefined;
      this.#serve(bitsPerSecond);
    });
  }
}
