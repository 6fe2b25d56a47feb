// Collects the payload of one element from the pieces the transport delivers.

/** Elements up to this size share slabs: a third of a camera's pictures come in two pieces, and buffers are dear. */
const sharedBytes = 64 * 1024;
const slabBytes = 256 * 1024;

/**
 * A buffer that grows with what has arrived, not with what was announced: a sender that announces 50 MB and sends
 * nothing costs a slab.
 */
export class Gather {
  #buffer = new Uint8Array(0);
  /** Where the payload in hand begins; what lies before was handed over. */
  #start = 0;
  #length = 0;

  get lengthBytes(): number {
    return this.#length;
  }

  /** Copies `piece`, which is part of a payload of `totalBytes`. */
  add(piece: Uint8Array, totalBytes: number): void {
    const needed = this.#length + piece.length;
    const room = totalBytes <= sharedBytes ? totalBytes : needed;
    if (this.#start + room > this.#buffer.length) this.#move(needed, totalBytes);
    this.#buffer.set(piece, this.#start + this.#length);
    this.#length = needed;
  }

  /** Hands over what was gathered, as bytes that nobody else writes, and begins anew. */
  take(): Uint8Array {
    const payload = this.#buffer.subarray(this.#start, this.#start + this.#length);
    this.#start += this.#length;
    this.#length = 0;
    return payload;
  }

  #move(needed: number, totalBytes: number): void {
    const grown = Math.max(needed, slabBytes, this.#length * 2);
    // Not zeroed first: only what was gathered is handed over. Not a Buffer: its `slice` is a view.
    const { buffer } = Buffer.allocUnsafeSlow(totalBytes <= sharedBytes ? slabBytes : Math.min(totalBytes, grown));
    const moved = new Uint8Array(buffer);
    moved.set(this.#buffer.subarray(this.#start, this.#start + this.#length));
    this.#buffer = moved;
    this.#start = 0;
  }
}
