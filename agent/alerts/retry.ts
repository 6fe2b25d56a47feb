// When a delivery that failed is tried again, and when it is given up. Pure.
import type { DeliveryState } from '../../shared/alert.ts';
import { AgentError } from '../errors.ts';

const firstDelayMs = 5_000;
/** The longest pause between two attempts of one alert. */
export const longestDelayMs = 24 * 3_600_000;
// Both must be passed: time alone would give up everything at once after the clock was set right from 1970,
// attempts alone would give up early when many new alerts each bring the next attempt forward.
const fewestAttempts = 10;
const longestTryingMs = 3 * 24 * 3_600_000;
/** So often an alert must have been refused before its successor is tried in front of it. */
const refusalsBeforeOthers = 3;

/** How an attempt ended. `atMs` is the moment it was delivered, given up, or will be tried again. */
export type Settlement = { state: DeliveryState; atMs: number; error?: AgentError };

export type Failure = {
  error: AgentError;
  /** Attempts before this one. */
  attempts: number;
  /** Wall time of the first attempt. */
  firstTriedMs: number;
  nowMs: number;
  random: () => number;
};

/**
 * Pauses of 5 s, 10 s, 20 s … up to a day, each ± 20 %. Dead when the destination refuses for good, or when at least
 * ten attempts over at least three days have failed.
 */
export function afterFailure({ error, attempts, firstTriedMs, nowMs, random }: Failure): Settlement {
  const tired = attempts + 1 >= fewestAttempts && nowMs - firstTriedMs >= longestTryingMs;
  if (error.retry === 'never' || tired) return { state: 'dead', atMs: nowMs, error };
  const jitter = 0.8 + 0.4 * random();
  const delayMs = Math.min(longestDelayMs, firstDelayMs * 2 ** attempts * jitter);
  return { state: 'waiting', atMs: Math.round(nowMs + delayMs), error };
}

/** An attempt that ended. Without `error` the alert was taken. */
export type Tried = { error?: AgentError; attempts: number; firstTriedMs: number };

/**
 * Settles the attempts of one round, which are in the order of the alerts. An alert that was refused several times while
 * a later one was taken is given up: it is the alert that the destination does not want, and waiting for it would keep
 * from people everything that comes after it.
 */
export function settleRound<T extends Tried>(
  round: readonly T[],
  now: { nowMs: number; random: () => number },
): (T & { settlement: Settlement })[] {
  const lastTaken = round.findLastIndex(({ error }) => error === undefined);
  return round.map((tried, index) => ({ ...tried, settlement: settlementOf(tried, index < lastTaken, now) }));
}

function settlementOf(
  { error, attempts, firstTriedMs }: Tried,
  laterWasTaken: boolean,
  now: { nowMs: number; random: () => number },
): Settlement {
  if (!error) return { state: 'delivered', atMs: now.nowMs };
  if (laterWasTaken && isUnwanted(error, attempts)) return { state: 'dead', atMs: now.nowMs, error: unwanted(error) };
  return afterFailure({ error, attempts, firstTriedMs, ...now });
}

/**
 * Whether the destination refuses this alert so steadily that the next one should be tried too: it tells whether the
 * alert is at fault or the destination, for example its address in the settings. @param attempts before this one
 */
export function isUnwanted({ code, kind, retry }: AgentError, attempts: number): boolean {
  const isRefused = code === 'delivery-refused' && kind === 'invalid' && retry !== 'never';
  return isRefused && attempts + 1 >= refusalsBeforeOthers;
}

function unwanted(cause: AgentError): AgentError {
  const { code, kind, message } = cause;
  const reason = `${message} It took a later alert, so this one was given up.`;
  return new AgentError({ code, kind, retry: 'never', message: reason, cause });
}
