// Bits of plain bytes, most significant first. (Those of NAL units are escaped: agent/codec/bit-reader.ts.)

export class Bits {
  #bytes: Uint8Array;
  /** The next bit's place. */
  position = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  begin(bytes: Uint8Array): void {
    this.#bytes = bytes;
    this.position = 0;
  }

  /** More was asked for than there is; what was read is then worth nothing. */
  get exhausted(): boolean {
    return this.position > this.#bytes.length * 8;
  }

  /** An unsigned integer of at most 32 bits; zeros past the end. */
  read(count: number): number {
    let value = 0;
    for (let left = count; left > 0; left--, this.position++) {
      value = value * 2 + (((this.#bytes[this.position >> 3] ?? 0) >> (7 - (this.position & 7))) & 1);
    }
    return value;
  }

  /** The next `count` bytes: a view when they lie on whole bytes, otherwise moved there. */
  readBytes(count: number): Uint8Array {
    const start = this.position >> 3;
    const shift = this.position & 7;
    this.position += 8 * count;
    if (shift === 0) return this.#bytes.subarray(start, start + count);
    const moved = new Uint8Array(Math.max(0, Math.min(count, this.#bytes.length - start)));
    for (let index = 0; index < moved.length; index++) {
      const at = start + index;
      moved[index] = ((this.#bytes[at] ?? 0) << shift) | ((this.#bytes[at + 1] ?? 0) >> (8 - shift));
    }
    return moved;
  }
}
