// Rules and cameras that are silent for a while because somebody asked for it. On disk at once: a restart does not wake them.
import { z } from 'zod';
import type { Snooze } from '../../../shared/rule-answers.ts';
import type { Clock } from '../../clock.ts';
import type { RuleDatabase } from './rule-database.ts';

const rowSchema = z.object({ rule_id: z.string(), camera_id: z.string(), from_ms: z.int(), until_ms: z.int() });

const minuteMs = 60_000;
/** Stills that come late were taken before somebody asked for silence; farther back, the clock was set. */
const lateMs = 10 * minuteMs;

type Kept = Snooze & { fromMs: number };

/** A rule on every camera, a camera for every rule, one rule on one camera, or, with neither, everything. */
export type SnoozeTarget = { ruleId?: string; cameraId?: string };

export class Snoozes {
  readonly #database: RuleDatabase;
  readonly #clock: Clock;
  readonly #kept = new Map<string, Kept>();
  readonly #listeners = new Set<() => void>();

  /** @throws AgentError `disk-*` */
  constructor(database: RuleDatabase, clock: Clock) {
    this.#database = database;
    this.#clock = clock;
    const rows = database.use(sql => sql.prepare('SELECT * FROM snooze').all());
    for (const row of rows) {
      const { rule_id: ruleId, camera_id: cameraId, from_ms: fromMs, until_ms: untilMs } = rowSchema.parse(row);
      this.#kept.set(keyOf(ruleId, cameraId), { ...named(ruleId, cameraId), fromMs, untilMs });
    }
  }

  /** Silent from now until then, however long it was to be silent before; undefined, or the past, ends it. @throws AgentError `disk-*` */
  snooze({ ruleId = '', cameraId = '' }: SnoozeTarget, untilMs: number | undefined): void {
    const fromMs = this.#clock.nowMs();
    const key = keyOf(ruleId, cameraId);
    const wanted = untilMs !== undefined && untilMs > fromMs ? Math.round(untilMs) : undefined;
    this.#database.change(sql => {
      sql.prepare('DELETE FROM snooze WHERE until_ms <= ?').run(fromMs);
      if (wanted === undefined)
        sql.prepare('DELETE FROM snooze WHERE rule_id = ? AND camera_id = ?').run(ruleId, cameraId);
      else sql.prepare('INSERT OR REPLACE INTO snooze VALUES (?, ?, ?, ?)').run(ruleId, cameraId, fromMs, wanted);
    });
    if (wanted === undefined) this.#kept.delete(key);
    else this.#kept.set(key, { ...named(ruleId, cameraId), fromMs, untilMs: wanted });
    for (const listener of this.#listeners) listener();
  }

  /** Ends all of them. @throws AgentError `disk-*` */
  wakeAll(): void {
    this.#database.change(sql => sql.exec('DELETE FROM snooze'));
    this.#kept.clear();
    for (const listener of this.#listeners) listener();
  }

  /** Until when exactly this target is snoozed, whatever wider ones say. */
  snoozedUntilMs({ ruleId = '', cameraId = '' }: SnoozeTarget): number | undefined {
    const kept = this.#kept.get(keyOf(ruleId, cameraId));
    return kept && holds(kept, this.#clock.nowMs()) ? kept.untilMs : undefined;
  }

  /** Called when a snooze begins, changes or is ended, not when its time is over. Returns the function that ends it. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Until when the rule is silent on the camera, by the agent's clock; undefined when it is not. */
  until(ruleId: string, cameraId: string, atMs: number = this.#clock.nowMs()): number | undefined {
    if (this.#kept.size === 0) return undefined;
    const holding = [keyOf(ruleId, cameraId), keyOf(ruleId, ''), keyOf('', cameraId), keyOf('', '')].flatMap(key => {
      const kept = this.#kept.get(key);
      return kept && holds(kept, atMs) ? kept.untilMs : [];
    });
    return holding.length === 0 ? undefined : Math.max(...holding);
  }

  /** Those that hold now. */
  list(): Snooze[] {
    const nowMs = this.#clock.nowMs();
    for (const [key, { untilMs }] of this.#kept) if (untilMs <= nowMs) this.#kept.delete(key);
    return [...this.#kept.values()].filter(kept => holds(kept, nowMs)).map(({ fromMs: _from, ...snooze }) => snooze);
  }
}

function holds({ fromMs, untilMs }: Kept, atMs: number): boolean {
  return atMs >= fromMs - lateMs && atMs < untilMs;
}

function keyOf(ruleId: string, cameraId: string): string {
  return `${ruleId} ${cameraId}`;
}

function named(ruleId: string, cameraId: string): { ruleId?: string; cameraId?: string } {
  return { ...(ruleId === '' ? {} : { ruleId }), ...(cameraId === '' ? {} : { cameraId }) };
}
