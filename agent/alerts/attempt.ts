// One round of attempts at one destination: what waits goes out alone, or together where the service takes several.
// Nothing here touches the outbox. Invariant: whatever a sink does, a round ends, and leaves nothing on the agent's signal.
import type { Clock } from '../clock.ts';
import { AgentError, asAgentError } from '../errors.ts';
import { answerText } from './answer-text.ts';
import type { Due } from './outbox-schema.ts';
import { isUnwanted, type Settlement, settleRound } from './retry.ts';
import type { Sink } from './sink.ts';

/** Sinks end by themselves much earlier; a line must not stand still because one does not. */
const longestAttemptMs = 120_000;

export type AttemptOptions = {
  clock: Clock;
  /** 0 ≤ x < 1. */
  random: () => number;
  signal: AbortSignal;
  /** What answers must not repeat: secrets of the settings. */
  hidden?: readonly string[];
};

/** An attempt that ended, as the outbox keeps it. */
export type Attempt = {
  alertId: string;
  /** Wall time. */
  triedMs: number;
  tookMs: number;
  /** What the other side said, when it said something. */
  answer?: string;
  settlement: Settlement;
};

/** Without `error` the alert was taken. */
type Ended = Pick<Attempt, 'triedMs' | 'tookMs' | 'answer'> & { due: Due; error?: AgentError };

/** How many of those that wait a round may need. */
export function mostInRound({ batches }: Sink): number {
  // The second is for `isUnwanted`.
  return Math.max(2, batches?.most ?? 0);
}

/**
 * Tries `waiting`: the oldest alerts, in their order. Resolves to the attempts that count, in the same order: those that
 * `signal` cut off do not. Never rejects.
 */
export async function tryRound(sink: Sink, waiting: readonly Due[], options: AttemptOptions): Promise<Attempt[]> {
  const { clock, random, signal } = options;
  const ended = await attemptsOf(sink, waiting, options);
  const round = ended
    .filter(({ error }) => !(signal.aborted && error))
    .map(attempt => {
      const { attempts, firstTriedMs = attempt.triedMs } = attempt.due;
      return { ...attempt, attempts, firstTriedMs };
    });
  const settled = settleRound(round, { nowMs: clock.nowMs(), random });
  return settled.map(({ due, triedMs, tookMs, answer, settlement }) => ({
    ...{ alertId: due.alert.id, triedMs, tookMs, settlement },
    ...(answer === undefined ? {} : { answer }),
  }));
}

async function attemptsOf(sink: Sink, waiting: readonly Due[], options: AttemptOptions): Promise<Ended[]> {
  const [first, second] = waiting;
  if (!first) return [];
  const together = second && sink.batches ? await tryTogether(sink.batches, waiting, options) : undefined;
  if (together) return together;
  const alone = await tryAlone(sink, first, options);
  if (!second || !alone.error || options.signal.aborted || !isUnwanted(alone.error, first.attempts)) return [alone];
  return [alone, await tryAlone(sink, second, options)];
}

async function tryAlone(sink: Sink, due: Due, options: AttemptOptions): Promise<Ended> {
  let answer: string | undefined;
  const heard = (text: string) => {
    answer = answerText(text, options.hidden);
  };
  const { error, ...times } = await timed(signal => sink.deliver(due.alert, signal, heard), options);
  return { due, ...times, ...(error ? { error } : {}), ...(answer === undefined ? {} : { answer }) };
}

/** Undefined when the whole was refused: one alert may be the reason, and must not take the others with it. */
async function tryTogether(
  batches: NonNullable<Sink['batches']>,
  waiting: readonly Due[],
  options: AttemptOptions,
): Promise<Ended[] | undefined> {
  const batch = waiting.slice(0, batches.most);
  const {
    value: problems,
    error,
    ...times
  } = await timed(async signal => {
    const problems = await batches.deliver(
      batch.map(({ alert }) => alert),
      signal,
    );
    if (problems.length !== batch.length) throw new TypeError(`${problems.length} results for ${batch.length} alerts`);
    return problems;
  }, options);
  if (problems?.some(problem => problem === undefined))
    return batch.map((due, index) => endedOf(due, times, problems[index]));
  const whole = error ?? problems?.[0];
  if (!whole || whole.retry === 'never' || whole.code === 'delivery-refused') return undefined;
  // The others were not at fault and count no attempt, as when alerts go one by one.
  return batch.slice(0, 1).map(due => endedOf(due, times, whole));
}

function endedOf(due: Due, times: Pick<Ended, 'triedMs' | 'tookMs'>, error: AgentError | undefined): Ended {
  return { due, ...times, ...(error ? { error } : {}) };
}

type Timed<T> = { triedMs: number; tookMs: number; value?: T; error?: AgentError };

/** Never rejects. */
async function timed<T>(work: (signal: AbortSignal) => Promise<T>, options: AttemptOptions): Promise<Timed<T>> {
  const { clock } = options;
  const triedMs = clock.nowMs();
  const startedMs = clock.monotonicMs();
  const tookMs = () => Math.round(clock.monotonicMs() - startedMs);
  try {
    const value = await bounded(work, options);
    return { triedMs, tookMs: tookMs(), value };
  } catch (thrown) {
    return { triedMs, tookMs: tookMs(), error: asAgentError(thrown) };
  }
}

/**
 * Gives the work a signal of its own. What sinks attach to it, as AbortSignal.any does for good, goes when the attempt
 * has ended; on the agent's signal it would pile up for as long as the agent runs.
 */
async function bounded<T>(
  work: (signal: AbortSignal) => Promise<T>,
  { clock, signal }: Pick<AttemptOptions, 'clock' | 'signal'>,
): Promise<T> {
  const own = new AbortController();
  const stop = () => own.abort(signal.reason);
  const cancelDeadline = clock.after(longestAttemptMs, () => own.abort(tooLong()));
  signal.addEventListener('abort', stop, { once: true });
  if (signal.aborted) stop();
  const aborted = new Promise<never>((_, reject) => {
    own.signal.addEventListener('abort', () => reject(own.signal.reason), { once: true });
  });
  try {
    own.signal.throwIfAborted();
    return await Promise.race([work(own.signal), aborted]);
  } catch (error) {
    throw own.signal.aborted ? own.signal.reason : error;
  } finally {
    cancelDeadline();
    signal.removeEventListener('abort', stop);
  }
}

function tooLong(): AgentError {
  return new AgentError({
    code: 'delivery-failed',
    kind: 'unavailable',
    retry: 'later',
    message: `The destination did not answer within ${longestAttemptMs / 1000} s.`,
  });
}
