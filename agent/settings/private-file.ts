// Small files that only the agent's own user may read, replaced as a whole: after a power cut there is the old content
// or the new one.
import { chown, open, readFile, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { AgentError, systemCode } from '../errors.ts';
import { makeFolder } from '../folders.ts';

/** `undefined` when there is no such file. Throws AgentError `disk-*`. */
export async function readPrivateFile(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw privateFileError(path, error);
  }
}

/** Creates the folder when missing. Throws AgentError `disk-*`. */
export async function writePrivateFile(path: string, text: string): Promise<void> {
  try {
    await makeFolder(dirname(path), 0o700);
    const next = `${path}.new`;
    await using file = await open(next, 'w', 0o600);
    // A file that was left from an earlier attempt keeps its old mode.
    await file.chmod(0o600);
    await file.writeFile(text);
    await file.sync();
    await rename(next, path);
    await using folder = await open(dirname(path), 'r');
    await folder.sync();
  } catch (error) {
    throw privateFileError(path, error);
  }
}

/**
 * Gives what root made to the owner of `folder`: a command run as root must leave nothing that the agent's own user cannot
 * use. Does nothing for another user. Throws the system's own error.
 */
export async function giveToOwnerOf(folder: string, ...paths: string[]): Promise<void> {
  if (process.getuid?.() !== 0) return;
  const { uid, gid } = await stat(folder);
  for (const path of paths) await chown(path, uid, gid);
}

/** Throws AgentError `disk-*`, but not when there is no such file. */
export async function removeFile(path: string): Promise<void> {
  try {
    await rm(path, { force: true });
  } catch (error) {
    throw privateFileError(path, error);
  }
}

/** From what the system says of a file in the data folder. */
export function privateFileError(path: string, cause: unknown): AgentError {
  const code = systemCode(cause);
  if (code === 'ENOSPC' || code === 'EDQUOT')
    return new AgentError({
      code: 'disk-full',
      kind: 'exhausted',
      retry: 'later',
      message: `${path} cannot be written: the disk is full. Free some space.`,
      cause,
    });
  if (code === 'EROFS' || code === 'EACCES' || code === 'EPERM')
    return new AgentError({
      code: 'disk-read-only',
      kind: 'denied',
      retry: 'never',
      message: `${path} may not be read or written by this user. Give the agent its own data folder (dataDir).`,
      cause,
    });
  return new AgentError({
    code: 'disk-failed',
    kind: 'unavailable',
    retry: 'later',
    message: `${path} cannot be used (${code ?? 'unknown error'}). Check the disk and dataDir in the settings.`,
    cause,
  });
}
