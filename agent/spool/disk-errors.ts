// The spool's boundary table: errno values and SQLite result codes → AgentError.
import { AgentError, type AgentErrorOptions, asAgentError, systemCode } from '../errors.ts';
import { resultCode } from '../sqlite/result-code.ts';

type Row = Pick<AgentErrorOptions, 'code' | 'kind' | 'retry'> & { sentence: (folder: string) => string };

const full: Row = {
  code: 'disk-full',
  kind: 'exhausted',
  retry: 'later',
  sentence: folder =>
    `The disk that holds ${folder} is full: free some space there, or set spool.maxBytes below what the disk has.`,
};
const readOnly: Row = {
  code: 'disk-read-only',
  kind: 'denied',
  retry: 'later',
  sentence: folder =>
    `${folder} cannot be written: make it writable for the user the agent runs as; a card that turned read-only is often worn out.`,
};
const failed: Row = {
  code: 'disk-failed',
  kind: 'unavailable',
  retry: 'later',
  sentence: folder => `The disk that holds ${folder} reports errors: check the disk or card, and that it is mounted.`,
};
const inUse: Row = {
  code: 'spool-in-use',
  kind: 'unavailable',
  retry: 'later',
  sentence: folder => `Another agent is using ${folder}: stop it, or give this one a spool.dir of its own.`,
};

const byErrno: Record<string, Row> = {
  ENOSPC: full,
  EDQUOT: full,
  EROFS: readOnly,
  EACCES: readOnly,
  EPERM: readOnly,
};

/** By primary result code. */
const bySqliteCode: Record<number, Row> = { 3: readOnly, 5: inUse, 6: inUse, 8: readOnly, 13: full, 14: readOnly };

/** What a failed disk operation means to the device's owner. `folder` is named in the sentence. */
export function diskError(error: unknown, folder: string): AgentError {
  const row = rowOf(error);
  if (error instanceof AgentError || !row) return asAgentError(error);
  const { sentence, ...rest } = row;
  return new AgentError({ ...rest, message: sentence(folder), cause: error });
}

/** deny-new: what waits is kept, so there is no room for what comes. */
export function spoolFull(folder: string, maxBytes: number): AgentError {
  const maxMiB = Math.floor(maxBytes / 2 ** 20);
  return new AgentError({
    code: 'spool-full',
    kind: 'exhausted',
    retry: 'later',
    message:
      `${folder} is full with video that waits to be sent (spool.maxBytes is ${maxMiB} MiB), and spool.whenFull is ` +
      'deny-new: nothing is recorded until the uplink works again or the disk has more room.',
  });
}

/** A file that a person asked for and that could not be written. */
export function exportFailed(error: unknown, path: string): AgentError {
  if (systemCode(error) !== 'EEXIST') return diskError(error, path);
  return new AgentError({
    code: 'disk-failed',
    kind: 'invalid',
    retry: 'never',
    message: `${path} exists already: name a new file.`,
    cause: error,
  });
}

/** Undefined for an error that neither the system nor SQLite reported. */
function rowOf(error: unknown): Row | undefined {
  const sqliteCode = resultCode(error);
  if (sqliteCode !== undefined) return bySqliteCode[sqliteCode] ?? failed;
  const errno = systemCode(error);
  return errno === undefined ? undefined : (byErrno[errno] ?? failed);
}
