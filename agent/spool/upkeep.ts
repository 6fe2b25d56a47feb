// What the spool does by the clock: say that the agent lives, write what was in memory long enough, delete what is too old.
import type { Clock } from '../clock.ts';
import type { DiskTrouble } from './disk-trouble.ts';
import type { FragmentStore } from './fragment-store.ts';
import type { RoomMaker } from './make-room.ts';
import type { Presence } from './presence.ts';
import type { SpoolIndex } from './spool-index.ts';

/** The agent's word that it lives, and the look at what became too old. */
const beatMs = 10_000;
/** How often memory is looked at. */
const memoryBeatMs = 1_000;
/** How long the footage remembers what has no file. */
export const historyMs = 60 * 24 * 3_600_000;

export type UpkeepOptions = {
  index: SpoolIndex;
  store: FragmentStore;
  room: RoomMaker;
  presence: Presence;
  clock: Clock;
  hasMemory: boolean;
  provisionalBeforeMs: number;
  trouble: DiskTrouble;
};

export class Upkeep implements AsyncDisposable {
  readonly #options: UpkeepOptions;
  #beatAtMs: number;
  #cancelTimer = () => {};
  #working: Promise<void> = Promise.resolve();

  constructor(options: UpkeepOptions) {
    this.#options = options;
    this.#beatAtMs = options.clock.monotonicMs() + beatMs;
    this.#workLater();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#cancelTimer();
    await this.#working;
  }

  #workLater(): void {
    const { clock, hasMemory } = this.#options;
    this.#cancelTimer = clock.after(hasMemory ? memoryBeatMs : beatMs, () => {
      // A turn that a slow disk makes long is followed by the next one, never joined by it.
      this.#working = this.#working.then(() => this.#work());
      this.#workLater();
    });
  }

  async #work(): Promise<void> {
    const { clock, store, presence, trouble } = this.#options;
    const nowMs = clock.monotonicMs();
    await store.writeDue(nowMs);
    if (nowMs < this.#beatAtMs) return;
    this.#beatAtMs = nowMs + beatMs;
    presence.beat();
    // What the disk refuses is tried again at the next turn.
    for (const cameraId of this.#cameraIds()) await trouble.attempt(cameraId, () => this.#deleteAged(cameraId));
  }

  /** None while the index cannot be read: whoever asks the spool next learns why. */
  #cameraIds(): string[] {
    try {
      return this.#options.index.cameraIds();
    } catch {
      return [];
    }
  }

  async #deleteAged(cameraId: string): Promise<void> {
    const { room, index, clock, provisionalBeforeMs } = this.#options;
    // Nothing is too old before its time is known.
    if (index.timeShift.hasBefore(provisionalBeforeMs)) return;
    await room.deleteAged(cameraId, clock.nowMs());
    index.past.prune(clock.nowMs() - historyMs);
  }
}
