// How much of all request bodies together may be in memory. Who knows the name of a key, which every signed request shows,
// can have bodies read before a signature can be found wrong; not without bounds.

const maxBytes = 256 * 1024 * 1024;

export class BodyBudget {
  readonly #maxBytes: number;
  #bytes = 0;

  constructor(limitBytes = maxBytes) {
    this.#maxBytes = limitBytes;
  }

  /** False when there is no room for so many. */
  take(bytes: number): boolean {
    if (this.#bytes + bytes > this.#maxBytes) return false;
    this.#bytes += bytes;
    return true;
  }

  giveBack(bytes: number): void {
    this.#bytes -= bytes;
  }
}
