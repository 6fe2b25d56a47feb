// Real time made faster, for tests that wait for real sockets and for the agent's patience at once.
import { type Clock, systemClock } from '../../agent/clock.ts';

/** Every wait takes 1/`factor` of its time; wall and monotonic time run `factor` times as fast. */
export function fastClock(factor: number): Clock {
  const startWallMs = systemClock.nowMs();
  const startMs = systemClock.monotonicMs();
  const passedMs = () => (systemClock.monotonicMs() - startMs) * factor;
  return {
    nowMs: () => startWallMs + passedMs(),
    monotonicMs: passedMs,
    sleep: (ms, signal) => systemClock.sleep(ms / factor, signal),
    after: (ms, callback) => systemClock.after(ms / factor, callback),
  };
}
