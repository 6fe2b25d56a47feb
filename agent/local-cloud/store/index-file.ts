// The index's database: its tables, and how it is opened. Locked for one process, which also keeps two servers off one
// data folder.
import { rmSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { AgentError } from '../../errors.ts';
import { hasAllCodecs, removeUnusedCodecs } from './codec-table.ts';
import { sqliteCode, sqliteCodes } from './disk-error.ts';
import { IndexDamage, isIndexDamage } from './index-damage.ts';

const schemaVersion = 1;
const schema = `
  CREATE TABLE fragments (
    stream TEXT NOT NULL, number TEXT NOT NULL, producer_ms INTEGER NOT NULL, server_ms INTEGER NOT NULL,
    length_ms INTEGER NOT NULL, bytes INTEGER NOT NULL, frames INTEGER NOT NULL, timeline_ms INTEGER NOT NULL,
    codec_key TEXT NOT NULL, PRIMARY KEY (stream, number)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX fragments_by_producer ON fragments (stream, producer_ms, number);
  CREATE INDEX fragments_by_server ON fragments (stream, server_ms, number);
  CREATE TABLE codecs (key TEXT PRIMARY KEY, tracks TEXT NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE sequences (stream TEXT PRIMARY KEY, last INTEGER NOT NULL) STRICT, WITHOUT ROWID;
  PRAGMA user_version = ${schemaVersion};`;

/** `isNew`: it knows nothing of what was before: there was none, or it was damaged. */
export type OpenedIndex = { db: DatabaseSync; isNew: boolean };

/** What is damaged is replaced by an empty one. @throws AgentError when another process has the index */
export function openOrReplaceIndex(path: string): OpenedIndex {
  try {
    return openIndex(path);
  } catch (error) {
    if (sqliteCode(error) === sqliteCodes.busy)
      throw new AgentError({
        code: 'disk-failed',
        kind: 'unavailable',
        retry: 'later',
        message: 'Another local-cloud uses this data folder. Stop that one, or name another folder with --data.',
        cause: error,
      });
    if (!isIndexDamage(error)) throw error;
    removeIndex(path);
    return openIndex(path);
  }
}

/** With its log. Nobody may have it open. */
export function removeIndex(path: string): void {
  for (const suffix of ['', '-wal', '-shm']) rmSync(`${path}${suffix}`, { force: true });
}

function openIndex(path: string): OpenedIndex {
  const db = new DatabaseSync(path);
  try {
    db.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;');
    const version = Number(db.prepare('PRAGMA user_version').get()?.user_version);
    const isNew = version === 0;
    if (isNew) db.exec(schema);
    else if (version !== schemaVersion) throw new IndexDamage(`the index has version ${version}`);
    else {
      checkWhole(db);
      removeUnusedCodecs(db);
    }
    return { db, isNew };
  } catch (error) {
    db.close();
    throw error;
  }
}

/** Reads all of it, a second for some hundred megabytes: better now than when somebody asks. */
function checkWhole(db: DatabaseSync): void {
  const result = db.prepare('PRAGMA integrity_check(1)').get()?.integrity_check;
  if (result !== 'ok') throw new IndexDamage(`the index is damaged: ${result}`);
  if (!hasAllCodecs(db)) throw new IndexDamage('the index has codecs that are missing or damaged');
}
