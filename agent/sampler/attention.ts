// Whether something is there that is worth looking at more often. Who notices it says so: the sampler of its pixels, the
// labels of what they found, the camera of its own motion events.

/** So long after the last sign of life. */
const busyForMs = 10_000;

/** One for each camera. Times are producer timestamps of stills. */
export class Attention {
  readonly #wakes = new Set<() => void>();
  #fromMs = Number.NEGATIVE_INFINITY;
  #held = false;
  /** Since it was last asked: a camera's motion may begin and end between two stills. */
  #drawn = false;

  /** Something was seen on the still of this moment. */
  note(atMs: number): void {
    this.#fromMs = atMs;
  }

  /** From `true` to `false`, and for a while after, something is there whatever the stills show. */
  hold(active: boolean): void {
    if (active === this.#held) return;
    this.#held = active;
    if (!active) return;
    this.#drawn = true;
    for (const wake of this.#wakes) wake();
  }

  busy(atMs: number): boolean {
    if (this.#held || this.#drawn) this.#fromMs = atMs;
    this.#drawn = false;
    // The distance: after a clock was set back, the last sign lies in the future.
    return Math.abs(atMs - this.#fromMs) <= busyForMs;
  }

  /** Calls back when attention is drawn from outside the stills. Returns the function that ends it. */
  onHold(wake: () => void): () => void {
    this.#wakes.add(wake);
    return () => this.#wakes.delete(wake);
  }
}
