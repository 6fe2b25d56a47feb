// How many pictures were sent to whom on which day, and when labels were paused, in SQLite. `synchronous = NORMAL`: no wait for
// the disk at each call; kill -9 forgets nothing, a power cut at most the last calls. Bounded by age and number.
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { z } from 'zod';
import type { LabelPause } from '../../shared/budget.ts';
import { makeFolderSync } from '../folders.ts';
import { transaction } from '../sqlite/transaction.ts';
import { ledgerError } from './disk-errors.ts';

const tablesSql = `
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = NORMAL;
  CREATE TABLE IF NOT EXISTS calls (
    day TEXT NOT NULL,
    camera_id TEXT NOT NULL,
    provider TEXT NOT NULL,
    calls INTEGER NOT NULL,
    PRIMARY KEY (day, camera_id, provider)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS pause (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    camera_id TEXT NOT NULL,
    reason TEXT NOT NULL CHECK (reason IN ('budget', 'failure')),
    from_ms INTEGER NOT NULL,
    until_ms INTEGER NOT NULL,
    to_ms INTEGER
  ) STRICT;
  CREATE INDEX IF NOT EXISTS pause_camera ON pause (camera_id, from_ms);
`;

const keptDays = 400;
const keptPauses = 20_000;

export type CallsRow = { cameraId: string; provider: string; calls: number };
export type PauseRow = {
  cameraId: string;
  reason: LabelPause['reason'];
  fromMs: number;
  untilMs: number;
  toMs?: number;
};

const callsRow = z
  .object({ camera_id: z.string(), provider: z.string(), calls: z.int() })
  .transform(({ camera_id: cameraId, ...row }) => ({ cameraId, ...row }));
const pauseRow = z
  .object({
    camera_id: z.string(),
    reason: z.enum(['budget', 'failure']),
    from_ms: z.int(),
    until_ms: z.int(),
    to_ms: z.int().nullable(),
  })
  .transform(({ camera_id: cameraId, reason, from_ms: fromMs, until_ms: untilMs, to_ms: toMs }) => {
    return { cameraId, reason, fromMs, untilMs, ...(toMs === null ? {} : { toMs }) };
  });

/** Every method throws an AgentError `disk-*` when the database cannot be used. */
export class LabelLedger implements Disposable {
  readonly #dataDir: string;
  readonly #database: DatabaseSync;

  /** `labels.sqlite` in `dataDir`, made when it is missing. */
  constructor(dataDir: string) {
    this.#dataDir = dataDir;
    try {
      makeFolderSync(dataDir);
      this.#database = new DatabaseSync(join(dataDir, 'labels.sqlite'), { timeout: 2_000 });
      this.#database.exec(tablesSql);
      this.#prune();
    } catch (error) {
      throw ledgerError(error, dataDir);
    }
  }

  /** `calls` may be negative: a call that was not made after all. */
  count(day: string, { cameraId, provider, calls }: CallsRow): void {
    this.#run(
      `INSERT INTO calls VALUES (?, ?, ?, max(0, ?))
       ON CONFLICT DO UPDATE SET calls = max(0, calls + ?)`,
      [day, cameraId, provider, calls, calls],
    );
  }

  /** Of one day (`2026-11-25`), or of all that begin alike (`2026-11`), by camera and provider. */
  callsOf(days: string): CallsRow[] {
    const sql = `SELECT camera_id, provider, sum(calls) AS calls FROM calls WHERE day >= ? AND day < ?
      GROUP BY camera_id, provider`;
    // ~ sorts after every digit and dash.
    return this.#rows(sql, [days, `${days}~`]).map(row => callsRow.parse(row));
  }

  /** What was noted in the years before 2000, when nobody knew the time, was noted on `day` and `correctionMs` later. */
  settleProvisional({ day, correctionMs, beforeMs }: { day: string; correctionMs: number; beforeMs: number }): void {
    this.#guard(() =>
      transaction(this.#database, () => {
        for (const column of ['from_ms', 'until_ms', 'to_ms'])
          this.#run(`UPDATE pause SET ${column} = ${column} + ? WHERE ${column} < ?`, [correctionMs, beforeMs]);
        this.#run(
          `INSERT INTO calls SELECT ?, camera_id, provider, sum(calls) AS moved FROM calls WHERE day < '2000'
           GROUP BY camera_id, provider
           ON CONFLICT DO UPDATE SET calls = calls + excluded.calls`,
          [day],
        );
        this.#run("DELETE FROM calls WHERE day < '2000'", []);
      }),
    );
  }

  /** Pauses that have not ended. */
  openPauses(): PauseRow[] {
    return this.#rows('SELECT * FROM pause WHERE to_ms IS NULL ORDER BY seq', []).map(row => pauseRow.parse(row));
  }

  beginPause({ cameraId, reason, fromMs, untilMs }: PauseRow): void {
    this.#run('INSERT INTO pause (camera_id, reason, from_ms, until_ms) VALUES (?, ?, ?, ?)', [
      ...[cameraId, reason, fromMs, untilMs],
    ]);
    const sql = 'DELETE FROM pause WHERE seq <= (SELECT max(seq) FROM pause) - ?';
    this.#run(sql, [keptPauses]);
  }

  extendPause(cameraId: string, untilMs: number): void {
    this.#run('UPDATE pause SET until_ms = ? WHERE camera_id = ? AND to_ms IS NULL', [untilMs, cameraId]);
  }

  endPause(cameraId: string, toMs: number): void {
    this.#run('UPDATE pause SET to_ms = max(from_ms, ?) WHERE camera_id = ? AND to_ms IS NULL', [toMs, cameraId]);
  }

  /** Of one camera, those that reach into the range, oldest first. */
  pausesBetween(cameraId: string, { fromMs, toMs }: { fromMs: number; toMs: number }): PauseRow[] {
    const sql = `SELECT * FROM pause WHERE camera_id = ? AND from_ms < ? AND coalesce(to_ms, until_ms) >= ?
      ORDER BY from_ms, seq`;
    return this.#rows(sql, [cameraId, toMs, fromMs]).map(row => pauseRow.parse(row));
  }

  [Symbol.dispose](): void {
    if (this.#database.isOpen) this.#database.close();
  }

  /** By number, not by age: a clock that was once wrong by years must not take today's calls along. */
  #prune(): void {
    const sql = 'DELETE FROM calls WHERE day NOT IN (SELECT DISTINCT day FROM calls ORDER BY day DESC LIMIT ?)';
    this.#database.prepare(sql).run(keptDays);
  }

  #run(sql: string, parameters: (string | number)[]): void {
    this.#guard(() => this.#database.prepare(sql).run(...parameters));
  }

  #rows(sql: string, parameters: (string | number)[]): unknown[] {
    return this.#guard(() => this.#database.prepare(sql).all(...parameters));
  }

  #guard<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      throw ledgerError(error, this.#dataDir);
    }
  }
}
