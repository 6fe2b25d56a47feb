// What tells that the index is damaged, rather than that the disk is full or its folder forbidden.
import { sqliteCode, sqliteCodes } from './disk-error.ts';

/** Found in what the index holds; also an index that another version of this server wrote. Rebuilt in both cases. */
export class IndexDamage extends Error {
  override readonly name = 'IndexDamage';
}

export function isIndexDamage(error: unknown): boolean {
  const code = sqliteCode(error);
  // A file that is cut short can look like any failure to read, and even like one without the tables.
  const damages: (number | undefined)[] = [
    sqliteCodes.corrupt,
    sqliteCodes.notADatabase,
    sqliteCodes.error,
    sqliteCodes.ioError,
  ];
  return error instanceof IndexDamage || damages.includes(code);
}
