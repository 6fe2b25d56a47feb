// Small files that only the agent's own user may read, replaced as a whole: after a power cut there is the old content
// or the new one.
import { mkdir, open, readFile, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import { AgentError, systemCode } from '../errors.ts';

/** `undefined` when there is no such file. Throws AgentError `disk-*`. */
export async function readPrivateFile(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw fileError(path, error);
  }
}

/** Creates the folder when missing. Throws AgentError `disk-*`. */
export async function writePrivateFile(path: string, text: string): Promise<void> {
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
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
    throw fileError(path, error);
  }
}

function fileError(path: string, cause: unknown): AgentError {
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
