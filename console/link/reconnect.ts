// How the link to the agent is judged and retried. Pure.

/** Shorter interruptions only grey the values; longer ones get the banner. */
const OFFLINE_AFTER_MS = 4000;

const DELAYS_MS = [500, 1000, 2000, 4000, 8000, 15_000] as const;

/** The pause before try number `attempt` (0 for the first after a loss). Never longer than 15 s: someone is watching. */
export function reconnectDelayMs(attempt: number): number {
  return DELAYS_MS[Math.min(attempt, DELAYS_MS.length - 1)] ?? 15_000;
}

export type LinkState =
  | { at: 'connecting' }
  | { at: 'open' }
  /** Values on the screen may be old. */
  | { at: 'stale'; sinceMs: number }
  /** The agent has been gone for a while; `retryAtMs` on the same clock as `sinceMs`. */
  | { at: 'offline'; sinceMs: number; retryAtMs: number };

/** The state after a failed try. `lostAtMs` is when the link was last good (or first tried). */
export function afterFailure({
  lostAtMs,
  nowMs,
  attempt,
}: {
  lostAtMs: number;
  nowMs: number;
  attempt: number;
}): LinkState {
  const retryAtMs = nowMs + reconnectDelayMs(attempt);
  if (retryAtMs - lostAtMs < OFFLINE_AFTER_MS) return { at: 'stale', sinceMs: lostAtMs };
  return { at: 'offline', sinceMs: lostAtMs, retryAtMs };
}
