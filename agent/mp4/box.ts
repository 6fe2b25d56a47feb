// The one building block of MP4: a box is its size, four letters and its content. Meant for the small boxes of an init
// segment; media segments lay their boxes out in place.

export type BoxType = string;

/** One box around its parts. */
export function box(type: BoxType, ...parts: readonly Uint8Array[]): Uint8Array {
  const sizeBytes = parts.reduce((sum, part) => sum + part.length, 8);
  const bytes = new Uint8Array(sizeBytes);
  writeBoxHeader(bytes, 0, sizeBytes, type);
  let position = 8;
  for (const part of parts) {
    bytes.set(part, position);
    position += part.length;
  }
  return bytes;
}

/** A box that begins with a version and flags. */
export function fullBox(type: BoxType, version: number, flags: number, ...parts: readonly Uint8Array[]): Uint8Array {
  return box(type, u32((version << 24) | flags), ...parts);
}

/** Writes size and type at `position`. */
export function writeBoxHeader(bytes: Uint8Array, position: number, sizeBytes: number, type: BoxType): void {
  new DataView(bytes.buffer, bytes.byteOffset).setUint32(position, sizeBytes);
  for (let index = 0; index < 4; index++) bytes[position + 4 + index] = type.charCodeAt(index);
}

/** Big-endian unsigned numbers of 8, 16 and 32 bits, one after the other. */
export function u8(...values: readonly number[]): Uint8Array {
  return Uint8Array.from(values);
}

export function u16(...values: readonly number[]): Uint8Array {
  return Uint8Array.from(values.flatMap(value => [value >>> 8, value & 0xff]));
}

export function u32(...values: readonly number[]): Uint8Array {
  return Uint8Array.from(
    values.flatMap(value => [value >>> 24, (value >>> 16) & 0xff, (value >>> 8) & 0xff, value & 0xff]),
  );
}

export function ascii(text: string): Uint8Array {
  return Uint8Array.from(text, letter => letter.charCodeAt(0));
}
