// Files that are either whole or not there, also after a power cut: written aside, synced, renamed, folder synced.
import { open, rename, rm } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { systemCode } from '../../errors.ts';
import { makeFolder, syncFolder } from '../../folders.ts';

/** Suffix of files that were not finished; whoever finds one at start removes it. */
export const unfinishedSuffix = '.part';

export async function writeDurably(path: string, content: string): Promise<void> {
  const file = await open(`${path}${unfinishedSuffix}`, 'w');
  try {
    await file.writeFile(content);
    await file.sync();
  } catch (error) {
    // On a full disk there is no room for it.
    await rm(`${path}${unfinishedSuffix}`, { force: true });
    throw error;
  } finally {
    await file.close();
  }
  await renameDurably(`${path}${unfinishedSuffix}`, path);
}

export async function renameDurably(from: string, to: string): Promise<void> {
  await rename(from, to);
  await syncFolder(dirname(to));
}

/** A folder that is there after a power cut, with those above it that had to be made for it. Nothing when it is there. */
export async function makeFolderDurably(path: string): Promise<void> {
  const topmost = await makeFolder(path);
  if (topmost === undefined) return;
  for (let made = resolve(path); made.length >= topmost.length; made = dirname(made))
    await syncFolder(dirname(made)).catch(error => {
      // A folder that may be written and not be read cannot be synced either.
      if (systemCode(error) !== 'EACCES') throw error;
    });
}
