// The only door to the machine's clocks and timers. Everything else receives a Clock, so tests can simulate time.
import { performance } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';

export type Clock = {
  /** Wall time, whole milliseconds since 1970 (UTC). May jump when NTP sets it. */
  nowMs(): number;
  /** Milliseconds since an arbitrary start; never goes back, never jumps. */
  monotonicMs(): number;
  /** Waits. Rejects with the signal's reason when it is aborted meanwhile. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  /** Calls back once after `ms`; the returned function cancels. Does not keep the process alive. */
  after(ms: number, callback: () => void): () => void;
};

export const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  sleep: (ms, signal) => delay(ms, undefined, signal ? { signal } : {}),
  after(ms, callback) {
    const timer = setTimeout(callback, ms).unref();
    return () => clearTimeout(timer);
  },
};
