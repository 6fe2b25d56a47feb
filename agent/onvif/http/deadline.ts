// A limit on the time something may take, whoever else may stop it.
import type { Clock } from '../../clock.ts';

export type Deadline = Disposable & {
  /** Aborts when the time is up or the outer signal aborts. */
  signal: AbortSignal;
  /** Whether it was the time. */
  isOver(): boolean;
};

export function startDeadline(clock: Clock, ms: number, outer: AbortSignal | undefined): Deadline {
  const timeUp = new AbortController();
  const cancel = clock.after(ms, () => timeUp.abort());
  return {
    signal: outer ? AbortSignal.any([outer, timeUp.signal]) : timeUp.signal,
    isOver: () => timeUp.signal.aborted && !outer?.aborted,
    [Symbol.dispose]: cancel,
  };
}
