// What the index knows of a camera's footage: the places of its fragments, and how far its past reaches. `Past` tells the
// spans that have no fragment.
import type { FootageSpan } from '../../shared/api.ts';
import type { FragmentState } from './fragment-record.ts';
import type { IndexDatabase } from './index-database.ts';

/** Block timecodes have 16 bits, so no fragment is longer; bounds the search for what overlaps a moment. */
const longestFragmentMs = 60_000;

const placeOf = { waiting: 'disk', persisted: 'cloud', rejected: 'lost' } as const;

/** Methods throw SQLite's own errors. */
export class IndexFootage {
  readonly #database: IndexDatabase;

  constructor(database: IndexDatabase) {
    this.#database = database;
  }

  /**
   * Where the video of fragments in the range is, those that follow each other without a gap and share state and reason
   * merged: SQLite does it ten times as fast as rows one by one, and a day has 43,000.
   */
  spans(cameraId: string, fromMs: number, toMs: number): FootageSpan[] {
    const rows = this.#database.all(
      `WITH fragment AS (
         SELECT start_ms, end_ms, state, reason,
           start_ms <= lag(end_ms) OVER earlier AND state = lag(state) OVER earlier
             AND reason IS lag(reason) OVER earlier AS continues
         FROM fragments WHERE camera_id = ? AND start_ms > ? AND start_ms <= ? AND end_ms >= ?
         WINDOW earlier AS (ORDER BY start_ms)
       ), numbered AS (
         SELECT *, sum(continues IS NOT 1) OVER (ORDER BY start_ms) AS span FROM fragment
       )
       SELECT min(start_ms) AS start_ms, max(end_ms) AS end_ms, state, reason FROM numbered GROUP BY span ORDER BY span`,
      ...[cameraId, fromMs - longestFragmentMs, toMs, fromMs],
    );
    return rows.map(row => ({
      startMs: Number(row.start_ms),
      endMs: Number(row.end_ms),
      at: placeOf[row.state as FragmentState],
      ...(typeof row.reason === 'string' ? { reason: row.reason } : {}),
    }));
  }

  /** The range widened to the nearest footage on either side: what lies between is explained by its neighbours. */
  widened(cameraId: string, fromMs: number, toMs: number): { fromMs: number; toMs: number } {
    const row = this.#database.get(
      `SELECT max(
          coalesce((SELECT max(end_ms) FROM fragments WHERE camera_id = ?1 AND end_ms <= ?2), -9e15),
          coalesce((SELECT max(end_ms) FROM history WHERE camera_id = ?1 AND end_ms <= ?2), -9e15)) AS before,
        min(
          coalesce((SELECT min(start_ms) FROM fragments WHERE camera_id = ?1 AND start_ms >= ?3), 9e15),
          coalesce((SELECT min(start_ms) FROM history WHERE camera_id = ?1 AND start_ms >= ?3), 9e15)) AS after`,
      ...[cameraId, fromMs, toMs],
    );
    return { fromMs: Math.max(Number(row?.before), -9e15), toMs: Math.min(Number(row?.after), 9e15) };
  }

  /** Start of the oldest footage the index knows of. */
  firstMs(cameraId: string): number | undefined {
    const row = this.#database.get(
      `SELECT min(start_ms) AS first FROM (
         SELECT min(start_ms) AS start_ms FROM fragments WHERE camera_id = ?1
         UNION ALL SELECT min(start_ms) FROM history WHERE camera_id = ?1)`,
      cameraId,
    );
    return typeof row?.first === 'number' ? row.first : undefined;
  }

  lostMs(cameraId: string): number {
    const row = this.#database.get(
      `SELECT (SELECT coalesce(sum(end_ms - start_ms), 0) FROM history WHERE camera_id = ?1 AND at = 'lost')
            + (SELECT coalesce(sum(end_ms - start_ms), 0) FROM fragments WHERE camera_id = ?1 AND state = 'rejected') AS ms`,
      cameraId,
    );
    return Number(row?.ms);
  }
}
