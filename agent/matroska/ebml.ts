// EBML itself: variable-length integers, element headers, values, and the way back to bytes.
// Nothing here knows which elements exist. Numbers above 2^53 are refused where they would matter.
import { invalid } from './matroska-error.ts';

/** A size of all ones: the element ends where its parent, or the next element of a higher level, says. */
export const unknownSize = Number.POSITIVE_INFINITY;

/** Length in bytes of the variable-length integer that starts with `firstByte`; 9 when the byte is zero. */
export function varintLength(firstByte: number): number {
  return Math.clz32(firstByte) - 23;
}

/**
 * Reads an element's id and size a byte at a time, so that a header cut anywhere by the transport needs no buffer.
 * After `take` returned `done`, `id` and `sizeBytes` are valid and the next byte begins a new header.
 */
export class ElementHeader {
  id = 0;
  /** Of the payload; `unknownSize` when all ones. */
  sizeBytes = 0;
  #phase: 'id' | 'id-rest' | 'size' | 'size-rest' = 'id';
  #left = 0;
  #allOnes = false;

  /** True between two elements. */
  get atStart(): boolean {
    return this.#phase === 'id';
  }

  take(byte: number): 'more' | 'done' | 'invalid' {
    switch (this.#phase) {
      case 'id':
        return this.#takeIdStart(byte);
      case 'id-rest':
        this.id = this.id * 256 + byte;
        if (--this.#left === 0) this.#phase = 'size';
        return 'more';
      case 'size':
        return this.#takeSizeStart(byte);
      case 'size-rest':
        this.sizeBytes = this.sizeBytes * 256 + byte;
        this.#allOnes &&= byte === 0xff;
        return --this.#left === 0 ? this.#finish() : 'more';
    }
  }

  #takeIdStart(byte: number): 'more' | 'invalid' {
    const length = varintLength(byte);
    if (length > 4 || byte === 0xff) return 'invalid';
    this.id = byte;
    this.#left = length - 1;
    this.#phase = this.#left === 0 ? 'size' : 'id-rest';
    return 'more';
  }

  #takeSizeStart(byte: number): 'more' | 'done' | 'invalid' {
    const length = varintLength(byte);
    if (length > 8) return 'invalid';
    const mask = 0xff >> length;
    this.sizeBytes = byte & mask;
    this.#allOnes = this.sizeBytes === mask;
    this.#left = length - 1;
    if (this.#left === 0) return this.#finish();
    this.#phase = 'size-rest';
    return 'more';
  }

  #finish(): 'done' {
    if (this.#allOnes) this.sizeBytes = unknownSize;
    this.#phase = 'id';
    return 'done';
  }
}

/** One child of a master element that is wholly in memory. `offset` is where `data` starts in the stream. */
export type Child = { id: number; data: Uint8Array; offset: number };

/**
 * The children of a master element in memory, as views of it.
 * @param offset where `payload` starts in the stream, for error messages
 * @throws AgentError `matroska-invalid` when a child does not fit
 */
export function* children(payload: Uint8Array, offset: number): Generator<Child> {
  const header = new ElementHeader();
  let start = 0;
  for (let position = 0; position < payload.length; ) {
    const state = header.take(payload[position++] ?? 0);
    if (state === 'more') continue;
    const end = position + header.sizeBytes;
    if (state === 'invalid' || end > payload.length)
      throw invalid(offset + start, 'an element does not fit its parent');
    yield { id: header.id, data: payload.subarray(position, end), offset: offset + position };
    position = end;
    start = end;
  }
  if (!header.atStart) throw invalid(offset + start, 'an element does not fit its parent');
}

/** @throws AgentError `matroska-invalid` when longer than 8 bytes or above 2^53 */
export function readUint({ data, offset }: Child): number {
  if (data.length > 8) throw invalid(offset, 'an integer of more than 8 bytes');
  let value = 0;
  for (const byte of data) value = value * 256 + byte;
  if (!Number.isSafeInteger(value)) throw invalid(offset, 'an integer above 2^53');
  return value;
}

/** @throws AgentError `matroska-invalid` when not of 0, 4 or 8 bytes */
export function readFloat({ data, offset }: Child): number {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  if (data.length === 0) return 0;
  if (data.length === 4) return view.getFloat32(0);
  if (data.length === 8) return view.getFloat64(0);
  throw invalid(offset, `a floating-point number of ${data.length} bytes`);
}

const utf8 = new TextDecoder();

/** Up to the first NUL, which pads strings in Matroska. Bytes that are not UTF-8 become U+FFFD. */
export function readString({ data }: Child): string {
  const end = data.indexOf(0);
  return utf8.decode(end < 0 ? data : data.subarray(0, end));
}

/** The bytes of `value` as an unsigned integer of exactly `length` bytes. */
export function uintBytes(value: number, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let i = length - 1, rest = value; i >= 0; i--, rest = Math.floor(rest / 256)) bytes[i] = rest % 256;
  return bytes;
}

/** `value` as the shortest variable-length integer, or as one of `length` bytes. */
export function varintBytes(value: number, length = shortestVarint(value)): Uint8Array {
  const bytes = uintBytes(value, length);
  bytes[0] = (bytes[0] ?? 0) | (0x80 >> (length - 1));
  return bytes;
}

function shortestVarint(value: number): number {
  let length = 1;
  // All ones is reserved for "unknown", so 127 already takes two bytes.
  while (value >= 2 ** (7 * length) - 1) length++;
  return length;
}

export function idBytes(id: number): Uint8Array {
  return uintBytes(id, id > 0xffffff ? 4 : id > 0xffff ? 3 : id > 0xff ? 2 : 1);
}

/** An element with the given payload parts, its size in as few bytes as fit. */
export function element(id: number, ...parts: Uint8Array[]): Uint8Array {
  const sizeBytes = parts.reduce((sum, part) => sum + part.length, 0);
  return concatBytes([idBytes(id), varintBytes(sizeBytes), ...parts]);
}

export function uintElement(id: number, value: number): Uint8Array {
  let length = 1;
  while (value >= 256 ** length) length++;
  return element(id, uintBytes(value, length));
}

export function stringElement(id: number, text: string): Uint8Array {
  return element(id, new TextEncoder().encode(text));
}

export function floatElement(id: number, value: number): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setFloat64(0, value);
  return element(id, bytes);
}

export function concatBytes(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let position = 0;
  for (const part of parts) {
    whole.set(part, position);
    position += part.length;
  }
  return whole;
}
