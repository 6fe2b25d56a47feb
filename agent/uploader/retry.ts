// What to do after an upload failed: the one table for every failure, and the wait before the next attempt. Pure.
// HTTP answers, ack error ids and socket errors become codes at their boundaries (aws/service-errors.ts, ack-errors.ts);
// here each code gets its recovery.
import type { AgentError, ErrorCode } from '../errors.ts';

type Pace = { baseMs: number; capMs: number };

const usual: Pace = { baseMs: 500, capMs: 30_000 };
/** One stream asks for all of the device, so it may ask more often: the end of an outage is noticed sooner. */
const outage: Pace = { baseMs: 500, capMs: 15_000 };
/** Only a person can mend these: asking often helps nobody and is counted by the service. */
const slow: Pace = { baseMs: 5_000, capMs: 120_000 };
const throttled: Pace = { baseMs: 1_000, capMs: 60_000 };

export type Recovery = {
  /** What becomes of the fragment in hand: sent again in a new session, or set aside because it never will be taken. */
  fragment: 'again' | 'set-aside';
  /** Whether the stream's address is asked for again. */
  endpoint: 'keep' | 'ask';
  credentials: 'keep' | 'renew';
  /** Whether the stream is looked up, and created when it is gone. */
  stream: 'keep' | 'look-up';
  /** Whom it concerns: this stream, or everything that asks the service, which then tries one at a time. */
  scope: 'stream' | 'service';
  pace: Pace;
};

const sameAgain: Recovery = {
  fragment: 'again',
  endpoint: 'keep',
  credentials: 'keep',
  stream: 'keep',
  scope: 'stream',
  pace: usual,
};

type ServiceCode = Extract<ErrorCode, `service-${string}`>;

const recoveries: Record<ServiceCode, Recovery> = {
  'service-session-ended': sameAgain,
  'service-silent': sameAgain,
  'service-encryption-key': { ...sameAgain, pace: slow },
  'service-rejected-fragment': { ...sameAgain, fragment: 'set-aside' },
  'service-unreachable': { ...sameAgain, endpoint: 'ask', scope: 'service', pace: outage },
  'service-endpoint-moved': { ...sameAgain, endpoint: 'ask' },
  'service-throttled': { ...sameAgain, endpoint: 'ask', pace: throttled },
  'service-failed': { ...sameAgain, endpoint: 'ask' },
  'service-denied': { ...sameAgain, endpoint: 'ask', credentials: 'renew', pace: slow },
  'service-stream-missing': { ...sameAgain, endpoint: 'ask', stream: 'look-up' },
  'service-stream-not-active': { ...sameAgain, endpoint: 'ask', stream: 'look-up' },
};

/** Trouble that is not the service's (disk, bugs) leaves everything about the service as it is. */
export function recoveryFrom({ code, retry }: Pick<AgentError, 'code' | 'retry'>): Recovery {
  const recovery = isServiceCode(code) ? recoveries[code] : sameAgain;
  return retry === 'never' ? { ...recovery, pace: slow } : recovery;
}

function isServiceCode(code: ErrorCode): code is ServiceCode {
  return Object.hasOwn(recoveries, code);
}

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
 * Milliseconds. A first failure that may pass at once, or that renewed credentials may mend, is tried again within half a
 * second; after that exponential backoff with full jitter, so that a thousand devices do not come back together.
 */
export function nextDelay({ attempt, error, random }: Attempt): number {
  const { pace, credentials } = recoveryFrom(error);
  const mayPass = error.retry === 'now' || (credentials === 'renew' && error.retry !== 'never');
  if (attempt <= 1 && mayPass) return soonestMs + random() * 200;
  const ceilingMs = Math.min(pace.capMs, pace.baseMs * 2 ** Math.min(attempt - 1, 20));
  return Math.max(soonestMs, random() * ceilingMs);
}

/** Whether the stream's address should be asked for again: after 4xx, 5xx and unreachable hosts. */
export function endpointDoubtful(error: Pick<AgentError, 'code' | 'retry'>): boolean {
  return recoveryFrom(error).endpoint === 'ask';
}
