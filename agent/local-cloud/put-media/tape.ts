// The bytes of the body that were not used yet, addressed by their place in the stream: what is stored is what was
// sent, not what a parser made of it. Holds views of the received chunks, copies nothing.

export class Tape {
  #chunks: Uint8Array[] = [];
  #start = 0;
  #end = 0;

  add(chunk: Uint8Array): void {
    this.#chunks.push(chunk);
    this.#end += chunk.length;
  }

  /** Stream offset of the first byte that is still here. */
  get start(): number {
    return this.#start;
  }

  /** Bytes that are still here. */
  get length(): number {
    return this.#end - this.#start;
  }

  /** Removes and returns everything before `offset`. */
  take(offset: number): Uint8Array[] {
    const taken: Uint8Array[] = [];
    while (this.#start < offset) {
      const chunk = this.#chunks[0];
      if (!chunk) break;
      const bytes = Math.min(chunk.length, offset - this.#start);
      taken.push(chunk.subarray(0, bytes));
      if (bytes === chunk.length) this.#chunks.shift();
      else this.#chunks[0] = chunk.subarray(bytes);
      this.#start += bytes;
    }
    return taken;
  }
}
