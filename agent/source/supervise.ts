// Keeps one camera's stream going for as long as it is wanted: the loop around every kind of source. It owns retry, backoff
// and what is published of the camera's state; `runOnce` owns one connection, and throws when the camera goes away.
import type { Clock } from '../clock.ts';
import { asAgentError } from '../errors.ts';
import type { Facts } from '../facts.ts';
import { cameraOutlook, retryDelayMs } from './outlook.ts';
import type { SourceItem } from './source.ts';

/** What one connection is told, and what it tells. */
export type Connection = {
  /** To be called at its first picture; further calls say nothing new. Publishes that the camera is live. */
  noteLive(): void;
  /** Whether `noteLive` was called on this connection. */
  readonly isLive: boolean;
};

export type Supervision = {
  cameraId: string;
  clock: Clock;
  facts: Facts;
  /** 0 ≤ value < 1, as Math.random. */
  random: () => number;
  /** Failures are forgotten after this long a time with pictures. */
  steadyMs: number;
  /**
   * One connection to the camera: a `tracks` item, then frames. When it returns, it is called again at once: it has learnt
   * something, such as another transport, and must not return for the same reason again and again. What it throws is why
   * the stream ended; what that says is taken for the camera's (see outlook.ts). When `signal` aborts, it ends soon.
   */
  runOnce: (connection: Connection, signal: AbortSignal) => AsyncIterable<SourceItem>;
};

/**
 * Follows one camera until the signal aborts, or until the consumer stops iterating. Publishes `camera.state`: starting
 * once, live at the first picture of each connection, offline or refused with the error and the time of the next attempt.
 * Never throws.
 */
export async function* supervise(
  { cameraId, clock, facts, random, steadyMs, runOnce }: Supervision,
  signal: AbortSignal,
): AsyncGenerator<SourceItem, void, undefined> {
  facts.publish({ type: 'camera.state', cameraId, state: 'starting' });
  let wasLive = false;
  for (let failures = 0; !signal.aborted; ) {
    let liveSinceMs: number | undefined;
    const connection: Connection = {
      noteLive() {
        if (liveSinceMs !== undefined) return;
        liveSinceMs = clock.monotonicMs();
        wasLive = true;
        facts.publish({ type: 'camera.state', cameraId, state: 'live' });
      },
      get isLive() {
        return liveSinceMs !== undefined;
      },
    };
    try {
      yield* runOnce(connection, signal);
    } catch (thrown) {
      if (signal.aborted) return;
      if (liveSinceMs !== undefined) yield { type: 'end' };
      const error = asAgentError(thrown);
      const livedLong = liveSinceMs !== undefined && clock.monotonicMs() - liveSinceMs >= steadyMs;
      failures = livedLong ? 1 : failures + 1;
      const outlook = cameraOutlook(error, wasLive);
      const delayMs = retryDelayMs(outlook, failures, random);
      const retryAtMs = clock.nowMs() + delayMs;
      facts.publish({ type: 'camera.state', cameraId, state: outlook.state, error, retryAtMs });
      await clock.sleep(delayMs, signal).catch(ignoreAbort);
    }
  }
}

/** Its news is `signal.aborted` itself. */
function ignoreAbort(): void {}
