// Empties the outbox: one loop for each destination, so that a slow one does not hold up the others.
// At least once, in order, patient: what to do after a failure is decided in retry.ts.
//
// A service that takes several at once may refuse some of them and take others. Those it took are settled; those it refused
// are the first of the next batch. So the order is that of the alerts but for the refused ones, which come after those that
// were taken in their batch.
import type { Clock } from '../clock.ts';
import { asAgentError } from '../errors.ts';
import type { Facts } from '../facts.ts';
import { type Attempt, mostInRound, tryRound } from './attempt.ts';
import type { Outbox } from './outbox.ts';
import type { Due } from './outbox-schema.ts';
import { longestDelayMs } from './retry.ts';
import type { Sink } from './sink.ts';

/** Long pauses are cut in pieces: a timer does not notice that the wall clock was set. */
const longestPauseMs = 60_000;
const diskPauseMs = 30_000;

export type DeliveryOptions = {
  outbox: Outbox;
  sinks: Sink[];
  clock: Clock;
  /** 0 ≤ x < 1. */
  random: () => number;
  facts: Facts;
  signal: AbortSignal;
  /** What answers must not repeat: secrets of the settings. */
  hidden?: readonly string[];
};

/**
 * Runs until `signal` aborts, then resolves; an attempt under way is cut off and made again after the next start.
 * Publishes `alert.delivery` for every attempt, and `alerts.failed` when the outbox itself cannot be used.
 */
export async function runDeliveries(options: DeliveryOptions): Promise<void> {
  const { outbox, sinks, facts } = options;
  try {
    outbox.giveUpExcept(sinks.map(sink => sink.destination));
  } catch (error) {
    facts.publish({ type: 'alerts.failed', error: asAgentError(error) });
  }
  await Promise.all(sinks.map(sink => run(sink, options)));
}

async function run(sink: Sink, options: DeliveryOptions): Promise<void> {
  const { clock, facts, signal } = options;
  // Attempts that the outbox has not recorded yet. While a full disk refuses them they are not made again: a receiver
  // would get the same alert every half minute.
  let ended: Attempt[] = [];
  while (!signal.aborted || ended.length > 0) {
    try {
      if (ended.length === 0) ended = await runOnce(sink, options);
      settle(sink, ended, options);
      ended = [];
    } catch (error) {
      const retryAtMs = clock.nowMs() + diskPauseMs;
      facts.publish({ type: 'alerts.failed', error: asAgentError(error), retryAtMs });
      if (signal.aborted) return;
      await pause(diskPauseMs, options);
    }
  }
}

/** Waits, or makes the attempts that are due. Resolves to those that ended. */
async function runOnce(sink: Sink, options: DeliveryOptions): Promise<Attempt[]> {
  const { outbox, clock } = options;
  const [first] = outbox.waiting(sink.destination, 1);
  const waitMs = first && untilDueMs(first, clock.nowMs());
  if (waitMs === undefined || waitMs > 0) {
    await pauseUntilWaiting(waitMs, options);
    return [];
  }
  return tryRound(sink, outbox.waiting(sink.destination, mostInRound(sink)), options);
}

function untilDueMs({ dueMs, attempts, triedMs = 0 }: Due, nowMs: number): number {
  const waitMs = dueMs - nowMs;
  // Tried in the future, or due farther off than the longest delay: the clock was set back meanwhile, and the time in the
  // row means nothing.
  const isClockBack = triedMs > nowMs || waitMs > longestDelayMs;
  return attempts === 0 || isClockBack ? 0 : waitMs;
}

function settle(sink: Sink, ended: readonly Attempt[], { outbox, facts }: DeliveryOptions): void {
  const { destination } = sink;
  if (ended.length > 0) outbox.settle(destination, ended);
  for (const { alertId, settlement } of ended) {
    const { state, atMs, error } = settlement;
    facts.publish({
      ...{ type: 'alert.delivery', alertId, destination, state },
      ...(error ? { error } : {}),
      ...(state === 'waiting' ? { retryAtMs: atMs } : {}),
    });
  }
}

async function pause(ms: number, { clock, signal }: DeliveryOptions): Promise<void> {
  // Rejects only for the abort, which the caller's loop sees by itself.
  await clock.sleep(ms, signal).catch(() => {});
}

/** Until the time has passed (never, when undefined), something new waits or the signal aborted. */
function pauseUntilWaiting(ms: number | undefined, { outbox, clock, signal }: DeliveryOptions): Promise<void> {
  return new Promise(resolve => {
    const stopTimer = ms === undefined ? undefined : clock.after(Math.min(ms, longestPauseMs), end);
    const stopListening = outbox.onWaiting(end);
    signal.addEventListener('abort', end, { once: true });

    function end(): void {
      stopTimer?.();
      stopListening();
      signal.removeEventListener('abort', end);
      resolve();
    }
  });
}
