// The only door to the machine's clocks and timers. Everything else receives a Clock, so tests can simulate time.
import { performance } from 'node:perf_hooks';
import { setTimeout as delay, setImmediate as nextTurn } from 'node:timers/promises';

export type Clock = {
  /** Wall time, whole milliseconds since 1970 (UTC). May jump when NTP sets it. */
  nowMs(): number;
  /** Milliseconds since an arbitrary start; never goes back, never jumps. */
  monotonicMs(): number;
  /** Waits, and until what has arrived by then is handled. Rejects with the signal's reason when it is aborted meanwhile. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  /**
   * Calls back once after `ms`; the returned function cancels. Does not keep the process alive. Whatever has arrived by then
   * is handled first, and may cancel: a machine that was too busy to read is no reason to call somebody silent.
   */
  after(ms: number, callback: () => void): () => void;
};

export const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  async sleep(ms, signal) {
    const options = signal ? { signal } : {};
    await delay(ms, undefined, options);
    await nextTurn(undefined, options);
  },
  after(ms, callback) {
    let turn: NodeJS.Immediate | undefined;
    // Timers run before sockets are read; behind them is where it is certain that nothing is left to read.
    const timer = setTimeout(() => {
      turn = setImmediate(callback);
    }, ms).unref();
    return () => {
      clearTimeout(timer);
      clearImmediate(turn);
    };
  },
};
