// How long to wait before the next attempt. Pure.
import type { AgentError, ErrorCode } from '../errors.ts';

type Pace = { baseMs: number; capMs: number };

const usual: Pace = { baseMs: 500, capMs: 30_000 };
/** Only a person can mend these: asking often helps nobody and is counted by the service. */
const slow: Pace = { baseMs: 5_000, capMs: 120_000 };
const throttled: Pace = { baseMs: 1_000, capMs: 60_000 };

const paces: Partial<Record<ErrorCode, Pace>> = {
  'service-denied': slow,
  'service-encryption-key': slow,
  'service-throttled': throttled,
};

/** PutMedia takes five requests a second for a stream. */
const soonestMs = 200;

export type Attempt = {
  /** 1 for the first failure since something went right. */
  attempt: number;
  error: Pick<AgentError, 'code' | 'retry'>;
  /** In [0, 1). */
  random: () => number;
};

/**
 * Milliseconds. A first failure that may pass at once is tried again within half a second; after that exponential backoff
 * with full jitter, so that a thousand devices do not come back together.
 */
export function nextDelay({ attempt, error, random }: Attempt): number {
  if (attempt <= 1 && error.retry === 'now') return soonestMs + random() * 200;
  const { baseMs, capMs } = error.retry === 'never' ? slow : (paces[error.code] ?? usual);
  const ceilingMs = Math.min(capMs, baseMs * 2 ** Math.min(attempt - 1, 20));
  return Math.max(soonestMs, random() * ceilingMs);
}

/** Errors after which the data endpoint is still the right one. */
const endpointHolds: ReadonlySet<ErrorCode> = new Set([
  'service-session-ended',
  'service-rejected-fragment',
  'service-encryption-key',
  'service-silent',
]);

/** Whether the stream's address should be asked for again: after 4xx, 5xx and unreachable hosts. */
export function endpointDoubtful({ code }: Pick<AgentError, 'code'>): boolean {
  return !endpointHolds.has(code);
}

/** Whether the stream should be looked up, and created, again. */
export function streamDoubtful({ code }: Pick<AgentError, 'code'>): boolean {
  return code === 'service-stream-missing' || code === 'service-stream-not-active';
}
