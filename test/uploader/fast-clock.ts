// Real time made faster, for tests that wait for real sockets and for the agent's patience at once. It passes only while this
// process runs: on a busy machine, which lets it stand still for a while, nobody's patience ends because of that.
import { type Clock, systemClock } from '../../agent/clock.ts';

const tickMs = 4;
/** Of real time, between two ticks of a process that runs. */
const longestStepMs = 2 * tickMs;

/** Every wait takes 1/`factor` of its time, or longer; wall and monotonic time run `factor` times as fast, or slower. */
export function fastClock(factor: number): Clock {
  const startWallMs = systemClock.nowMs();
  let seenMs = systemClock.monotonicMs();
  let passedMs = 0;

  function monotonicMs(): number {
    const nowMs = systemClock.monotonicMs();
    passedMs += Math.min(nowMs - seenMs, longestStepMs) * factor;
    seenMs = nowMs;
    return passedMs;
  }

  function after(ms: number, callback: () => void): () => void {
    const dueMs = monotonicMs() + ms;
    let cancel = tick(ms);
    function tick(leftMs: number): () => void {
      return systemClock.after(Math.min(Math.max(leftMs, 0) / factor, tickMs), () => {
        const stillMs = dueMs - monotonicMs();
        if (stillMs > 0) cancel = tick(stillMs);
        else callback();
      });
    }
    return () => cancel();
  }

  function sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      const giveUp = () => {
        cancel();
        reject(signal?.reason);
      };
      const cancel = after(ms, () => {
        signal?.removeEventListener('abort', giveUp);
        resolve();
      });
      signal?.addEventListener('abort', giveUp, { once: true });
    });
  }

  return { nowMs: () => Math.floor(startWallMs + monotonicMs()), monotonicMs, sleep, after };
}
