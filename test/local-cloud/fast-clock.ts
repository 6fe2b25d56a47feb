// A clock that runs faster than time and that several processes share: hours of retention fit into a test.
import { type Clock, systemClock } from '../../agent/clock.ts';

/** @param epochMs when it showed the right time */
export function fastClock(epochMs: number, speed: number): Clock {
  return {
    nowMs: () => Math.round(epochMs + (systemClock.nowMs() - epochMs) * speed),
    monotonicMs: () => systemClock.monotonicMs() * speed,
    sleep: (ms, signal) => systemClock.sleep(ms / speed, signal),
    after: (ms, callback) => systemClock.after(ms / speed, callback),
  };
}
