// The header of a session goes in front of every one of its fragments, so the segment must not claim the size the whole
// session had.

/** The header with the segment's size made "unknown", in as many bytes as it had. Changes `header` in place. */
export function openEnded(header: Uint8Array, segmentOffset: number): Uint8Array {
  const sizeOffset = segmentOffset + 4;
  const sizeBytes = Math.clz32(header[sizeOffset] ?? 0xff) - 23;
  header[sizeOffset] = 0xff >> (sizeBytes - 1);
  header.fill(0xff, sizeOffset + 1, sizeOffset + sizeBytes);
  return header;
}
