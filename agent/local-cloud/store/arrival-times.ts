// When fragments arrive, by the server's clock. A clock that is set back a little does not put what arrives before what is
// there: times of a stream stand still until the clock has caught up, as live readers go by them.

/** Beyond this a clock was wrong before and is right now; the signatures of clients tell as much. */
const longestHoldMs = 5 * 60_000;

export class ArrivalTimes {
  readonly #lastMs = new Map<string, number>();

  /** @param newestMs of the stream's newest fragment; asked for once a stream */
  next(stream: string, nowMs: number, newestMs: () => number | undefined): number {
    const lastMs = this.#lastMs.get(stream) ?? newestMs() ?? nowMs;
    const arrivalMs = lastMs > nowMs && lastMs - nowMs <= longestHoldMs ? lastMs : nowMs;
    this.#lastMs.set(stream, arrivalMs);
    return arrivalMs;
  }

  forget(stream: string): void {
    this.#lastMs.delete(stream);
  }
}
