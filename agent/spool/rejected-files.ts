// What the service refused is set aside in a folder of its own, its reason beside it, so that it survives a lost index and
// a person can look at it.
import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { systemCode } from '../errors.ts';
import { makeFolderSync } from '../folders.ts';
import { fragmentPath, reasonPath, rejectedFolder, rejectedPath } from './fragment-file.ts';

const unknownReason = 'refused by the service';

type Place = { dir: string; cameraId: string; startMs: number };

/**
 * Moves the file at once, so that no reader meets a record whose file is on its way. Throws the system's error; a file
 * that is not there — in memory still, or deleted just now — is none.
 */
export function setAside({ dir, cameraId, startMs }: Place, reason: string): void {
  makeFolderSync(rejectedFolder(dir, cameraId));
  writeFileSync(reasonPath(dir, cameraId, startMs), `${reason}\n`);
  move(fragmentPath(dir, cameraId, startMs), rejectedPath(dir, cameraId, startMs));
}

/** Undoes `setAside`. Throws the system's error. */
export function takeBack({ dir, cameraId, startMs }: Place): void {
  move(rejectedPath(dir, cameraId, startMs), fragmentPath(dir, cameraId, startMs));
  rmSync(reasonPath(dir, cameraId, startMs), { force: true });
}

/** Why the service refused it, from the file beside it. */
export async function readReason({ dir, cameraId, startMs }: Place): Promise<string> {
  const text = await readFile(reasonPath(dir, cameraId, startMs), 'utf8').catch(() => '');
  return text.trim() || unknownReason;
}

function move(from: string, to: string): void {
  try {
    renameSync(from, to);
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw error;
  }
}
