// Files that are either whole or not there, also after a power cut: written aside, synced, renamed, folder synced.
import { open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';

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

export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
