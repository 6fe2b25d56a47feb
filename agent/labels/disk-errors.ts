// What SQLite and the file system say when sightings cannot be kept, as errors the owner can act on.
import { AgentError, type AgentErrorOptions, systemCode } from '../errors.ts';

type Row = Omit<AgentErrorOptions, 'message' | 'cause'> & { sentence: (folder: string) => string };

const full: Row = {
  code: 'disk-full',
  kind: 'exhausted',
  retry: 'later',
  sentence: folder =>
    `The disk is full: sightings cannot be kept in ${folder}. Free some space or lower spool.maxBytes.`,
};
const readOnly: Row = {
  code: 'disk-read-only',
  kind: 'denied',
  retry: 'later',
  sentence: folder => `Sightings cannot be kept: ${folder} is read-only. Check its owner and the state of the disk.`,
};
const damaged: Row = {
  code: 'disk-failed',
  kind: 'data-loss',
  retry: 'later',
  sentence: folder =>
    `sightings.sqlite in ${folder} is damaged. Move it away and start again: a new one is made; past sightings are lost, video is not.`,
};
const failed: Row = {
  code: 'disk-failed',
  kind: 'unavailable',
  retry: 'later',
  sentence: folder =>
    `Sightings cannot be kept in ${folder}. Check that it exists, belongs to the agent and that the disk is healthy.`,
};

const bySystemCode: Record<string, Row> = {
  ENOSPC: full,
  EDQUOT: full,
  EROFS: readOnly,
  EACCES: readOnly,
  EPERM: readOnly,
};
/** Primary result codes: the low byte of `errcode`. */
const bySqliteCode: Record<number, Row> = { 8: readOnly, 11: damaged, 13: full, 26: damaged };

export function sightingsError(error: unknown, folder: string): AgentError {
  if (error instanceof AgentError) return error;
  const { sentence, ...row } = bySystemCode[systemCode(error) ?? ''] ?? bySqliteCode[sqliteCode(error)] ?? failed;
  return new AgentError({ ...row, message: sentence(folder), cause: error });
}

function sqliteCode(error: unknown): number {
  return error instanceof Error && 'errcode' in error && typeof error.errcode === 'number' ? error.errcode & 0xff : 0;
}
