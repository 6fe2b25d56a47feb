// The machine's clock, some times faster: minutes of a camera that films as much faster pass in seconds.
import { type Clock, systemClock } from '../../agent/clock.ts';

export function fasterClock(times: number): Clock {
  const startWallMs = systemClock.nowMs();
  const startMs = systemClock.monotonicMs();
  const passedMs = () => (systemClock.monotonicMs() - startMs) * times;
  return {
    nowMs: () => Math.round(startWallMs + passedMs()),
    monotonicMs: () => startMs + passedMs(),
    sleep: (ms, signal) => systemClock.sleep(ms / times, signal),
    after: (ms, callback) => systemClock.after(ms / times, callback),
  };
}
