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
export type SnoozeTarget = { ruleId?: string | undefined; cameraId?: string | undefined };

export class Snoozes {
  readonly #database: RuleDatabase;
  readonly #clock: Clock;
  readonly #kept = new Map<string, Kept>();

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

  /** Silent from now on for so long, however long it was to be silent before; 0 ends it. Those that hold then. @throws AgentError `disk-*` */
  snooze({ ruleId = '', cameraId = '', minutes }: SnoozeTarget & { minutes: number }): Snooze[] {
    const fromMs = this.#clock.nowMs();
    const untilMs = Math.round(fromMs + minutes * minuteMs);
    const everything = ruleId === '' && cameraId === '';
    this.#database.change(sql => {
      sql.prepare('DELETE FROM snooze WHERE until_ms <= ?').run(fromMs);
      if (minutes > 0)
        sql.prepare('INSERT OR REPLACE INTO snooze VALUES (?, ?, ?, ?)').run(ruleId, cameraId, fromMs, untilMs);
      else if (everything) sql.exec('DELETE FROM snooze');
      else sql.prepare('DELETE FROM snooze WHERE rule_id = ? AND camera_id = ?').run(ruleId, cameraId);
    });
    const key = keyOf(ruleId, cameraId);
    if (minutes > 0) this.#kept.set(key, { ...named(ruleId, cameraId), fromMs, untilMs });
    else if (everything) this.#kept.clear();
    else this.#kept.delete(key);
    return this.list();
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
