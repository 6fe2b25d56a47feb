// The counts that are running, on disk: a restart goes on with what was counted. What a kill loses is what was counted since
// the last write.
import { z } from 'zod';
import type { RunningCount } from '../../rules/crossing-counts.ts';
import type { RuleDatabase } from './rule-database.ts';

const crossings = z.array(
  z.object({
    label: z.string(),
    direction: z.enum(['left-to-right', 'right-to-left']),
    count: z.int(),
  }),
);
const rowSchema = z
  .object({
    ...{ rule_id: z.string(), camera_id: z.string(), line: z.string() },
    ...{ from_ms: z.int(), to_ms: z.int(), crossings: z.string() },
  })
  .transform(({ rule_id: ruleId, camera_id: cameraId, line, from_ms: fromMs, to_ms: toMs, ...row }) => {
    return { ruleId, cameraId, counts: { line, fromMs, toMs, crossings: crossings.parse(JSON.parse(row.crossings)) } };
  });

export class PeriodBook {
  readonly #database: RuleDatabase;
  #written = '';

  constructor(database: RuleDatabase) {
    this.#database = database;
  }

  /** Oldest first. @throws AgentError `disk-*` */
  read(): RunningCount[] {
    const rows = this.#database.use(sql => sql.prepare('SELECT * FROM period ORDER BY from_ms').all());
    return rows.map(row => rowSchema.parse(row));
  }

  /** These and no others. Costs nothing when nothing changed. @throws AgentError `disk-*` */
  write(running: readonly RunningCount[]): void {
    const text = JSON.stringify(running);
    if (text === this.#written) return;
    this.#database.change(sql => {
      sql.exec('DELETE FROM period');
      const insert = sql.prepare('INSERT OR REPLACE INTO period VALUES (?, ?, ?, ?, ?, ?)');
      for (const { ruleId, cameraId, counts } of running) {
        const { line, fromMs, toMs, crossings } = counts;
        insert.run(ruleId, cameraId, fromMs, toMs, line, JSON.stringify(crossings));
      }
    });
    this.#written = text;
  }
}
