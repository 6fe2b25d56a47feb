// What the operating system and SQLite say when the data folder cannot be used → the agent's own errors.
import { AgentError, systemCode } from '../../errors.ts';

/** SQLite's result codes, as node:sqlite gives them in `errcode`; the low byte is the kind. */
export const sqliteCodes = {
  ...{ error: 1, busy: 5, readOnly: 8, ioError: 10, corrupt: 11, full: 13, cannotOpen: 14, notADatabase: 26 },
} as const;

/** Undefined when the error is not SQLite's. */
export function sqliteCode(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('errcode' in error) || typeof error.errcode !== 'number') return undefined;
  return error.errcode & 0xff;
}

/** @param action completes "The embedded server cannot …" */
export function diskError(error: unknown, action: string): AgentError {
  const start = `The embedded server cannot ${action}`;
  switch (causeOf(error)) {
    case 'full':
      return new AgentError({
        code: 'disk-full',
        kind: 'exhausted',
        retry: 'later',
        message: `${start}: the disk is full. Free some space, or keep less with a shorter data retention.`,
        cause: error,
      });
    case 'forbidden':
      return new AgentError({
        code: 'disk-read-only',
        kind: 'denied',
        retry: 'never',
        message: `${start}: it may not write there. Give its user the folder, or name another one with --data.`,
        cause: error,
      });
    case 'no-folder':
      return new AgentError({
        code: 'disk-failed',
        kind: 'invalid',
        retry: 'never',
        message: `${start}: there is a file in its place. Name a folder with --data.`,
        cause: error,
      });
    case 'other':
      return new AgentError({
        code: 'disk-failed',
        kind: 'unavailable',
        retry: 'later',
        message: `${start}: ${error instanceof Error ? error.message : String(error)}.`,
        cause: error,
      });
  }
}

function causeOf(error: unknown): 'full' | 'forbidden' | 'no-folder' | 'other' {
  const sqlite = sqliteCode(error);
  if (sqlite === sqliteCodes.full) return 'full';
  if (sqlite === sqliteCodes.readOnly || sqlite === sqliteCodes.cannotOpen) return 'forbidden';
  switch (systemCode(error)) {
    case 'ENOSPC':
    case 'EDQUOT':
      return 'full';
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return 'forbidden';
    case 'EEXIST':
    case 'ENOTDIR':
      return 'no-folder';
    default:
      return 'other';
  }
}

/** Undefined for what is not there, or went since it was seen: with its stream, or because its time had come. */
export async function unlessGone<Found>(found: Promise<Found>): Promise<Found | undefined> {
  try {
    return await found;
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}
