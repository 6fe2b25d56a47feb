// Opens the index, or sets a damaged one aside and begins a new one: the files are the truth, the index is rebuilt from them.
import { existsSync } from 'node:fs';
import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import { diskError } from './disk-errors.ts';
import { SpoolIndex } from './spool-index.ts';

const indexName = 'index.sqlite';

/**
 * `isNew` tells that nothing of the past is known: there was no index, or it was damaged and is kept as
 * `damaged-<time>.sqlite`. Rejects with a `disk-…` AgentError when not even a new one can be made.
 */
export async function openIndex(dir: string, nowMs: number): Promise<{ index: SpoolIndex; isNew: boolean }> {
  const path = join(dir, indexName);
  const isNew = !existsSync(path);
  try {
    return { index: new SpoolIndex(path), isNew };
  } catch (error) {
    if (isNew || !isDamage(error)) throw diskError(error, dir);
  }
  try {
    await setAside(dir, nowMs);
    return { index: new SpoolIndex(path), isNew: true };
  } catch (error) {
    throw diskError(error, dir);
  }
}

/** A disk that is full or read-only, or another agent's lock, says nothing about the index: it is not thrown away for that. */
function isDamage(error: unknown): boolean {
  const { code } = diskError(error, '');
  return code !== 'disk-full' && code !== 'disk-read-only' && code !== 'spool-in-use';
}

async function setAside(dir: string, nowMs: number): Promise<void> {
  for (const suffix of ['', '-wal', '-shm']) {
    const path = join(dir, `${indexName}${suffix}`);
    if (existsSync(path)) await rename(path, join(dir, `damaged-${nowMs}.sqlite${suffix}`));
  }
}
