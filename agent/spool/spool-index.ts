// The index beside the files: SQLite, one row a fragment file, and the history of those whose file is gone.
// Every statement is synchronous and small; media never passes through here.
import { DatabaseSync, type SQLOutputValue, type StatementSync } from 'node:sqlite';
import type { FootageSpan } from '../../shared/api.ts';
import type { FragmentRecord, FragmentState } from './fragment-record.ts';
import type { NewFragment } from './growing-file.ts';

/** An index of another version is rebuilt from the files. */
export const schemaVersion = 1;

/** Block timecodes have 16 bits, so no fragment is longer; bounds the search for what overlaps a moment. */
const longestFragmentMs = 60_000;

const schema = `
  CREATE TABLE fragments (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    camera_id TEXT NOT NULL, start_ms INTEGER NOT NULL, end_ms INTEGER NOT NULL,
    bytes INTEGER NOT NULL, header_bytes INTEGER NOT NULL, frames INTEGER NOT NULL,
    codec_key TEXT NOT NULL, track_numbers TEXT NOT NULL,
    state TEXT NOT NULL, reason TEXT, fragment_number TEXT, send_begun INTEGER NOT NULL,
    UNIQUE (camera_id, start_ms)
  ) STRICT;
  CREATE INDEX by_camera_state ON fragments (camera_id, state, start_ms, bytes);
  CREATE INDEX by_state ON fragments (state, start_ms);
  CREATE TABLE history (
    camera_id TEXT NOT NULL, start_ms INTEGER NOT NULL, end_ms INTEGER NOT NULL, at TEXT NOT NULL, reason TEXT
  ) STRICT;
  CREATE INDEX history_by_end ON history (camera_id, end_ms);
  CREATE TABLE process (clean INTEGER NOT NULL) STRICT;
  INSERT INTO process VALUES (1);
  PRAGMA user_version = ${schemaVersion};
`;

type Row = Record<string, SQLOutputValue>;

/** Methods throw SQLite's own errors; `diskError` says what they mean. */
export class SpoolIndex implements Disposable {
  readonly #database: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();
  #bytes: number;
  /** Whether the process that used the index before ended by closing it. */
  readonly closedCleanly: boolean;

  /** Opens or makes the index. Throws when it is damaged or of another version. */
  constructor(path: string) {
    this.#database = new DatabaseSync(path);
    try {
      this.#prepareDatabase();
      this.closedCleanly = this.#get('SELECT clean FROM process')?.clean === 1;
      this.#bytes = Number(this.#get('SELECT coalesce(sum(bytes), 0) AS bytes FROM fragments')?.bytes);
      this.#markInUse();
    } catch (error) {
      this.#database.close();
      throw error;
    }
  }

  /** Of all fragment files together. */
  get bytes(): number {
    return this.#bytes;
  }

