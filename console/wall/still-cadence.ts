// How often a tile's picture is renewed: seldom while nothing happens, every second for a while after a sighting. Pure.

const QUIET_MS = 10_000;
const LIVELY_MS = 1000;
const LIVELY_FOR_MS = 20_000;

export type StillTimes = {
  nowMs: number;
  /** When the picture on the screen was asked for; undefined before the first. */
  loadedAtMs: number | undefined;
  lastSightingMs: number | undefined;
};

/** Whether a newer still should be loaded now. */
export function isStillDue({ nowMs, loadedAtMs, lastSightingMs }: StillTimes): boolean {
  if (loadedAtMs === undefined) return true;
  const lively = lastSightingMs !== undefined && nowMs - lastSightingMs < LIVELY_FOR_MS;
  // Ticks come about once a second; half a tick of slack keeps the cadence instead of doubling it.
  return nowMs - loadedAtMs >= (lively ? LIVELY_MS : QUIET_MS) - 500;
}
