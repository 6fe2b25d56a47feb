// What is there → what is kept of it, and when. A thing is kept when it comes, when it moved, when it was never seen better and
// when it leaves; that it is still there is noted now and then, rarer the longer it stays, to spare the SD card.
import type { Sighting } from '../../shared/sighting.ts';
import type { Facts } from '../facts.ts';
import type { Still } from '../sampler/still.ts';
import type { LabelledStill } from './labelled-still.ts';
import { withLastPlace } from './sighting-of.ts';
import type { SightingChange, SightingStore } from './sighting-store.ts';

const leastPauseMs = 5_000;
const longestPauseMs = 60_000;
/** Of the time it has been there. */
const pauseShare = 0.05;

/** Who watches live video sees it behind the present by some seconds: what is found there is told as often. */
const toldEveryMs = 2_000;

/** Until when a thing is known on disk and was told to be there, and what is known of it by now. */
type Noted = { keptUntilMs: number; toldUntilMs: number; latest: Sighting };

/** Of one camera. */
export class SightingLog {
  readonly #store: Pick<SightingStore, 'keep'>;
  readonly #noted = new Map<string, Noted>();
  readonly #facts: Facts;
  #lastStill: Still | undefined;

  constructor(store: Pick<SightingStore, 'keep'>, facts: Facts) {
    this.#store = store;
    this.#facts = facts;
  }

  /**
   * Publishes `sighting.updated` also for what was found and is not kept now.
   * @throws AgentError `disk-*`; what could not be kept is kept with the next still
   */
  async keep({ still, seen, ended }: LabelledStill): Promise<void> {
    this.#lastStill = still;
    const changes: SightingChange[] = [];
    for (const { sighting, isNew, moved, better } of seen) {
      const noted = this.#noted.get(sighting.id);
      const unknown = isNew || (noted !== undefined && noted.keptUntilMs === never);
      if (unknown || moved || better || isDue(sighting, noted)) changes.push({ sighting, isNew: unknown, better });
      // One that is there from before a restart was kept then, as far as anybody knows.
      const keptUntilMs = noted?.keptUntilMs ?? (isNew ? never : lastOf(sighting));
      const toldUntilMs = noted?.toldUntilMs ?? lastOf(sighting);
      this.#noted.set(sighting.id, { keptUntilMs, toldUntilMs, latest: sighting });
    }
    for (const sighting of ended) {
      changes.push(...this.#unkept(sighting));
      this.#noted.delete(sighting.id);
    }
    await this.#store.keep(still, changes);
    for (const { sighting } of changes) {
      const noted = this.#noted.get(sighting.id);
      if (noted) noted.keptUntilMs = noted.toldUntilMs = lastOf(sighting);
    }
    this.#tell(seen);
  }

  /** Keeps what is known of everything that is still there: the agent stops. @throws AgentError `disk-*` */
  async flush(): Promise<void> {
    const changes = [...this.#noted.values()].flatMap(({ latest }) => this.#unkept(latest));
    if (this.#lastStill) await this.#store.keep(this.#lastStill, changes);
    this.#noted.clear();
  }

  #tell(seen: LabelledStill['seen']): void {
    for (const { sighting, found } of seen) {
      const noted = this.#noted.get(sighting.id);
      if (!found || !noted || lastOf(sighting) - noted.toldUntilMs < toldEveryMs) continue;
      noted.toldUntilMs = lastOf(sighting);
      this.#facts.publish({ type: 'sighting.updated', sighting: withLastPlace(sighting) });
    }
  }

  #unkept(sighting: Sighting): SightingChange[] {
    const keptUntilMs = this.#noted.get(sighting.id)?.keptUntilMs;
    if (keptUntilMs === undefined || keptUntilMs === lastOf(sighting) || keptUntilMs === never) return [];
    return [{ sighting, isNew: false, better: false }];
  }
}

const never = Number.NEGATIVE_INFINITY;

function lastOf({ atMs, untilMs = atMs }: Sighting): number {
  return untilMs;
}

function isDue(sighting: Sighting, noted: Noted | undefined): boolean {
  return noted !== undefined && lastOf(sighting) - noted.keptUntilMs >= pauseMs(sighting);
}

function pauseMs(sighting: Sighting): number {
  return Math.min(longestPauseMs, Math.max(leastPauseMs, pauseShare * (lastOf(sighting) - sighting.atMs)));
}

/** Whether what was kept of a thing allows that it is still there, when it may be missed for `forgetMs`. */
export function mayBeThere(sighting: Sighting, { nowMs, forgetMs }: { nowMs: number; forgetMs: number }): boolean {
  return nowMs - lastOf(sighting) <= forgetMs + pauseMs(sighting);
}

/** How far back to look for such. */
export function oldestThere(nowMs: number, forgetMs: number): number {
  return nowMs - forgetMs - longestPauseMs;
}
