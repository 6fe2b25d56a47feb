// Bits of a NAL unit, as H.264 and H.265 headers are written: emulation prevention bytes taken out, Exp-Golomb numbers.

/** Past the end it gives zeros and says so in `exhausted`: damaged headers must be recognised, not thrown at. */
export class BitReader {
  readonly #bytes: Uint8Array;
  #position: number;
  #current = 0;
  #bitsLeft = 0;
  #zeros = 0;
  /** True once more was read than there is; what was read is then worth nothing. */
  exhausted = false;

  /** @param start of the bytes to read: after the NAL unit's header */
  constructor(nalUnit: Uint8Array, start: number) {
    this.#bytes = nalUnit;
    this.#position = start;
  }

  bit(): number {
    if (this.#bitsLeft === 0) this.#nextByte();
    this.#bitsLeft--;
    return (this.#current >> this.#bitsLeft) & 1;
  }

  flag(): boolean {
    return this.bit() === 1;
  }

  /** An unsigned integer of `count` bits, at most 32. */
  bits(count: number): number {
    let value = 0;
    for (let i = 0; i < count; i++) value = value * 2 + this.bit();
    return value;
  }

  skipBits(count: number): void {
    for (let i = 0; i < count; i++) this.bit();
  }

  /** ue(v) */
  unsigned(): number {
    let zeros = 0;
    while (this.bit() === 0) {
      if (++zeros > 31) {
        this.exhausted = true;
        return 0;
      }
    }
    return 2 ** zeros - 1 + this.bits(zeros);
  }

  /** se(v) */
  signed(): number {
    const code = this.unsigned();
    return code % 2 === 1 ? (code + 1) / 2 : -code / 2;
  }

  #nextByte(): void {
    // 00 00 03: the 03 was put in so that no start code appears inside of a NAL unit.
    if (this.#zeros === 2 && this.#bytes[this.#position] === 3) {
      this.#position++;
      this.#zeros = 0;
    }
    const byte = this.#bytes[this.#position++];
    if (byte === undefined) this.exhausted = true;
    this.#current = byte ?? 0;
    this.#zeros = byte === 0 ? this.#zeros + 1 : 0;
    this.#bitsLeft = 8;
  }
}
