// Some cameras put several NAL units with start codes between them where RTP has one: parameter sets with the picture
// behind them, mostly. Within a NAL unit those bytes never come.

const startCode = Buffer.from([0, 0, 1]);

export function holdsStartCode(bytes: Uint8Array): boolean {
  return asBuffer(bytes).includes(startCode);
}

/** What is between start codes, as views, without the zeros that may precede one; never an empty one. */
export function betweenStartCodes(bytes: Uint8Array): Uint8Array[] {
  const parts: Uint8Array[] = [];
  for (let start = 0; start < bytes.length; ) {
    const found = asBuffer(bytes).indexOf(startCode, start);
    let end = found < 0 ? bytes.length : found;
    while (end > start && bytes[end - 1] === 0) end--;
    if (end > start) parts.push(bytes.subarray(start, end));
    start = found < 0 ? bytes.length : found + startCode.length;
  }
  return parts;
}

function asBuffer({ buffer, byteOffset, length }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, length);
}
