// What was recorded before the device knew the time, and its move to the right times while the spool is in use.
import type { Changes } from './changes.ts';
import { diskError } from './disk-errors.ts';
import type { GrowingFragments } from './growing-fragment.ts';
import type { Presence } from './presence.ts';
import { type RetimeOptions, retime } from './retime.ts';

export type ProvisionalOptions = RetimeOptions & {
  growing: GrowingFragments;
  presence: Presence;
  changes: Changes;
};

export class ProvisionalRecordings {
  readonly #options: ProvisionalOptions;

  constructor(options: ProvisionalOptions) {
    this.#options = options;
  }

  /** As `Spool.newestProvisionalMs`. Throws SQLite's own errors. */
  newestMs(): number {
    const { index, beforeMs } = this.#options;
    return index.timeShift.newestBefore(beforeMs) ?? 0;
  }

  /** As `Spool.retime`. */
  async retime(byMs: number): Promise<number> {
    const { dir, index, beforeMs, growing, presence, changes } = this.#options;
    const { timeShift } = index;
    presence.beat();
    try {
      if (timeShift.hasBefore(beforeMs)) await retime({ dir, index, beforeMs, byMs });
      else timeShift.moveSpans(beforeMs, byMs);
      for (const cameraId of index.cameraIds()) changes.announce(cameraId);
      return timeShift.fragmentsBefore(beforeMs).length + growing.countBefore(beforeMs);
    } catch (error) {
      throw diskError(error, dir);
    }
  }
}
