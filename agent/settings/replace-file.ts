// Replaces a file as a whole: whoever reads it, and whatever happens, there is the old content or the new one.
import { access, constants, open, realpath, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { syncFolder } from '../folders.ts';
import { settingsWriteError } from './edit-errors.ts';

/**
 * The file keeps its mode and, where this user may say so, its owner; a link keeps pointing to it. Rejects with
 * AgentError `settings-read-only` or `disk-full`; the old content is there then.
 */
export async function replaceFile(path: string, text: string): Promise<void> {
  let next: string | undefined;
  try {
    const target = await realpath(path);
    // Replacing would get round a mode that forbids writing.
    await access(target, constants.W_OK);
    const { mode, uid, gid } = await stat(target);
    next = `${target}.new`;
    await using file = await open(next, 'w', 0o600);
    if (process.getuid?.() === 0) await file.chown(uid, gid);
    await file.chmod(mode & 0o777);
    await file.writeFile(text);
    await file.sync();
    await rename(next, target);
    // The new content is in place: a disk that cannot promise to keep the name over a power cut has failed nothing.
    await syncFolder(dirname(target)).catch(() => undefined);
  } catch (error) {
    if (next !== undefined) await rm(next, { force: true }).catch(() => undefined);
    throw settingsWriteError(path, error);
  }
}
