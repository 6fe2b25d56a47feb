// Folders, made with those above them, and on disk when it must be. Node's own `recursive` never comes back where nothing can
// be made in a folder that is there, as below /proc, and says of a read-only disk that something is missing.
import { mkdirSync, statSync } from 'node:fs';
import { mkdir, open, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { systemCode } from './errors.ts';

/**
 * Nothing when it is there already, also when somebody else makes it meanwhile.
 * @param mode of what is made; default: all that the process's mask lets through
 * @returns the topmost folder that was made
 * @throws the system's error: EEXIST when something else has the name, EACCES, EROFS, ENOSPC, …
 */
export async function makeFolder(path: string, mode?: number): Promise<string | undefined> {
  const folder = resolve(path);
  try {
    return await makeOne(folder, mode);
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw error;
  }
  const topmost = await makeFolder(dirname(folder), mode);
  // What is above is there now, so this once more and not again.
  const own = await makeOne(folder, mode);
  return topmost ?? own;
}

/** As `makeFolder`, at once. */
export function makeFolderSync(path: string, mode?: number): string | undefined {
  const folder = resolve(path);
  try {
    return makeOneSync(folder, mode);
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw error;
  }
  const topmost = makeFolderSync(dirname(folder), mode);
  const own = makeOneSync(folder, mode);
  return topmost ?? own;
}

/** The names in it survive a power cut when it resolves. @throws the system's error */
export async function syncFolder(path: string): Promise<void> {
  await using folder = await open(path, 'r');
  await folder.sync();
}

async function makeOne(folder: string, mode?: number): Promise<string | undefined> {
  try {
    await mkdir(folder, mode);
    return folder;
  } catch (error) {
    if (systemCode(error) === 'EEXIST' && (await stat(folder)).isDirectory()) return undefined;
    throw error;
  }
}

function makeOneSync(folder: string, mode?: number): string | undefined {
  try {
    mkdirSync(folder, mode);
    return folder;
  } catch (error) {
    if (systemCode(error) === 'EEXIST' && statSync(folder).isDirectory()) return undefined;
    throw error;
  }
}
