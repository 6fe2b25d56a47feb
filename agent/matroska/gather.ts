// Collects the payload of one element from the pieces the transport delivers.

const firstBytes = 256 * 1024;

/**
 * A buffer that grows with what has arrived, not with what was announced: a sender that announces 50 MB and sends
 * nothing costs nothing.
 */
export class Gather {
  #buffer = new Uint8Array(0);
  #length = 0;

  get lengthBytes(): number {
    return this.#length;
  }

  /** Copies `piece`, which is part of a payload of `totalBytes`. */
  add(piece: Uint8Array, totalBytes: number): void {
    const needed = this.#length + piece.length;
    if (needed > this.#buffer.length) {
      const grown = new Uint8Array(Math.min(totalBytes, Math.max(needed, firstBytes, this.#buffer.length * 2)));
      grown.set(this.#buffer.subarray(0, this.#length));
      this.#buffer = grown;
    }
    this.#buffer.set(piece, this.#length);
    this.#length = needed;
  }

  /** Hands over what was gathered, as a buffer nobody else holds, and begins anew. */
  take(): Uint8Array {
    const payload = this.#buffer.subarray(0, this.#length);
    this.#buffer = new Uint8Array(0);
    this.#length = 0;
    return payload;
  }
}
