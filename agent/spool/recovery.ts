// Brings index and files together when the spool opens. Files are the truth: a row without a file becomes history, a file
// without a row becomes a waiting fragment that may have been sent, a growing file is cut to its last whole block.
import { readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { systemCode } from '../errors.ts';
import {
  fragmentPath,
  growingPath,
  moveIntoPlace,
  parseFileName,
  rejectedFolder,
  rejectedPath,
} from './fragment-file.ts';
import type { FragmentRecord } from './fragment-record.ts';
import { readReason } from './rejected-files.ts';
import type { SpoolIndex } from './spool-index.ts';
import { endBeforeNext, type Found, readWholeBlocks } from './whole-blocks.ts';

export const fileMissing = 'file missing';
export const fileDamaged = 'file damaged';
/** Memory-first: the agent ended before it could write the fragment. */
const notWritten = 'lost with the memory';

/** What was found, for the log. */
export type Recovery = {
  /** The index was missing or damaged. */
  indexRebuilt: boolean;
  /** Growing files of a crash that became fragments. */
  salvaged: number;
  /** Whole files that the index did not know. */
  adopted: number;
  /** Rows whose file is gone. */
  missing: number;
  /** Files without a single whole frame, set aside as `.damaged`. */
  damaged: number;
};

export type RecoverOptions = {
  dir: string;
  index: SpoolIndex;
  /** Nothing of the past is known. */
  isNew: boolean;
  nowMs: number;
};

/** Rejects with the system's error when a folder or file cannot be read at all. */
export async function recover({ dir, index, isNew, nowMs }: RecoverOptions): Promise<Recovery> {
  const recovery: Recovery = { indexRebuilt: isNew, salvaged: 0, adopted: 0, missing: 0, damaged: 0 };
  const folders = (await readdir(dir, { withFileTypes: true })).filter(entry => entry.isDirectory());
  const cameraIds = new Set([...folders.map(entry => entry.name), ...index.cameraIds()]);
  // Spans of an index that is gone cannot be told from spans without video.
  if (isNew && folders.length > 0) index.past.forgetBefore(nowMs);
  if (!index.closedCleanly) index.doubtAllWaiting();
  for (const cameraId of cameraIds) await new CameraRecovery(dir, cameraId, index, recovery).run();
  return recovery;
}

class CameraRecovery {
  readonly #dir: string;
  readonly #cameraId: string;
  readonly #index: SpoolIndex;
  readonly #recovery: Recovery;

  constructor(dir: string, cameraId: string, index: SpoolIndex, recovery: Recovery) {
    this.#dir = dir;
    this.#cameraId = cameraId;
    this.#index = index;
    this.#recovery = recovery;
  }

  async run(): Promise<void> {
    const files = await filesIn(join(this.#dir, this.#cameraId));
    const whole = new Set(files.filter(file => !file.growing).map(file => file.startMs));
    const setAside = new Set(
      (await filesIn(rejectedFolder(this.#dir, this.#cameraId)))
        .filter(file => !file.growing && !whole.has(file.startMs))
        .map(file => file.startMs),
    );
    const shrunk = await this.#compareRows(whole, setAside);
    const found: Found[] = [];
    for (const { startMs, growing } of files) {
      const one = growing ? await this.#salvage(startMs, whole.has(startMs)) : await this.#adopt(startMs);
      if (one) found.push(one);
    }
    const starts = [...whole, ...found.map(({ fragment }) => fragment.startMs)].sort((a, b) => a - b);
    const cutOff = new Set(shrunk.map(record => record.startMs));
    for (const one of found) {
      const endMs = cutOff.has(one.fragment.startMs) ? one.fragment.endMs : endBeforeNext(one, starts);
      this.#index.insert({ ...one.fragment, endMs });
    }
    for (const record of shrunk) this.#recordCutOff(record);
    for (const startMs of setAside) await this.#adoptRejected(startMs);
  }

  /** Rows without a file become history. Returns those whose file lost bytes: their files are read again. */
  async #compareRows(whole: ReadonlySet<number>, setAside: ReadonlySet<number>): Promise<FragmentRecord[]> {
    const shrunk: FragmentRecord[] = [];
    const inMemory = new Set(this.#index.inMemory(this.#cameraId).map(({ id }) => id));
    for (const record of this.#index.ofCamera(this.#cameraId)) {
      if (setAside.has(record.startMs)) {
        if (record.state !== 'rejected') this.#index.drop(record);
      } else if (!whole.has(record.startMs)) {
        this.#index.forget(record, inMemory.has(record.id) ? notWritten : fileMissing);
        this.#recovery.missing++;
      } else if (record.state === 'rejected') this.#index.drop(record);
      else if (record.state === 'waiting' && (await this.#sizeOf(record)) !== record.bytes) {
        this.#index.drop(record);
        shrunk.push(record);
      }
      this.#index.markWritten(record.id);
    }
    return shrunk;
  }

  async #sizeOf(record: FragmentRecord): Promise<number> {
    return (await stat(fragmentPath(this.#dir, this.#cameraId, record.startMs))).size;
  }

  #recordCutOff({ startMs, endMs }: FragmentRecord): void {
    const keptUntilMs = this.#index.at(this.#cameraId, startMs)?.endMs ?? startMs;
    if (keptUntilMs < endMs)
      this.#index.past.addHistory(this.#cameraId, { startMs: keptUntilMs, endMs, at: 'lost', reason: fileDamaged });
  }

  async #adopt(startMs: number): Promise<Found | undefined> {
    if (this.#index.has(this.#cameraId, startMs)) return undefined;
    const path = fragmentPath(this.#dir, this.#cameraId, startMs);
    const found = await readWholeBlocks(this.#cameraId, path, startMs);
    if (found) this.#recovery.adopted++;
    else {
      this.#recovery.damaged++;
      await rename(path, `${path}.damaged`);
    }
    return found;
  }

  /** An index that was lost does not know what the service refused: the folder does. */
  async #adoptRejected(startMs: number): Promise<void> {
    if (this.#index.has(this.#cameraId, startMs)) return;
    const path = rejectedPath(this.#dir, this.#cameraId, startMs);
    const found = await readWholeBlocks(this.#cameraId, path, startMs);
    if (!found) return;
    const reason = await readReason({ dir: this.#dir, cameraId: this.#cameraId, startMs });
    this.#index.insert({ ...found.fragment, state: 'rejected', reason });
    this.#recovery.adopted++;
  }

  async #salvage(startMs: number, hasWhole: boolean): Promise<Found | undefined> {
    const path = growingPath(this.#dir, this.#cameraId, startMs);
    const found = hasWhole ? undefined : await readWholeBlocks(this.#cameraId, path, startMs);
    if (found) {
      await moveIntoPlace(path, fragmentPath(this.#dir, this.#cameraId, startMs));
      this.#recovery.salvaged++;
    } else await rm(path);
    return found;
  }
}

async function filesIn(folder: string): Promise<{ startMs: number; growing: boolean }[]> {
  const names = await readdir(folder).catch(error => {
    // A folder that cannot be read says nothing about its files: only one that is not there has none.
    if (systemCode(error) === 'ENOENT' || systemCode(error) === 'ENOTDIR') return [];
    throw error;
  });
  return names.map(parseFileName).filter(file => file !== undefined);
}
