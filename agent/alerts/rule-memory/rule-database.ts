// What rules have to remember, on disk: rules.sqlite in the data folder. `synchronous = NORMAL`: kill -9 loses nothing that was
// written, a power cut at most the last of it.

import { renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { makeFolderSync } from '../../folders.ts';
import { migrate } from '../../sqlite/migrate.ts';
import { transaction } from '../../sqlite/transaction.ts';
import { isDamaged, notKept, ruleMemoryError } from './disk-errors.ts';

/** An id of '' stands for every rule or every camera. */
const tablesSql = `
  CREATE TABLE snooze (
    rule_id TEXT NOT NULL,
    camera_id TEXT NOT NULL,
    from_ms INTEGER NOT NULL,
    until_ms INTEGER NOT NULL,
    PRIMARY KEY (rule_id, camera_id)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE why (
    sighting_id TEXT NOT NULL,
    rule_id TEXT NOT NULL,
    outcome TEXT NOT NULL,
    camera_id TEXT NOT NULL,
    label TEXT NOT NULL,
    first_ms INTEGER NOT NULL,
    last_ms INTEGER NOT NULL,
    frames INTEGER NOT NULL,
    PRIMARY KEY (sighting_id, rule_id, outcome)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX why_first ON why (first_ms);
  CREATE TABLE period (
    rule_id TEXT NOT NULL,
    camera_id TEXT NOT NULL,
    from_ms INTEGER NOT NULL,
    to_ms INTEGER NOT NULL,
    line TEXT NOT NULL,
    crossings TEXT NOT NULL,
    PRIMARY KEY (rule_id, camera_id, from_ms)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE thing (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    camera_id TEXT NOT NULL,
    label TEXT NOT NULL,
    at_ms INTEGER NOT NULL,
    last_frame INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX thing_last ON thing (last_frame);
  CREATE TABLE frame (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    camera_id TEXT NOT NULL,
    at_ms INTEGER NOT NULL,
    seen TEXT NOT NULL
  ) STRICT;
  CREATE INDEX frame_at ON frame (at_ms);
`;

/** Each brings the database from the version that is its index to the next. */
const migrations = [tablesSql];

/** Every use throws or rejects with an AgentError `disk-*` when the disk does not play along. */
export class RuleDatabase implements Disposable {
  readonly #file: string;
  readonly #database: DatabaseSync;

  /** With `readOnly`, beside an agent that writes; then it has to be there. */
  constructor(dataDir: string, { readOnly = false } = {}) {
    this.#file = join(dataDir, 'rules.sqlite');
    try {
      if (!readOnly) makeFolderSync(dataDir);
      this.#database = readOnly ? new DatabaseSync(this.#file, { timeout: 2_000, readOnly }) : open(this.#file);
    } catch (error) {
      throw readOnly ? notKept(error, this.#file) : ruleMemoryError(error, this.#file);
    }
  }

  use<T>(work: (database: DatabaseSync) => T): T {
    try {
      return work(this.#database);
    } catch (error) {
      throw ruleMemoryError(error, this.#file);
    }
  }

  /** All of it or nothing. */
  change<T>(work: (database: DatabaseSync) => T): T {
    return this.use(database => transaction(database, work));
  }

  [Symbol.dispose](): void {
    if (this.#database.isOpen) this.#database.close();
  }
}

/** One that is damaged is set aside: nothing in it is worth an agent that does not start. */
function open(file: string): DatabaseSync {
  try {
    return openOnce(file);
  } catch (error) {
    if (!isDamaged(error)) throw error;
    renameSync(file, `${file}.damaged`);
    for (const part of ['-wal', '-shm']) rmSync(`${file}${part}`, { force: true });
    return openOnce(file);
  }
}

function openOnce(file: string): DatabaseSync {
  const database = new DatabaseSync(file, { timeout: 2_000 });
  try {
    database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;');
    migrate(database, migrations);
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}
