// What SQLite says when what rules remember cannot be kept, as errors the owner can act on.
import { AgentError, type AgentErrorOptions } from '../../errors.ts';
import { resultCode } from '../../sqlite/result-code.ts';

type Row = Omit<AgentErrorOptions, 'message' | 'cause'> & { sentence: (file: string) => string };

const failed: Row = {
  code: 'disk-failed',
  kind: 'unavailable',
  retry: 'later',
  sentence: file =>
    `Reasons and snoozes of rules cannot be kept in ${file}. Check that the data folder exists, belongs to the agent and that the disk is healthy.`,
};
const damaged: Row = {
  code: 'disk-failed',
  kind: 'data-loss',
  retry: 'later',
  sentence: file => `${file} is damaged. Start the agent again: a new one is made; past reasons and snoozes are lost.`,
};

/** By primary result code. */
const rows: Record<number, Row> = {
  8: {
    code: 'disk-read-only',
    kind: 'denied',
    retry: 'later',
    sentence: file =>
      `Reasons and snoozes of rules cannot be kept: ${file} is read-only. Check its owner and the disk.`,
  },
  11: damaged,
  13: {
    code: 'disk-full',
    kind: 'exhausted',
    retry: 'later',
    sentence: () =>
      'The disk is full: reasons and snoozes of rules cannot be kept. Free some space or lower spool.maxBytes.',
  },
  26: damaged,
};

export function ruleMemoryError(error: unknown, file: string): AgentError {
  if (error instanceof AgentError) return error;
  const { sentence, ...row } = rows[resultCode(error) ?? -1] ?? failed;
  return new AgentError({ ...row, message: sentence(file), cause: error });
}

/** For who only wants to read. */
export function notKept(cause: unknown, file: string): AgentError {
  const message = `There is nothing in ${file} to read: the agent has not run with these settings.`;
  return new AgentError({ code: 'file-unreadable', kind: 'invalid', retry: 'never', message, cause });
}

export function isDamaged(error: unknown): boolean {
  return rows[resultCode(error) ?? -1] === damaged;
}
