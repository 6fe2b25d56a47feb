// Moves recordings from provisional time to the right one. Block timecodes are relative, so of a fragment only the eight
// bytes of its cluster's timecode change, its name and its row. The plan is on disk before the first file is touched and
// stays until the next start has finished it; every step gives the same result when it is done again, so a process that is
// killed anywhere in between loses nothing and moves nothing twice:
//   plan → per fragment: timecode written and synced → file renamed → row → … → spans → (next start) plan deleted
// A file's own name says from where it is moved: names before `beforeMs` are provisional, all others are right.
import { renameSync } from 'node:fs';
import { access, open, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { systemCode } from '../errors.ts';
import { syncFolder } from '../folders.ts';
import { scanFragment } from '../matroska/scan.ts';
import { writeClusterStart } from '../matroska/write.ts';
import { fragmentPath, growingPath, parseFileName, writeWhole } from './fragment-file.ts';
import type { SpoolIndex } from './spool-index.ts';

export type RetimeOptions = {
  dir: string;
  index: SpoolIndex;
  /** Times before it are provisional. */
  beforeMs: number;
};

/** The header of a fragment and the start of its cluster are well within it. */
const headBytes = 65_536;
const timecodeBytes = 8;

const planPath = (dir: string) => join(dir, 'retime.json');

/**
 * Adds `byMs` to every provisional time on disk and in the index; files that grow are left for a later call. Rejects with
 * the system's or SQLite's error; called again, it goes on where it was.
 */
export async function retime({ byMs, ...options }: RetimeOptions & { byMs: number }): Promise<void> {
  await writeWhole(planPath(options.dir), JSON.stringify({ byMs }));
  await new Retiming(options, byMs).run('whole');
}

/** At the start, before recovery: ends what a killed process began. */
export async function finishRetiming(options: RetimeOptions): Promise<void> {
  const byMs = await readPlan(options.dir);
  if (byMs !== undefined) await new Retiming(options, byMs).run('all');
  // Only now: nothing of this plan can grow any more.
  await rm(planPath(options.dir), { force: true });
}

/** Undefined when there is none, or none that can be read: it was written whole, so the disk is damaged. */
async function readPlan(dir: string): Promise<number | undefined> {
  const text = await readFile(planPath(dir), 'utf8').catch(error => {
    if (systemCode(error) === 'ENOENT') return '';
    throw error;
  });
  return /^\{"byMs":(\d{1,15})\}$/.test(text) ? Number(text.slice(8, -1)) : undefined;
}

class Retiming {
  readonly #dir: string;
  readonly #index: SpoolIndex;
  readonly #beforeMs: number;
  readonly #byMs: number;

  constructor({ dir, index, beforeMs }: RetimeOptions, byMs: number) {
    this.#dir = dir;
    this.#index = index;
    this.#beforeMs = beforeMs;
    this.#byMs = byMs;
  }

  async run(files: 'whole' | 'all'): Promise<void> {
    const folders = (await readdir(this.#dir, { withFileTypes: true })).filter(entry => entry.isDirectory());
    for (const { name: cameraId } of folders) await this.#moveFiles(cameraId, files);
    for (const row of this.#index.timeShift.fragmentsBefore(this.#beforeMs)) await this.#moveRow(row);
    this.#index.timeShift.moveSpans(this.#beforeMs, this.#byMs);
    this.#index.timeShift.flush();
  }

  async #moveFiles(cameraId: string, files: 'whole' | 'all'): Promise<void> {
    const names = await readdir(join(this.#dir, cameraId));
    const provisional = names
      .map(parseFileName)
      .filter(file => file !== undefined)
      .filter(({ startMs, growing }) => startMs < this.#beforeMs && (files === 'all' || !growing))
      .sort((a, b) => a.startMs - b.startMs);
    for (const { startMs, growing } of provisional) await this.#moveFile(cameraId, startMs, growing);
    if (provisional.length > 0) await syncFolder(join(this.#dir, cameraId));
  }

  async #moveFile(cameraId: string, startMs: number, growing: boolean): Promise<void> {
    const pathOf = growing ? growingPath : fragmentPath;
    const from = pathOf(this.#dir, cameraId, startMs);
    if (!(await writeTimecode(from, startMs + this.#byMs))) return;
    // File and row in one turn of the event loop: whoever asks the index for it in between would not find the file.
    renameSync(from, pathOf(this.#dir, cameraId, startMs + this.#byMs));
    this.#index.timeShift.moveFragment(cameraId, startMs, this.#byMs);
  }

  /** A row that is still provisional: its file was moved by a process that was killed then, or is gone. */
  async #moveRow({ cameraId, startMs }: { cameraId: string; startMs: number }): Promise<void> {
    const isThere = await access(fragmentPath(this.#dir, cameraId, startMs)).then(
      () => true,
      () => false,
    );
    // It came while we looked; the next call takes it.
    if (!isThere) this.#index.timeShift.moveFragment(cameraId, startMs, this.#byMs);
  }
}

/** Returns whether it did: a file that is gone, or is no fragment, is for eviction and recovery to tell. */
async function writeTimecode(path: string, timecodeMs: number): Promise<boolean> {
  const file = await open(path, 'r+').catch(error => {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw error;
  });
  if (!file) return false;
  try {
    const head = new Uint8Array(headBytes);
    const { bytesRead } = await file.read(head, 0, headBytes, 0);
    const offset = scanFragment(head.subarray(0, bytesRead)).headerBytes;
    const start = writeClusterStart(timecodeMs);
    const lead = start.length - timecodeBytes;
    if (offset === 0 || !Buffer.from(start.buffer, 0, lead).equals(head.subarray(offset, offset + lead))) return false;
    await file.write(start, lead, timecodeBytes, offset + lead);
    await file.datasync();
    return true;
  } finally {
    await file.close();
  }
}
