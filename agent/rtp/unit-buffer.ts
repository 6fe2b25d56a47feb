// Where access units grow, packet by packet: each byte is copied once, into a slab that many units share, and a finished
// unit is a view of it. Only what a unit has so far is copied again when its slab is full.

/** Larger access units do not exist; a stream that never ends one must not fill the memory. */
const mostUnitBytes = 50_000_000;

export class UnitBuffer {
  readonly #slabBytes: number;
  #slab = new Uint8Array(0);
  #start = 0;
  #end = 0;

  /** @param slabBytes a few units' worth: what is allocated at once */
  constructor(slabBytes: number) {
    this.#slabBytes = slabBytes;
  }

  /** Of the unit that grows. */
  get lengthBytes(): number {
    return this.#end - this.#start;
  }

  /** @returns false, and takes nothing, when the unit would be too large */
  append(bytes: Uint8Array): boolean {
    if (!this.#makeRoom(bytes.length)) return false;
    this.#slab.set(bytes, this.#end);
    this.#end += bytes.length;
    return true;
  }

  /** Four bytes, to be filled by `setUint32`. @returns false when the unit would be too large */
  appendUint32(value: number): boolean {
    if (!this.#makeRoom(4)) return false;
    this.#end += 4;
    this.setUint32(this.lengthBytes - 4, value);
    return true;
  }

  appendByte(value: number): boolean {
    if (!this.#makeRoom(1)) return false;
    this.#slab[this.#end++] = value;
    return true;
  }

  /** @param at offset in the unit */
  setUint32(at: number, value: number): void {
    const position = this.#start + at;
    this.#slab[position] = value >>> 24;
    this.#slab[position + 1] = value >>> 16;
    this.#slab[position + 2] = value >>> 8;
    this.#slab[position + 3] = value;
  }

  /** What has been appended, from the offset `from` in the unit. Valid until the next call. */
  view(from = 0): Uint8Array {
    return this.#slab.subarray(this.#start + from, this.#end);
  }

  /** The unit takes back what was appended from the offset `to` on. */
  truncate(to: number): void {
    this.#end = this.#start + to;
  }

  /** The finished unit; the next one begins. */
  take(): Uint8Array {
    const unit = this.#slab.subarray(this.#start, this.#end);
    this.#start = this.#end;
    return unit;
  }

  /** Forgets the unit that grows. */
  drop(): void {
    this.#end = this.#start;
    // The slab of a monster goes with it.
    if (this.#slab.length <= 16 * this.#slabBytes) return;
    this.#slab = new Uint8Array(0);
    this.#start = 0;
    this.#end = 0;
  }

  #makeRoom(bytes: number): boolean {
    const neededBytes = this.lengthBytes + bytes;
    if (this.#start + neededBytes <= this.#slab.length) return true;
    if (neededBytes > mostUnitBytes) return false;
    let sizeBytes = this.#slabBytes;
    while (sizeBytes < neededBytes) sizeBytes *= 2;
    // Not zeroed: views only ever cover what was written.
    const slab = new Uint8Array(Buffer.allocUnsafeSlow(sizeBytes).buffer);
    slab.set(this.view());
    this.#slab = slab;
    this.#end -= this.#start;
    this.#start = 0;
    return true;
  }
}
