// A change of a SQLite database that is made as a whole or not at all.
import type { DatabaseSync } from 'node:sqlite';

/** Throws what `work` and SQLite throw; then nothing has changed. */
export function transaction<T>(database: DatabaseSync, work: (database: DatabaseSync) => T): T {
  database.exec('BEGIN IMMEDIATE');
  try {
    const result = work(database);
    database.exec('COMMIT');
    return result;
  } catch (error) {
    if (database.isTransaction) database.exec('ROLLBACK');
    throw error;
  }
}
