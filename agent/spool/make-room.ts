// Deletes fragment files when the spool is over its cap or the disk is full, and keeps what became of each.
import { rm } from 'node:fs/promises';
import type { Facts } from '../facts.ts';
import { chooseEvictions } from './eviction.ts';
import { fragmentPath } from './fragment-file.ts';
import type { FragmentRecord, FragmentState } from './fragment-record.ts';
import type { SpoolIndex } from './spool-index.ts';

export const overCap = 'spool.maxBytes reached';

/** Candidates of one state that are looked at in one go: more than the uploader has in flight. */
const batch = 64;

export class RoomMaker {
  readonly #dir: string;
  readonly #index: SpoolIndex;
  readonly #facts: Facts;
  #last: Promise<unknown> = Promise.resolve();

  constructor(dir: string, index: SpoolIndex, facts: Facts) {
    this.#dir = dir;
    this.#index = index;
    this.#facts = facts;
  }

  /** Brings the files under `maxBytes`. Rejects with the system's error when a file cannot be deleted. */
  keepUnder(maxBytes: number): Promise<void> {
    return this.#inTurn(() => this.#free(['persisted', 'rejected', 'waiting'], () => this.#index.bytes - maxBytes));
  }

  /** Frees `bytes` of a full disk, from what the service has already; less when there is less. Rejects like `keepUnder`. */
  freePersisted(bytes: number): Promise<void> {
    const targetBytes = this.#index.bytes - bytes;
    return this.#inTurn(() => this.#free(['persisted'], () => this.#index.bytes - targetBytes));
  }

  /** Two runs side by side would choose the same files. */
  #inTurn(work: () => Promise<void>): Promise<void> {
    const run = this.#last.then(work);
    this.#last = run.catch(() => undefined);
    return run;
  }

  async #free(states: FragmentState[], excessBytes: () => number): Promise<void> {
    while (excessBytes() > 0) {
      const candidates = states.flatMap(state => this.#index.oldest(state, batch));
      if (candidates.length === 0) return;
      for (const record of chooseEvictions(candidates, excessBytes())) await this.#evict(record);
    }
  }

  async #evict(chosen: FragmentRecord): Promise<void> {
    await rm(fragmentPath(this.#dir, chosen.cameraId, chosen.startMs), { force: true });
    // The service may have confirmed it while the file was being deleted.
    const record = this.#index.byId(chosen.id);
    if (!record) return;
    this.#index.forget(record, overCap);
    const { cameraId, startMs, endMs, state } = record;
    if (state === 'waiting')
      this.#facts.publish({ type: 'fragment.evicted', cameraId, startMs, endMs, reason: overCap });
  }
}
