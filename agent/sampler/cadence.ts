// When the next key frame is due. Pure.

/** Key frames of a camera come every 1990 or 2010 ms, not 2000; waiting for the next one would halve the rate. */
const tolerance = 0.1;

/** At most one frame every `everyMs` on average, never two closer than 0.9 × `everyMs`. */
export class Cadence {
  /** The moment from which the next interval counts. */
  #fromMs: number | undefined;

  /**
   * Whether the frame at `atMs` is due; when it is, it counts as taken. `everyMs` may be another each time: a shorter one
   * counts from the last frame on.
   */
  take(atMs: number, everyMs: number): boolean {
    const due = this.#fromMs === undefined ? atMs : this.#fromMs + everyMs;
    const earlyMs = everyMs * tolerance;
    // Farther off than one interval: the clock was set back, and the old schedule means nothing.
    const clockSetBack = due - atMs > 2 * everyMs;
    if (atMs < due - earlyMs && !clockSetBack) return false;
    // Never ahead of a frame by more than what it came early: the interval may be another by then.
    this.#fromMs = clockSetBack ? atMs : Math.max(due, atMs);
    return true;
  }
}
