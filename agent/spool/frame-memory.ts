// The bytes of a growing fragment's frames, copied into memory of its own and given back the moment nobody needs them, to be
// used for the next fragment. Left to the garbage collector it would pile up: half a megabyte a second for each camera of
// 4 Mbit/s, outside the heap, and the collector would run for nothing else.

const chunkBytes = 256 * 1024;
/** More than this is given back to the system: so much was only needed while many fragments were large at once. */
const mostIdleBytes = 16 * 1024 * 1024;

const idle: ArrayBuffer[] = [];

export class FrameMemory {
  readonly #chunks: ArrayBuffer[] = [];
  #current: Uint8Array = new Uint8Array(0);
  #used = 0;

  /** A copy of `data`, good until `release`. */
  keep(data: Uint8Array): Uint8Array {
    // Not `slice`, which of a Buffer is a view: `release` would take the memory of whoever made it.
    if (data.length > chunkBytes) return this.#takeChunk(new Uint8Array(data).buffer);
    if (this.#used + data.length > this.#current.length) {
      this.#current = this.#takeChunk(idle.pop() ?? new ArrayBuffer(chunkBytes));
      this.#used = 0;
    }
    const kept = this.#current.subarray(this.#used, this.#used + data.length);
    kept.set(data);
    this.#used += data.length;
    return kept;
  }

  /** Whoever still holds a copy holds nothing from now on: its length is 0. */
  release(): void {
    for (const chunk of this.#chunks.splice(0)) {
      const isUsual = chunk.byteLength === chunkBytes && idle.length * chunkBytes < mostIdleBytes;
      // The same memory under another name: what still looks at it under the old one sees nothing of the next fragment.
      if (isUsual) idle.push(chunk.transfer());
      else chunk.transfer(0);
    }
    this.#current = new Uint8Array(0);
    this.#used = 0;
  }

  #takeChunk(chunk: ArrayBuffer): Uint8Array {
    this.#chunks.push(chunk);
    return new Uint8Array(chunk);
  }
}
