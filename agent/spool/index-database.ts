// The index's SQLite file: opened for one process alone, checked, and marked as in use until it is closed.
import { DatabaseSync, type SQLInputValue, type SQLOutputValue, type StatementSync } from 'node:sqlite';
import { resultCode } from '../sqlite/result-code.ts';
import { transaction } from '../sqlite/transaction.ts';

/** An index of another version is rebuilt from the files. */
const schemaVersion = 2;

// Each column stands in a CHECK or in an index too, so that `integrity_check` finds damage inside a row: a fragment with
// wrong numbers would be sent wrong.
const schema = `
  CREATE TABLE fragments (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    camera_id TEXT NOT NULL, start_ms INTEGER NOT NULL, end_ms INTEGER NOT NULL,
    bytes INTEGER NOT NULL, header_bytes INTEGER NOT NULL, frames INTEGER NOT NULL,
    codec_key TEXT NOT NULL, track_numbers TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('waiting', 'persisted', 'rejected')),
    reason TEXT, fragment_number TEXT,
    send_begun INTEGER NOT NULL CHECK (send_begun IN (0, 1)),
    in_memory INTEGER NOT NULL CHECK (in_memory IN (0, 1)),
    UNIQUE (camera_id, start_ms)
  ) STRICT;
  CREATE INDEX by_camera_state ON fragments (
    camera_id, state, start_ms, end_ms, bytes, in_memory,
    header_bytes, frames, codec_key, track_numbers, reason, fragment_number, send_begun
  );
  CREATE INDEX rejected ON fragments (camera_id, start_ms, bytes, in_memory) WHERE state = 'rejected';
  CREATE INDEX by_camera_end ON fragments (camera_id, end_ms);
  CREATE TABLE history (
    camera_id TEXT NOT NULL, start_ms INTEGER NOT NULL, end_ms INTEGER NOT NULL,
    at TEXT NOT NULL CHECK (at IN ('cloud', 'lost')), reason TEXT
  ) STRICT;
  CREATE INDEX history_by_end ON history (camera_id, end_ms, start_ms, at, reason);
  CREATE TABLE outages (
    camera_id TEXT NOT NULL, start_ms INTEGER NOT NULL, end_ms INTEGER, reason TEXT NOT NULL
  ) STRICT;
  CREATE INDEX outages_by_end ON outages (camera_id, end_ms, start_ms, reason);
  CREATE TABLE downs (start_ms INTEGER NOT NULL, end_ms INTEGER NOT NULL) STRICT;
  CREATE TABLE written (day_ms INTEGER PRIMARY KEY, bytes INTEGER NOT NULL) STRICT;
  CREATE TABLE process (
    clean INTEGER NOT NULL CHECK (clean IN (0, 1)), alive_ms INTEGER, known_from_ms INTEGER NOT NULL
  ) STRICT;
  INSERT INTO process VALUES (1, NULL, 0);
  PRAGMA user_version = ${schemaVersion};
`;

export type Row = Record<string, SQLOutputValue>;

/** Methods throw SQLite's own errors. */
export class IndexDatabase implements Disposable {
  readonly #database: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();
  /** Whether the process that used the index before ended by closing it. */
  readonly closedCleanly: boolean;

  /** Opens or makes the file. Throws when it is damaged or of another version. */
  constructor(path: string) {
    this.#database = new DatabaseSync(path);
    try {
      this.#prepare();
      this.closedCleanly = this.get('SELECT clean FROM process')?.clean === 1;
      this.#markInUse();
    } catch (error) {
      this.#database.close();
      throw error;
    }
  }

  run(sql: string, ...values: SQLInputValue[]) {
    const { isTransaction } = this.#database;
    try {
      return this.#statement(sql).run(...values);
    } catch (error) {
      if (isTransaction || !isFull(error)) throw error;
      this.emptyLog();
      return this.#statement(sql).run(...values);
    }
  }

  /**
   * Moves the log's pages to their places, so that it begins anew in the room it has. A log that grew on a full disk would
   * take its last bytes, and then not even a fragment that was sent could be noted: nothing would ever make room.
   */
  emptyLog(): void {
    this.#database.exec('PRAGMA wal_checkpoint(PASSIVE)');
  }

  get(sql: string, ...values: SQLInputValue[]): Row | undefined {
    return this.#statement(sql).get(...values);
  }

  all(sql: string, ...values: SQLInputValue[]): Row[] {
    return this.#statement(sql).all(...values);
  }

  /** All of `work` or nothing of it. */
  transaction(work: () => void): void {
    transaction(this.#database, work);
  }

  [Symbol.dispose](): void {
    try {
      this.run('UPDATE process SET clean = 1');
    } catch {
      // A disk that takes nothing: the next start finds an unclean end and looks everything up, as it must.
    }
    this.#database.close();
  }

  #prepare(): void {
    // Exclusive: two agents on one spool would delete each other's files.
    this.#database.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;');
    const version = Number(this.get('PRAGMA user_version')?.user_version);
    const empty = this.get('SELECT 1 FROM sqlite_schema') === undefined;
    if (version === 0 && empty) this.#database.exec(`BEGIN; ${schema} COMMIT;`);
    else if (version !== schemaVersion) throw new Error(`The index has version ${version}, not ${schemaVersion}`);
    const verdict = this.get('PRAGMA integrity_check(1)')?.integrity_check;
    if (verdict !== 'ok') throw new Error(`The index is damaged: ${verdict}`);
  }

  /** On disk before anything else is done: with `synchronous = NORMAL` a power cut may take the last commits with it. */
  #markInUse(): void {
    this.run('UPDATE process SET clean = 0');
    this.#database.exec('PRAGMA wal_checkpoint(FULL)');
  }

  #statement(sql: string): StatementSync {
    const known = this.#statements.get(sql);
    if (known) return known;
    const statement = this.#database.prepare(sql);
    this.#statements.set(sql, statement);
    return statement;
  }
}

const sqliteFull = 13;

function isFull(error: unknown): boolean {
  return resultCode(error) === sqliteFull;
}
