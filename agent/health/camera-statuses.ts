// The state of every camera, kept from facts and completed with what the spool holds. The console and
// `kvs-edge status` read it; nothing in the pipeline depends on it.

import type { CameraSettings } from '../../shared/camera-settings.ts';
import type { CameraStatus } from '../../shared/camera-status.ts';
import type { Clock } from '../clock.ts';
import { asAgentError } from '../errors.ts';
import type { Fact, Facts } from '../facts.ts';
import { cameraOf, statusAfter, type ToldStatus } from './status-change.ts';

/** What the spool says of one camera. */
export type SpoolReader = {
  waiting(cameraId: string): { fragments: number; bytes: number; oldestMs?: number };
  lostMs(cameraId: string): number;
};

export type ShownCameras = readonly (Pick<CameraSettings, 'id' | 'labels'> & { stream: string })[];

export type CameraStatusesOptions = {
  cameras: ShownCameras;
  facts: Facts;
  clock: Clock;
  spool: SpoolReader;
};

/** Changes within this time reach listeners as one: the console redraws at most twice a second. */
const quietMs = 500;

export class CameraStatuses implements Disposable {
  readonly #options: CameraStatusesOptions;
  #statuses: Map<string, ToldStatus> = new Map();
  readonly #listeners = new Set<() => void>();
  readonly #unsubscribe: () => void;
  #cancelNews: (() => void) | undefined;

  constructor(options: CameraStatusesOptions) {
    this.#options = options;
    this.#show(options.cameras);
    this.#unsubscribe = options.facts.subscribe(fact => this.#take(fact));
  }

  /** In the order of the settings file. A spool that cannot be read shows as the disk problem it is. */
  statuses(): CameraStatus[] {
    return [...this.#statuses.values()].map(status => this.#complete(status));
  }

  /** From now on these are the cameras; what is known of one that stays is kept. */
  follow(cameras: ShownCameras): void {
    this.#show(cameras);
    this.#announce();
  }

  /** Calls back soon after something changed, at most twice a second. Returns the function that ends it. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  [Symbol.dispose](): void {
    this.#unsubscribe();
    this.#cancelNews?.();
    this.#listeners.clear();
  }

  #show(cameras: ShownCameras): void {
    const sinceMs = this.#options.clock.nowMs();
    this.#statuses = new Map(
      cameras.map(({ id, stream, labels }) => {
        const known = this.#statuses.get(id) ?? { id, state: 'starting', sinceMs, upload: { state: 'idle' } };
        const on = labels !== undefined && labels.provider !== 'none';
        return [id, { ...known, stream, labels: on ? { on, everySeconds: labels.everySeconds } : { on } }];
      }),
    );
  }

  #take(fact: Fact): void {
    const id = cameraOf(fact);
    const status = id === undefined ? undefined : this.#statuses.get(id);
    if (!status) return;
    const changed = statusAfter(status, fact, this.#options.clock.nowMs());
    this.#statuses.set(status.id, changed);
    // An evicted fragment changes the spool's numbers, though nothing that facts tell.
    if (changed !== status || fact.type === 'fragment.evicted') this.#announce();
  }

  #announce(): void {
    this.#cancelNews ??= this.#options.clock.after(quietMs, () => {
      this.#cancelNews = undefined;
      for (const listener of this.#listeners) listener();
    });
  }

  #complete(status: ToldStatus): CameraStatus {
    const { spool } = this.#options;
    try {
      const { fragments, bytes, oldestMs } = spool.waiting(status.id);
      return {
        ...status,
        upload: {
          ...status.upload,
          waitingFragments: fragments,
          waitingBytes: bytes,
          ...(oldestMs === undefined ? {} : { oldestWaitingMs: oldestMs }),
        },
        lostSeconds: Math.round(spool.lostMs(status.id) / 1000),
      };
    } catch (error) {
      const { code, message } = asAgentError(error);
      return {
        ...status,
        upload: { ...status.upload, waitingFragments: 0, waitingBytes: 0 },
        lostSeconds: 0,
        diskProblem: { code, message },
      };
    }
  }
}
