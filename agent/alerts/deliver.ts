// Empties the outbox: one loop for each destination, so that a slow one does not hold up the others.
// At least once, in order, patient: what to do after a failure is decided in retry.ts.
import type { Clock } from '../clock.ts';
import { asAgentError } from '../errors.ts';
import type { Facts } from '../facts.ts';
import type { Outbox } from './outbox.ts';
import type { Due } from './outbox-schema.ts';
import { afterFailure, longestDelayMs, type Settlement } from './retry.ts';
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
  while (!signal.aborted) {
    try {
      await runOnce(sink, options);
    } catch (error) {
      const retryAtMs = clock.nowMs() + diskPauseMs;
      facts.publish({ type: 'alerts.failed', error: asAgentError(error), retryAtMs });
      await pause(diskPauseMs, options);
    }
  }
}

async function runOnce(sink: Sink, options: DeliveryOptions): Promise<void> {
  const { outbox, clock, facts, signal } = options;
  const due = outbox.next(sink.destination);
  if (!due) return pauseUntilRaised(undefined, options);
  const triedMs = clock.nowMs();
  const waitMs = due.dueMs - triedMs;
  // Farther off than the longest delay: the clock was set back meanwhile, and the time in the row means nothing.
  if (waitMs > 0 && waitMs <= longestDelayMs) return pauseUntilRaised(Math.min(waitMs, longestPauseMs), options);

  const settlement = await attempt(sink, due, options);
  if (signal.aborted && settlement.state !== 'delivered') return;
  const { id: alertId } = due.alert;
  outbox.settle({ alertId, destination: sink.destination, triedMs }, settlement);
  const { state, atMs, error } = settlement;
  facts.publish({
    type: 'alert.delivery',
    alertId,
    destination: sink.destination,
    state,
    ...(error ? { error } : {}),
    ...(state === 'waiting' ? { retryAtMs: atMs } : {}),
  });
}

async function attempt(sink: Sink, due: Due, { clock, random, signal }: DeliveryOptions): Promise<Settlement> {
  const startedMs = clock.nowMs();
  try {
    await sink.deliver(due.alert, signal);
    return { state: 'delivered', atMs: clock.nowMs() };
  } catch (cause) {
    const { attempts, firstTriedMs = startedMs } = due;
    return afterFailure({ error: asAgentError(cause), attempts, firstTriedMs, nowMs: clock.nowMs(), random });
  }
}

async function pause(ms: number, { clock, signal }: DeliveryOptions): Promise<void> {
  // Rejects only for the abort, which the caller's loop sees by itself.
  await clock.sleep(ms, signal).catch(() => {});
}

/** Until the time has passed (never, when undefined), a new alert came or the signal aborted. */
function pauseUntilRaised(ms: number | undefined, { outbox, clock, signal }: DeliveryOptions): Promise<void> {
  return new Promise(resolve => {
    const stopTimer = ms === undefined ? undefined : clock.after(ms, end);
    const stopListening = outbox.onRaised(end);
    signal.addEventListener('abort', end, { once: true });

    function end(): void {
      stopTimer?.();
      stopListening();
      signal.removeEventListener('abort', end);
      resolve();
    }
  });
}
