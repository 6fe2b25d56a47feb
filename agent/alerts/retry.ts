// When a delivery that failed is tried again, and when it is given up. Pure.
import type { DeliveryState } from '../../shared/alert.ts';
import type { AgentError } from '../errors.ts';

const firstDelayMs = 5_000;
/** The longest pause between two attempts of one alert. */
export const longestDelayMs = 24 * 3_600_000;
// Both must be passed: time alone would give up everything at once after the clock was set right from 1970,
// attempts alone would give up early when many new alerts each bring the next attempt forward.
const fewestAttempts = 10;
const longestTryingMs = 3 * 24 * 3_600_000;

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
