// Deletes fragment files when the spool is over one of its limits — bytes, age, room on the disk — and keeps what became of
// each. One run at a time: two side by side would choose the same files.
import { rm, statfs } from 'node:fs/promises';
import type { Facts } from '../facts.ts';
import { chooseEvictions } from './eviction.ts';
import { filePath, reasonPath } from './fragment-file.ts';
import type { FragmentRecord, FragmentState } from './fragment-record.ts';
import { giveUp } from './give-up.ts';
import type { SpoolIndex } from './spool-index.ts';

const overCap = 'spool.maxBytes reached';
const diskCrowded = 'spool.minFreeBytes reached';
const tooOld = 'spool.maxAgeHours passed';

/** Candidates of one camera and state that are looked at in one go: more than the uploader has in flight. */
const batch = 64;
/** Share of the cap that refused fragments may keep. */
const rejectedShare = 0.1;

export type Limits = {
  maxBytes: number;
  /** Room on the disk that is left to others. */
  minFreeBytes: number;
  maxAgeMs: number;
  /** Whether fragments that wait may be given up for new ones. */
  evictWaiting: boolean;
  /** How long a camera's persisted fragments stay; 0: until their room is needed. */
  retentionMs: (cameraId: string) => number;
  /** Room on the disk, for users like this one. */
  freeBytes: () => Promise<number>;
};

export type RoomOptions = { dir: string; index: SpoolIndex; facts: Facts; limits: Limits };

/** Room that the disk of `dir` has for this user. More than enough when the system does not tell. */
export async function freeBytesOf(dir: string): Promise<number> {
  try {
    const { bavail, bsize } = await statfs(dir);
    return bavail * bsize;
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}

/** Methods reject with the system's error when a file cannot be deleted. */
export class RoomMaker {
  readonly #dir: string;
  readonly #index: SpoolIndex;
  readonly #facts: Facts;
  readonly #limits: Limits;
  #last: Promise<unknown> = Promise.resolve();

  constructor({ dir, index, facts, limits }: RoomOptions) {
    this.#dir = dir;
    this.#index = index;
    this.#facts = facts;
    this.#limits = limits;
  }

  /** Brings the files under the cap and leaves the disk its room, as far as what may be given up suffices. */
  keepUnder(): Promise<void> {
    return this.#keepRoomFor(0);
  }

  /** Whether `bytes` more fit under the limits, after everything was freed that may be. */
  async hasRoom(bytes: number): Promise<boolean> {
    await this.#keepRoomFor(bytes);
    const { targetBytes } = await this.#target();
    return this.#index.bytes + bytes <= targetBytes;
  }

  /** Frees `bytes` of a full disk, from what the service has already; less when there is less. */
  freePersisted(bytes: number): Promise<void> {
    return this.#inTurn(() => this.#free(['persisted'], this.#index.bytes - bytes, overCap));
  }

  /** Gives up a camera's fragments that are too old, and deletes persisted ones that need not stay longer. */
  deleteAged(cameraId: string, nowMs: number): Promise<void> {
    const { maxAgeMs, retentionMs } = this.#limits;
    const keepMs = Math.min(retentionMs(cameraId) || maxAgeMs, maxAgeMs);
    return this.#inTurn(async () => {
      await this.#evictBefore(cameraId, ['persisted'], nowMs - keepMs);
      await this.#evictBefore(cameraId, ['rejected', 'waiting'], nowMs - maxAgeMs);
    });
  }

  /** Leaves room for `bytes` more, as far as what may be given up suffices. */
  #keepRoomFor(bytes: number): Promise<void> {
    return this.#inTurn(async () => {
      await this.#keepRejectedUnder(this.#limits.maxBytes * rejectedShare);
      const { targetBytes: allowedBytes, reason } = await this.#target();
      const targetBytes = allowedBytes - bytes;
      const states: FragmentState[] = ['persisted', 'rejected'];
      await this.#free(this.#limits.evictWaiting ? [...states, 'waiting'] : states, targetBytes, reason);
    });
  }

  #inTurn(work: () => Promise<void>): Promise<void> {
    const run = this.#last.then(work);
    this.#last = run.catch(() => undefined);
    return run;
  }

  /** What the files may hold. The disk is asked once: room that a deletion frees may show late. */
  async #target(): Promise<{ targetBytes: number; reason: string }> {
    const { maxBytes, minFreeBytes, freeBytes } = this.#limits;
    const allowedBytes = this.#index.bytes + (await freeBytes()) - minFreeBytes;
    return allowedBytes < maxBytes
      ? { targetBytes: allowedBytes, reason: diskCrowded }
      : { targetBytes: maxBytes, reason: overCap };
  }

  async #keepRejectedUnder(maxBytes: number): Promise<void> {
    const excessBytes = this.#index.rejectedBytes() - maxBytes;
    if (excessBytes > 0) await this.#free(['rejected'], this.#index.bytes - excessBytes, overCap);
  }

  async #free(states: FragmentState[], targetBytes: number, reason: string): Promise<void> {
    while (this.#index.bytes > targetBytes) {
      const heldBytes = this.#index.heldBytes();
      const candidates = states.flatMap(state =>
        [...heldBytes.keys()].flatMap(cameraId => this.#index.oldest(cameraId, state, batch)),
      );
      if (candidates.length === 0) return;
      const excessBytes = this.#index.bytes - targetBytes;
      for (const record of chooseEvictions({ candidates, excessBytes, heldBytes })) await this.#evict(record, reason);
    }
  }

  async #evictBefore(cameraId: string, states: FragmentState[], beforeMs: number): Promise<void> {
    for (const state of states) {
      for (;;) {
        const aged = this.#index.oldest(cameraId, state, batch).filter(({ endMs }) => endMs < beforeMs);
        for (const record of aged) await this.#evict(record, tooOld);
        if (aged.length < batch) break;
      }
    }
  }

  async #evict(chosen: FragmentRecord, reason: string): Promise<void> {
    await rm(filePath(this.#dir, chosen), { force: true });
    if (chosen.state === 'rejected') await rm(reasonPath(this.#dir, chosen.cameraId, chosen.startMs), { force: true });
    // The service may have confirmed it while the file was being deleted.
    const record = this.#index.byId(chosen.id);
    // Given its right time meanwhile, its file has another name: it is chosen again.
    if (!record || record.startMs !== chosen.startMs) return;
    giveUp({ index: this.#index, facts: this.#facts }, record, reason);
  }
}
