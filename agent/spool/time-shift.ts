// What the index has of times that were provisional — recorded before the device knew the time — and its move to the right
// ones. Every method may be repeated: what was moved is provisional no more.
import type { IndexDatabase } from './index-database.ts';

const spanColumns = [
  ['history', 'start_ms'],
  ['history', 'end_ms'],
  ['outages', 'start_ms'],
  ['outages', 'end_ms'],
  ['downs', 'start_ms'],
  ['downs', 'end_ms'],
  ['process', 'alive_ms'],
] as const;

/** Methods throw SQLite's own errors. */
export class TimeShift {
  readonly #database: IndexDatabase;

  constructor(database: IndexDatabase) {
    this.#database = database;
  }

  /** Fragments that start before `beforeMs`, oldest first. */
  fragmentsBefore(beforeMs: number): { cameraId: string; startMs: number }[] {
    const sql = 'SELECT camera_id, start_ms FROM fragments WHERE start_ms < ? ORDER BY start_ms';
    return this.#database
      .all(sql, beforeMs)
      .map(row => ({ cameraId: String(row.camera_id), startMs: Number(row.start_ms) }));
  }

  hasBefore(beforeMs: number): boolean {
    return this.#database.get('SELECT 1 FROM fragments WHERE start_ms < ? LIMIT 1', beforeMs) !== undefined;
  }

  /** The latest moment before `beforeMs` that anything is known of. */
  newestBefore(beforeMs: number): number | undefined {
    const moments = ['fragments', ...spanColumns.filter(([, column]) => column === 'end_ms').map(([table]) => table)];
    const newest = moments.map(table =>
      Number(this.#database.get(`SELECT max(end_ms) AS ms FROM ${table} WHERE end_ms < ?`, beforeMs)?.ms ?? 0),
    );
    const newestMs = Math.max(...newest);
    return newestMs > 0 ? newestMs : undefined;
  }

  moveFragment(cameraId: string, startMs: number, byMs: number): void {
    this.#database.run(
      'UPDATE fragments SET start_ms = start_ms + ?1, end_ms = end_ms + ?1 WHERE camera_id = ?2 AND start_ms = ?3',
      ...[byMs, cameraId, startMs],
    );
  }

  /** Everything but fragments. A span that began before the time was known may have ended after. */
  moveSpans(beforeMs: number, byMs: number): void {
    this.#database.transaction(() => {
      for (const [table, column] of spanColumns)
        this.#database.run(`UPDATE ${table} SET ${column} = ${column} + ? WHERE ${column} < ?`, byMs, beforeMs);
    });
  }

  /** On disk when it returns: with `synchronous = NORMAL` a power cut may take the last commits with it. */
  flush(): void {
    this.#database.get('PRAGMA wal_checkpoint(FULL)');
  }
}
