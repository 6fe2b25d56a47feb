// What the index remembers beside fragments: spans whose file is gone, when a camera gave no video, when no agent ran, and
// how much was written. Sizes are small: spans that continue each other are one row.
import type { FootageSpan } from '../../shared/api.ts';
import type { IndexDatabase, Row } from './index-database.ts';

const dayMs = 24 * 3_600_000;

/** Methods throw SQLite's own errors. */
export class Past {
  readonly #database: IndexDatabase;

  constructor(database: IndexDatabase) {
    this.#database = database;
  }

  /** Keeps a span that has no file, as part of the span it continues when there is one. */
  addHistory(cameraId: string, { startMs, endMs, at, reason }: FootageSpan): void {
    const { changes } = this.#database.run(
      'UPDATE history SET end_ms = ? WHERE camera_id = ? AND end_ms = ? AND at = ? AND reason IS ?',
      ...[endMs, cameraId, startMs, at, reason ?? null],
    );
    if (changes === 0)
      this.#database.run('INSERT INTO history VALUES (?, ?, ?, ?, ?)', cameraId, startMs, endMs, at, reason ?? null);
  }

  /** A camera that is offline for another reason than before begins another outage. */
  beginOutage(cameraId: string, fromMs: number, reason: string): void {
    const open = this.#openOutage(cameraId);
    if (open?.reason === reason) return;
    this.#database.transaction(() => {
      this.endOutage(cameraId, fromMs);
      this.#database.run('INSERT INTO outages VALUES (?, ?, NULL, ?)', cameraId, fromMs, reason);
    });
  }

  /** Does nothing when the camera is not offline. */
  endOutage(cameraId: string, atMs: number): void {
    this.#database.run(
      'UPDATE outages SET end_ms = max(start_ms, ?) WHERE camera_id = ? AND end_ms IS NULL',
      ...[atMs, cameraId],
    );
  }

  /** The agent is gone since `atMs`: what it knew to be offline then is not known any more. */
  endAllOutages(atMs: number): void {
    this.#database.run('UPDATE outages SET end_ms = max(start_ms, ?) WHERE end_ms IS NULL', atMs);
  }

  /** When the agent last said that it runs. */
  get aliveMs(): number | undefined {
    const aliveMs = this.#database.get('SELECT alive_ms FROM process')?.alive_ms;
    return typeof aliveMs === 'number' ? aliveMs : undefined;
  }

  setAlive(nowMs: number): void {
    this.#database.run('UPDATE process SET alive_ms = ?', nowMs);
  }

  addDown(startMs: number, endMs: number): void {
    this.#database.run('INSERT INTO downs VALUES (?, ?)', startMs, endMs);
  }

  /** Before it, an index that was lost knew things that nobody knows now. */
  get knownFromMs(): number {
    return Number(this.#database.get('SELECT known_from_ms FROM process')?.known_from_ms ?? 0);
  }

  forgetBefore(nowMs: number): void {
    this.#database.run('UPDATE process SET known_from_ms = ?', nowMs);
  }

  /** Everything but fragments that touches the range; a camera that is offline still is so until `nowMs`. */
  spans(cameraId: string, { fromMs, toMs, nowMs }: { fromMs: number; toMs: number; nowMs: number }): FootageSpan[] {
    const range = [fromMs, toMs];
    return [
      ...this.#database.all(
        'SELECT * FROM history WHERE camera_id = ? AND end_ms >= ? AND start_ms <= ?',
        ...[cameraId, ...range],
      ),
      ...this.#database.all(
        `SELECT start_ms, coalesce(end_ms, ?) AS end_ms, 'offline' AS at, reason FROM outages
         WHERE camera_id = ? AND (end_ms >= ? OR end_ms IS NULL) AND start_ms <= ?`,
        ...[nowMs, cameraId, ...range],
      ),
      ...this.#database.all(
        "SELECT start_ms, end_ms, 'agent-down' AS at, NULL AS reason FROM downs WHERE end_ms >= ? AND start_ms <= ?",
        ...range,
      ),
    ].map(toSpan);
  }

  addWritten(nowMs: number, bytes: number): void {
    this.#database.run(
      'INSERT INTO written VALUES (?, ?) ON CONFLICT (day_ms) DO UPDATE SET bytes = bytes + excluded.bytes',
      ...[nowMs - (nowMs % dayMs), bytes],
    );
  }

  /** Bytes of fragments written on the UTC day of `atMs`. */
  written(atMs: number): number {
    const row = this.#database.get('SELECT bytes FROM written WHERE day_ms = ?', atMs - (atMs % dayMs));
    return Number(row?.bytes ?? 0);
  }

  prune(beforeMs: number): void {
    this.#database.run('DELETE FROM history WHERE end_ms < ?', beforeMs);
    this.#database.run('DELETE FROM outages WHERE end_ms < ?', beforeMs);
    this.#database.run('DELETE FROM downs WHERE end_ms < ?', beforeMs);
    this.#database.run('DELETE FROM written WHERE day_ms < ?', beforeMs);
  }

  #openOutage(cameraId: string): Row | undefined {
    return this.#database.get('SELECT * FROM outages WHERE camera_id = ? AND end_ms IS NULL', cameraId);
  }
}

function toSpan(row: Row): FootageSpan {
  return {
    startMs: Number(row.start_ms),
    endMs: Number(row.end_ms),
    at: row.at as FootageSpan['at'],
    ...(typeof row.reason === 'string' ? { reason: row.reason } : {}),
  };
}
