// What each rule said of each sighting, with when and on how many frames: the answer to "why did I (not) get an alert?", also
// after a restart. Written now and then, all at once, for the SD card's sake; bounded in memory and on disk.
import { z } from 'zod';
import type { RuleOutcome } from '../../../shared/rule-outcome.ts';
import { outcomesByReach } from '../../../shared/rule-outcome.ts';
import type { Clock } from '../../clock.ts';
import type { RuleDatabase } from './rule-database.ts';

const dayMs = 86_400_000;
/** Not yet written; when the disk takes nothing for long, news is dropped. */
const maxUnwritten = 20_000;
const writesPerPrune = 100;

export type WhyLogOptions = {
  database: RuleDatabase;
  clock: Clock;
  /** Default 200,000. */
  maxRows?: number;
  /** Default 30 days. */
  keepDays?: number;
};

export type Told = {
  sightingId: string;
  ruleId: string;
  cameraId: string;
  label: string;
  outcome: RuleOutcome;
  atMs: number;
};

export type Why = {
  sightingId: string;
  ruleId: string;
  cameraId: string;
  label: string;
  outcome: RuleOutcome;
  firstMs: number;
  lastMs: number;
  frames: number;
};

const outcome = z.string().refine((text): text is RuleOutcome => outcomesByReach.some(known => known === text));
const rowSchema = z
  .object({
    ...{ sighting_id: z.string(), rule_id: z.string(), outcome, camera_id: z.string(), label: z.string() },
    ...{ first_ms: z.int(), last_ms: z.int(), frames: z.int() },
  })
  .transform(({ sighting_id, rule_id, camera_id, first_ms, last_ms, ...rest }): Why => {
    const ids = { sightingId: sighting_id, ruleId: rule_id, cameraId: camera_id };
    return { ...rest, ...ids, firstMs: first_ms, lastMs: last_ms };
  });

export class WhyLog {
  readonly #options: Required<WhyLogOptions>;
  #unwritten = new Map<string, Why>();
  #writes = 0;

  constructor(options: WhyLogOptions) {
    this.#options = { maxRows: 200_000, keepDays: 30, ...options };
  }

  note({ atMs, ...told }: Told): void {
    const key = `${told.sightingId} ${told.ruleId} ${told.outcome}`;
    const known = this.#unwritten.get(key);
    if (known) {
      known.lastMs = atMs;
      known.frames++;
    } else if (this.#unwritten.size < maxUnwritten) {
      this.#unwritten.set(key, { ...told, firstMs: atMs, lastMs: atMs, frames: 1 });
    }
  }

  /** What was not written yet stays when this throws. @throws AgentError `disk-*` */
  flush(): void {
    if (this.#unwritten.size === 0) return;
    this.#options.database.change(sql => {
      const insert = sql.prepare(
        `INSERT INTO why VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (sighting_id, rule_id, outcome)
         DO UPDATE SET last_ms = excluded.last_ms, frames = frames + excluded.frames`,
      );
      for (const why of this.#unwritten.values()) {
        insert.run(
          ...[why.sightingId, why.ruleId, why.outcome, why.cameraId, why.label, why.firstMs, why.lastMs, why.frames],
        );
      }
      if (this.#writes++ % writesPerPrune === 0) {
        const { maxRows, keepDays, clock } = this.#options;
        sql.prepare('DELETE FROM why WHERE first_ms < ?').run(clock.nowMs() - keepDays * dayMs);
        sql
          .prepare(
            `DELETE FROM why WHERE first_ms < (SELECT first_ms FROM why ORDER BY first_ms DESC LIMIT 1 OFFSET ?)`,
          )
          .run(maxRows - 1);
      }
    });
    this.#unwritten = new Map();
  }

  /** Of one sighting, in the order they were first said. @throws AgentError `disk-*` */
  of(sightingId: string): Why[] {
    this.flush();
    return this.#select('WHERE sighting_id = ? ORDER BY first_ms, rule_id', sightingId);
  }

  /** Of the newest, newest first. @throws AgentError `disk-*` */
  newest(limit: number): Why[] {
    this.flush();
    return this.#select('ORDER BY first_ms DESC LIMIT ?', limit);
  }

  /** Rules and sightings whose alert was raised, as `rule sighting`. @throws AgentError `disk-*` */
  raised(): Set<string> {
    const rows = this.#options.database.use(sql =>
      sql.prepare(`SELECT rule_id || ' ' || sighting_id AS pair FROM why WHERE outcome = 'fired'`).all(),
    );
    return new Set(rows.map(({ pair }) => String(pair)));
  }

  #select(conditions: string, ...parameters: (string | number)[]): Why[] {
    return this.#options.database.use(sql =>
      sql
        .prepare(`SELECT * FROM why ${conditions}`)
        .all(...parameters)
        .map(row => rowSchema.parse(row)),
    );
  }
}
