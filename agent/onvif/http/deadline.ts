// A limit on the time something may take, whoever else may stop it. Nothing of it stays with the outer signal, which may
// live for months: of AbortSignal.any a part would, for each call that listened.
import type { Clock } from '../../clock.ts';

export type Deadline = Disposable & {
  /** Aborts when the time is up or the outer signal aborts. */
  signal: AbortSignal;
  /** Whether it was the time. */
  isOver(): boolean;
};

export function startDeadline(clock: Clock, ms: number, outer: AbortSignal | undefined): Deadline {
  const ending = new AbortController();
  let isOver = false;
  const stop = () => ending.abort(outer?.reason);
  const cancel = clock.after(ms, () => {
    isOver = !ending.signal.aborted;
    ending.abort();
  });
  if (outer?.aborted) stop();
  else outer?.addEventListener('abort', stop, { once: true });
  return {
    signal: ending.signal,
    isOver: () => isOver,
    [Symbol.dispose]() {
      cancel();
      outer?.removeEventListener('abort', stop);
    },
  };
}
