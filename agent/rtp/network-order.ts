// Numbers in network byte order, as every header of RTP has them. What lies beyond the end counts as 0.

export function twoBytes(bytes: Uint8Array, at: number): number {
  return ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
}

/** Unsigned. */
export function fourBytes(bytes: Uint8Array, at: number): number {
  return ((twoBytes(bytes, at) << 16) | twoBytes(bytes, at + 2)) >>> 0;
}
