// KVS's numbers of the fragments that alerts are about. The spool forgets a fragment's number with its file, which can be
// before a receiver that was down takes the alert: so the numbers of the newest alerts are kept here as they become known.
import type { FactOf, Facts } from '../facts.ts';

/** Alerts whose fragment is remembered; those of a bad day with the receiver down. */
const rememberedAlerts = 1_000;

export type FragmentNumbersOptions = {
  facts: Facts;
  /** The number in the spool of the fragment that contains the moment, while its file is there and when it is confirmed. */
  inSpool(cameraId: string, atMs: number): string | undefined;
};

type Asked = { cameraId: string; atMs: number; fragmentNumber?: string };

export class FragmentNumbers implements Disposable {
  readonly #options: FragmentNumbersOptions;
  /** By camera and moment, oldest first. */
  readonly #asked = new Map<string, Asked>();
  readonly #stop: () => void;

  constructor(options: FragmentNumbersOptions) {
    this.#options = options;
    this.#stop = options.facts.subscribe(fact => {
      if (fact.type === 'alert.raised') this.#remember(fact);
      else if (fact.type === 'fragment.persisted') this.#learn(fact);
    });
  }

  /** Undefined while KVS has not confirmed the fragment, and for ever when nobody knows any more. Never throws. */
  of(cameraId: string, atMs: number): string | undefined {
    return this.#asked.get(keyOf(cameraId, atMs))?.fragmentNumber ?? this.#inSpool(cameraId, atMs);
  }

  [Symbol.dispose](): void {
    this.#stop();
  }

  #remember({ alert: { cameraId, atMs } }: FactOf<'alert.raised'>): void {
    if (cameraId === undefined) return;
    const fragmentNumber = this.of(cameraId, atMs);
    this.#asked.set(keyOf(cameraId, atMs), {
      ...{ cameraId, atMs },
      ...(fragmentNumber === undefined ? {} : { fragmentNumber }),
    });
    for (const oldest of this.#asked.keys()) {
      if (this.#asked.size <= rememberedAlerts) break;
      this.#asked.delete(oldest);
    }
  }

  #learn({ cameraId, startMs, endMs, fragmentNumber }: FactOf<'fragment.persisted'>): void {
    for (const asked of this.#asked.values()) {
      if (asked.cameraId !== cameraId || asked.atMs < startMs || asked.atMs >= endMs) continue;
      asked.fragmentNumber ??= fragmentNumber;
    }
  }

  /** An index that cannot be read costs an alert this detail, no more. */
  #inSpool(cameraId: string, atMs: number): string | undefined {
    try {
      return this.#options.inSpool(cameraId, atMs);
    } catch {
      return undefined;
    }
  }
}

function keyOf(cameraId: string, atMs: number): string {
  return `${cameraId} ${atMs}`;
}
