// A clock, some times faster: minutes of a camera that films as much faster pass in seconds.
import type { Clock } from '../../agent/clock.ts';

export function fasterClock(clock: Clock, times: number): Clock {
  const startWallMs = clock.nowMs();
  const startMs = clock.monotonicMs();
  const passedMs = () => (clock.monotonicMs() - startMs) * times;
  return {
    nowMs: () => Math.round(startWallMs + passedMs()),
    monotonicMs: () => startMs + passedMs(),
    sleep: (ms, signal) => clock.sleep(ms / times, signal),
    after: (ms, callback) => clock.after(ms / times, callback),
  };
}
