// The bytes of a growing fragment's frames, copied into memory of its own and given back the moment nobody needs them. Left
// to the garbage collector they would pile up: it cannot know how much of a process lies outside its heap, and a camera of
// 4 Mbit/s makes half a megabyte of it every second.

const chunkBytes = 256 * 1024;

export class FrameMemory {
  readonly #chunks: Uint8Array[] = [];
  #used = chunkBytes;

  /** A copy of `data`, good until `release`. */
  keep(data: Uint8Array): Uint8Array {
    if (data.length > chunkBytes / 2) return this.#add(data.slice());
    if (this.#used + data.length > chunkBytes) {
      this.#chunks.unshift(new Uint8Array(Buffer.allocUnsafeSlow(chunkBytes).buffer));
      this.#used = 0;
    }
    const kept = this.#chunks[0]?.subarray(this.#used, this.#used + data.length) ?? new Uint8Array(0);
    kept.set(data);
    this.#used += data.length;
    return kept;
  }

  /** Whoever still holds a copy holds nothing from now on: its length is 0. */
  release(): void {
    for (const { buffer } of this.#chunks.splice(0)) if (buffer instanceof ArrayBuffer) buffer.transfer(0);
    this.#used = chunkBytes;
  }

  /** Behind the chunk that is being filled. */
  #add(own: Uint8Array): Uint8Array {
    this.#chunks.push(own);
    return own;
  }
}
