// One change of the settings at a time, across processes: a running agent, and commands of people. The system gives the
// lock back when its holder ends, however it ends.
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { Clock } from '../clock.ts';
import { makeFolder } from '../folders.ts';
import { editingElsewhere } from './edit-errors.ts';
import { giveToOwnerOf, privateFileError } from './private-file.ts';

const lockName = 'settings.lock';
const tryEveryMs = 20;
const patienceMs = 10_000;

/** Waits for its turn. Rejects with AgentError `settings-unreadable` when that takes too long, or `disk-…`. */
export async function lockSettings(dataDir: string, clock: Clock): Promise<Disposable> {
  const path = join(dataDir, lockName);
  const giveUpAtMs = clock.monotonicMs() + patienceMs;
  try {
    await makeFolder(dataDir, 0o700);
    for (;;) {
      const lock = tryLock(path);
      if (lock) {
        await giveToOwnerOf(dataDir, path);
        return lock;
      }
      if (clock.monotonicMs() > giveUpAtMs) break;
      await clock.sleep(tryEveryMs);
    }
  } catch (error) {
    throw privateFileError(path, error);
  }
  throw editingElsewhere();
}

/** SQLite's lock on an empty database: Node has no other that ends with its process. */
function tryLock(path: string): Disposable | undefined {
  const database = new DatabaseSync(path, { timeout: 0 });
  try {
    database.exec('BEGIN EXCLUSIVE');
    return { [Symbol.dispose]: () => database.close() };
  } catch (error) {
    database.close();
    if (error instanceof Error && 'errcode' in error && error.errcode === sqliteBusy) return undefined;
    throw error;
  }
}

const sqliteBusy = 5;
