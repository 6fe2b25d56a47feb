// What SQLite and the file system say when sightings, or what labels cost, cannot be kept, as errors the owner can act on.
import { AgentError, type AgentErrorOptions, systemCode } from '../errors.ts';
import { resultCode } from '../sqlite/result-code.ts';

type Row = Omit<AgentErrorOptions, 'message' | 'cause'> & { sentence: (kept: Kept, folder: string) => string };

/** What is kept, at the beginning of a sentence and in one; the file; what goes with it. */
type Kept = { Things: string; things: string; file: string; loss: string };

const sightings: Kept = {
  Things: 'Sightings',
  things: 'sightings',
  file: 'sightings.sqlite',
  loss: 'past sightings are lost',
};
const calls: Kept = {
  Things: 'The numbers of label calls',
  things: 'the numbers of label calls',
  file: 'labels.sqlite',
  loss: 'the numbers of today are lost',
};

const full: Row = {
  code: 'disk-full',
  kind: 'exhausted',
  retry: 'later',
  sentence: ({ things }, folder) =>
    `The disk is full: ${things} cannot be kept in ${folder}. Free some space or lower spool.maxBytes.`,
};
const readOnly: Row = {
  code: 'disk-read-only',
  kind: 'denied',
  retry: 'later',
  sentence: ({ Things }, folder) =>
    `${Things} cannot be kept: ${folder} is read-only. Check its owner and the state of the disk.`,
};
const damaged: Row = {
  code: 'disk-failed',
  kind: 'data-loss',
  retry: 'later',
  sentence: ({ file, loss }, folder) =>
    `${file} in ${folder} is damaged. Move it away and start again: a new one is made; ${loss}, video is not.`,
};
const failed: Row = {
  code: 'disk-failed',
  kind: 'unavailable',
  retry: 'later',
  sentence: ({ Things }, folder) =>
    `${Things} cannot be kept in ${folder}. Check that it exists, belongs to the agent and that the disk is healthy.`,
};

const bySystemCode: Record<string, Row> = {
  ENOSPC: full,
  EDQUOT: full,
  EROFS: readOnly,
  EACCES: readOnly,
  EPERM: readOnly,
};
/** By primary result code. */
const bySqliteCode: Record<number, Row> = { 8: readOnly, 11: damaged, 13: full, 26: damaged };

export function sightingsError(error: unknown, folder: string): AgentError {
  return diskError(error, sightings, folder);
}

export function ledgerError(error: unknown, folder: string): AgentError {
  return diskError(error, calls, folder);
}

function diskError(error: unknown, kept: Kept, folder: string): AgentError {
  if (error instanceof AgentError) return error;
  const { sentence, ...row } = bySystemCode[systemCode(error) ?? ''] ?? bySqliteCode[resultCode(error) ?? 0] ?? failed;
  return new AgentError({ ...row, message: sentence(kept, folder), cause: error });
}
