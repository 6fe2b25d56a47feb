// When the next key frame is due. Pure.

/** Key frames of a camera come every 1990 or 2010 ms, not 2000; waiting for the next one would halve the rate. */
const tolerance = 0.1;

/** At most one frame every `everyMs` on average, never two closer than 0.9 × `everyMs`. */
export class Cadence {
  readonly #everyMs: number;
  #dueMs: number | undefined;

  constructor(everyMs: number) {
    this.#everyMs = everyMs;
  }

  /** Whether the frame at `atMs` is due; when it is, it counts as taken. */
  take(atMs: number): boolean {
    const due = this.#dueMs ?? atMs;
    const earlyMs = this.#everyMs * tolerance;
    // Farther off than one interval: the clock was set back, and the old schedule means nothing.
    const clockSetBack = due - atMs > 2 * this.#everyMs;
    if (atMs < due - earlyMs && !clockSetBack) return false;
    this.#dueMs = (clockSetBack ? atMs : Math.max(due, atMs)) + this.#everyMs;
    return true;
  }
}