  insert(fragment: NewFragment): FragmentRecord {
    const { cameraId, startMs, endMs, bytes, headerBytes, frames, codecKey, trackNumbers, state, sendBegun } = fragment;
    const { lastInsertRowid } = this.#run(
      `INSERT INTO fragments (camera_id, start_ms, end_ms, bytes, header_bytes, frames, codec_key, track_numbers, state, send_begun)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      ...[
        cameraId,
        startMs,
        endMs,
        bytes,
        headerBytes,
        frames,
        codecKey,
        trackNumbers.join(),
        state,
        Number(sendBegun),
      ],
    );
    this.#bytes += bytes;
    return { ...fragment, id: Number(lastInsertRowid) };
  }

  /** Drops the row of a file that is gone and keeps its span: in the cloud when persisted, otherwise lost for `reason`. */
  forget(record: FragmentRecord, reason: string): void {
    this.#database.exec('BEGIN');
    try {
      const { startMs, endMs } = record;
      if (record.state === 'persisted') this.addHistory(record.cameraId, { startMs, endMs, at: 'cloud' });
      else this.addHistory(record.cameraId, { startMs, endMs, at: 'lost', reason: record.reason ?? reason });
      this.drop(record);
      this.#database.exec('COMMIT');
    } catch (error) {
      this.#database.exec('ROLLBACK');
      throw error;
    }
  }

  /** Drops the row of a fragment whose file is about to be read again. */
  drop(record: FragmentRecord): void {
    const { changes } = this.#run('DELETE FROM fragments WHERE id = ?', record.id);
    if (changes === 1) this.#bytes -= record.bytes;
  }

  /** Keeps a span that has no file, as part of the span it continues when there is one. */
  addHistory(cameraId: string, { startMs, endMs, at, reason }: FootageSpan): void {
    const { changes } = this.#run(
      'UPDATE history SET end_ms = ? WHERE camera_id = ? AND end_ms = ? AND at = ? AND reason IS ?',
      ...[endMs, cameraId, startMs, at, reason ?? null],
    );
    if (changes === 0)
      this.#run('INSERT INTO history VALUES (?, ?, ?, ?, ?)', cameraId, startMs, endMs, at, reason ?? null);
  }

  pruneHistory(beforeMs: number): void {
    this.#run('DELETE FROM history WHERE end_ms < ?', beforeMs);
  }

  setState(id: number, state: FragmentState, details: { reason?: string; fragmentNumber?: string }): void {
    this.#run(
      'UPDATE fragments SET state = ?, reason = ?, fragment_number = ? WHERE id = ?',
      ...[state, details.reason ?? null, details.fragmentNumber ?? null, id],
    );
  }

  setSendBegun(id: number, begun: boolean): void {
    this.#run('UPDATE fragments SET send_begun = ? WHERE id = ?', Number(begun), id);
  }

  /** Every waiting fragment may have been sent: what an unclean end leaves us with. */
  doubtAllWaiting(): void {
    this.#run("UPDATE fragments SET send_begun = 1 WHERE state = 'waiting'");
  }

  byId(id: number): FragmentRecord | undefined {
    return this.#record('SELECT * FROM fragments WHERE id = ?', id);
  }

  has(cameraId: string, startMs: number): boolean {
    return this.#get('SELECT 1 FROM fragments WHERE camera_id = ? AND start_ms = ?', cameraId, startMs) !== undefined;
  }

  /** The fragment whose time contains `timecodeMs`. */
  at(cameraId: string, timecodeMs: number): FragmentRecord | undefined {
    const record = this.#record(
      'SELECT * FROM fragments WHERE camera_id = ? AND start_ms <= ? ORDER BY start_ms DESC LIMIT 1',
      ...[cameraId, timecodeMs],
    );
    return record && timecodeMs < record.endMs ? record : undefined;
  }

  newest(cameraId: string): FragmentRecord | undefined {
    return this.#record('SELECT * FROM fragments WHERE camera_id = ? ORDER BY start_ms DESC LIMIT 1', cameraId);
  }

  nextWaiting(cameraId: string, afterStartMs: number): FragmentRecord | undefined {
    return this.#record(
      `SELECT * FROM fragments WHERE camera_id = ? AND state = 'waiting' AND start_ms > ? ORDER BY start_ms LIMIT 1`,
      ...[cameraId, afterStartMs],
    );
  }

  doubtful(cameraId: string, limit: number): FragmentRecord[] {
    return this.#records(
      `SELECT * FROM fragments WHERE camera_id = ? AND state = 'waiting' AND send_begun = 1 ORDER BY start_ms LIMIT ?`,
      ...[cameraId, limit],
    );
  }

  waiting(cameraId: string): { fragments: number; bytes: number; oldestMs?: number } {
    const row = this.#get(
      `SELECT count(*) AS fragments, coalesce(sum(bytes), 0) AS bytes, min(start_ms) AS oldest
       FROM fragments WHERE camera_id = ? AND state = 'waiting'`,
      cameraId,
    );
    const oldest = row?.oldest;
    return {
      fragments: Number(row?.fragments),
      bytes: Number(row?.bytes),
      ...(typeof oldest === 'number' ? { oldestMs: oldest } : {}),
    };
  }

  oldest(state: FragmentState, limit: number): FragmentRecord[] {
    return this.#records('SELECT * FROM fragments WHERE state = ? ORDER BY start_ms LIMIT ?', state, limit);
  }

  ofCamera(cameraId: string): FragmentRecord[] {
    return this.#records('SELECT * FROM fragments WHERE camera_id = ? ORDER BY start_ms', cameraId);
  }

  cameraIds(): string[] {
    return this.#all('SELECT DISTINCT camera_id FROM fragments').map(row => String(row.camera_id));
  }

  overlapping(cameraId: string, fromMs: number, toMs: number): FragmentRecord[] {
    return this.#records(
      'SELECT * FROM fragments WHERE camera_id = ? AND start_ms > ? AND start_ms < ? AND end_ms > ? ORDER BY start_ms',
      ...[cameraId, fromMs - longestFragmentMs, toMs, fromMs],
    );
  }

  history(cameraId: string, fromMs: number, toMs: number): FootageSpan[] {
    return this.#all(
      'SELECT * FROM history WHERE camera_id = ? AND end_ms > ? AND start_ms < ?',
      ...[cameraId, fromMs, toMs],
    ).map(toSpan);
  }

  lostMs(cameraId: string): number {
    const row = this.#get(
      `SELECT (SELECT coalesce(sum(end_ms - start_ms), 0) FROM history WHERE camera_id = ?1 AND at = 'lost')
            + (SELECT coalesce(sum(end_ms - start_ms), 0) FROM fragments WHERE camera_id = ?1 AND state = 'rejected') AS ms`,
      cameraId,
    );
    return Number(row?.ms);
  }

  [Symbol.dispose](): void {
    try {
      this.#run('UPDATE process SET clean = 1');
    } finally {
      this.#database.close();
    }
  }

  #prepareDatabase(): void {
    // Exclusive: two agents on one spool would delete each other's files.
    this.#database.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;');
    const version = Number(this.#get('PRAGMA user_version')?.user_version);
    const empty = this.#get('SELECT 1 FROM sqlite_schema') === undefined;
    if (version === 0 && empty) this.#database.exec(`BEGIN; ${schema} COMMIT;`);
    else if (version !== schemaVersion) throw new Error(`The index has version ${version}, not ${schemaVersion}`);
    const verdict = this.#get('PRAGMA quick_check(1)')?.quick_check;
    if (verdict !== 'ok') throw new Error(`The index is damaged: ${verdict}`);
  }

  /** On disk before anything else is done: with `synchronous = NORMAL` a power cut may take the last commits with it. */
  #markInUse(): void {
    this.#run('UPDATE process SET clean = 0');
    this.#database.exec('PRAGMA wal_checkpoint(FULL)');
  }

  #record(sql: string, ...values: (string | number)[]): FragmentRecord | undefined {
    const row = this.#get(sql, ...values);
    return row && toRecord(row);
  }

  #records(sql: string, ...values: (string | number)[]): FragmentRecord[] {
    return this.#all(sql, ...values).map(toRecord);
  }

  #run(sql: string, ...values: (string | number | null)[]) {
    return this.#statement(sql).run(...values);
  }

  #get(sql: string, ...values: (string | number)[]): Row | undefined {
    return this.#statement(sql).get(...values);
  }

  #all(sql: string, ...values: (string | number)[]): Row[] {
    return this.#statement(sql).all(...values);
  }

  #statement(sql: string): StatementSync {
    const known = this.#statements.get(sql);
    if (known) return known;
    const statement = this.#database.prepare(sql);
    this.#statements.set(sql, statement);
    return statement;
  }
}

function toRecord(row: Row): FragmentRecord {
  return {
    id: Number(row.id),
    cameraId: String(row.camera_id),
    startMs: Number(row.start_ms),
    endMs: Number(row.end_ms),
    bytes: Number(row.bytes),
    headerBytes: Number(row.header_bytes),
    frames: Number(row.frames),
    codecKey: String(row.codec_key),
    trackNumbers: String(row.track_numbers).split(',').map(Number),
    state: row.state as FragmentState,
    ...(typeof row.reason === 'string' ? { reason: row.reason } : {}),
    ...(typeof row.fragment_number === 'string' ? { fragmentNumber: row.fragment_number } : {}),
    sendBegun: row.send_begun === 1,
  };
}

function toSpan(row: Row): FootageSpan {
  return {
    startMs: Number(row.start_ms),
    endMs: Number(row.end_ms),
    at: row.at as FootageSpan['at'],
    ...(typeof row.reason === 'string' ? { reason: row.reason } : {}),
  };
}
