// The database file under the outbox. Invariants: no error of SQLite leaves as such, and a damaged file does not keep
// alerts from being raised: it is set aside and a new one begins. What else goes wrong leaves the file alone.

import { renameSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type AgentError, asAgentError } from '../errors.ts';
import { makeFolderSync } from '../folders.ts';
import { transaction } from '../sqlite/transaction.ts';
import { isDamage, outboxError } from './disk-errors.ts';
import { prepareTables } from './outbox-schema.ts';

/** So long a statement waits for another process that holds the file. */
const lockPatienceMs = 2_000;

/** Every method throws an AgentError `disk-*` when the file cannot be used. */
export class OutboxDatabase implements Disposable {
  readonly #file: string;
  readonly #onDamage: (error: AgentError) => void;
  #database: DatabaseSync;

  /** @param onDamage told after the damaged file was set aside as `…-damaged.sqlite` */
  constructor(file: string, onDamage: (error: AgentError) => void) {
    this.#file = file;
    this.#onDamage = onDamage;
    try {
      makeFolderSync(dirname(file));
      this.#database = openDatabase(file);
    } catch (error) {
      if (!isDamage(error)) throw outboxError(error, file);
      this.#database = this.#beginAnew(error);
    }
  }

  use<T>(work: (database: DatabaseSync) => T): T {
    try {
      return work(this.#database);
    } catch (error) {
      if (!isDamage(error)) throw outboxError(error, this.#file);
      this.#database = this.#beginAnew(error, this.#database);
    }
    try {
      return work(this.#database);
    } catch (error) {
      throw outboxError(error, this.#file);
    }
  }

  /** All of it or nothing. */
  transaction<T>(work: (database: DatabaseSync) => T): T {
    return this.use(database => transaction(database, work));
  }

  [Symbol.dispose](): void {
    if (this.#database.isOpen) this.#database.close();
  }

  #beginAnew(damage: unknown, damaged?: DatabaseSync): DatabaseSync {
    try {
      closeQuietly(damaged);
      setAside(this.#file);
      const database = openDatabase(this.#file);
      this.#onDamage(asAgentError(outboxError(damage, this.#file)));
      return database;
    } catch (error) {
      throw outboxError(error, this.#file);
    }
  }
}

function openDatabase(file: string): DatabaseSync {
  const database = new DatabaseSync(file, { timeout: lockPatienceMs });
  try {
    prepareTables(database);
    return database;
  } catch (error) {
    closeQuietly(database);
    throw error;
  }
}

/** An earlier damaged file makes room: they are for a look at what happened, and must not fill the disk. */
function setAside(file: string): void {
  for (const suffix of ['', '-wal', '-shm']) {
    const aside = `${file.replace(/\.sqlite$/, '')}-damaged.sqlite${suffix}`;
    rmSync(aside, { force: true });
    try {
      renameSync(`${file}${suffix}`, aside);
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
    }
  }
}

function closeQuietly(database: DatabaseSync | undefined): void {
  try {
    if (database?.isOpen) database.close();
  } catch {
    // Its file is damaged; the handle is not used again.
  }
}
