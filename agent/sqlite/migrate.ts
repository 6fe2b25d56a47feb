// The tables of a SQLite database, brought up to date when it is opened.
import type { DatabaseSync } from 'node:sqlite';
import { transaction } from './transaction.ts';

/**
 * All of it or nothing. Tables of a newer agent are left as they are. Throws SQLite's own errors.
 * @param migrations each brings the database from the version that is its index to the next
 */
export function migrate(database: DatabaseSync, migrations: readonly string[]): void {
  transaction(database, () => {
    const version = Number(database.prepare('PRAGMA user_version').get()?.user_version);
    for (const migration of migrations.slice(version)) database.exec(migration);
    database.exec(`PRAGMA user_version = ${Math.max(version, migrations.length)}`);
  });
}
