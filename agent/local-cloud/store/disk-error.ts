// What the operating system says when the data folder cannot be used → the agent's own errors.
import { AgentError, systemCode } from '../../errors.ts';

/** @param action completes "The embedded server cannot …" */
export function diskError(error: unknown, action: string): AgentError {
  const start = `The embedded server cannot ${action}`;
  switch (systemCode(error)) {
    case 'ENOSPC':
    case 'EDQUOT':
      return new AgentError({
        code: 'disk-full',
        kind: 'exhausted',
        retry: 'later',
        message: `${start}: the disk is full. Free some space, or keep less with a shorter data retention.`,
        cause: error,
      });
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return new AgentError({
        code: 'disk-read-only',
        kind: 'denied',
        retry: 'never',
        message: `${start}: it may not write there. Give its user the folder, or name another one with --data.`,
        cause: error,
      });
    default:
      return new AgentError({
        code: 'disk-failed',
        kind: 'unavailable',
        retry: 'later',
        message: `${start}: ${error instanceof Error ? error.message : String(error)}.`,
        cause: error,
      });
  }
}
