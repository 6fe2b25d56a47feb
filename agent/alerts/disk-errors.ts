// What SQLite says when the outbox cannot be kept, as errors the owner can act on. The only place that knows its codes.
import { AgentError } from '../errors.ts';
import { resultCode } from '../sqlite/result-code.ts';

/** Primary result codes. */
const sqlite = { readOnly: 8, full: 13, cannotOpen: 14, corrupt: 11, notADatabase: 26 } as const;

/** The AgentError for an error thrown by node:sqlite or the file system while the alert outbox was used. */
export function outboxError(error: unknown, file: string): AgentError {
  if (error instanceof AgentError) return error;
  const problem = { retry: 'later', cause: error } as const;
  switch (resultCode(error)) {
    case sqlite.full:
      return new AgentError({
        ...problem,
        code: 'disk-full',
        kind: 'exhausted',
        message: 'The disk is full: alerts cannot be kept. Free some space or lower spool.maxBytes.',
      });
    case sqlite.readOnly:
      return new AgentError({
        ...problem,
        code: 'disk-read-only',
        kind: 'denied',
        message: `Alerts cannot be kept: ${file} is read-only. Check the owner of the data folder and the state of the disk.`,
      });
    case sqlite.corrupt:
    case sqlite.notADatabase:
      return new AgentError({
        ...problem,
        code: 'disk-failed',
        kind: 'data-loss',
        message: `${file} is damaged. It is set aside and a new one is made; alerts that still waited in it are lost, and cooldowns begin anew.`,
      });
    default:
      return new AgentError({
        ...problem,
        code: 'disk-failed',
        kind: 'unavailable',
        message: `Alerts cannot be kept in ${file}. Check that the data folder exists, belongs to the agent and that the disk is healthy.`,
      });
  }
}

/** The file is damaged: neither a full disk nor a lock is a reason to give up what is in it. */
export function isDamage(error: unknown): boolean {
  const code = resultCode(error);
  return code === sqlite.corrupt || code === sqlite.notADatabase;
}
