// Memory for what is on its way to the socket, one piece at a time and used again for the next: a live camera of 4 Mbit/s
// would otherwise leave half a megabyte of garbage a second, outside the heap, where the collector is slow to notice it.

const firstBytes = 32 * 1024;

export class PieceMemory {
  #bytes = new Uint8Array(0);

  /** The parts one after the other, good until the next call. */
  join(parts: readonly Uint8Array[]): Uint8Array {
    const length = parts.reduce((sum, part) => sum + part.length, 0);
    if (length > this.#bytes.length) {
      this.#bytes = new Uint8Array(Math.max(firstBytes, 2 ** Math.ceil(Math.log2(length))));
    }
    let position = 0;
    for (const part of parts) {
      this.#bytes.set(part, position);
      position += part.length;
    }
    return this.#bytes.subarray(0, length);
  }
}
