// What an image says of itself in its first bytes: enough to refuse it before anything is decoded.

export type ImageHeader = { format: 'jpeg' | 'png'; width: number; height: number };

const pngSignature = [0x8950_4e47, 0x0d0a_1a0a] as const;
const headerChunk = 0x4948_4452; // IHDR
const headerChunkBytes = 13;

/** undefined when it is neither JPEG nor PNG, or too damaged to say its size. */
export function readImageHeader(bytes: Uint8Array): ImageHeader | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length >= 24 && view.getUint32(0) === pngSignature[0] && view.getUint32(4) === pngSignature[1])
    return readPngHeader(view);
  if (bytes.length >= 4 && view.getUint16(0) === 0xffd8) return readJpegHeader(view);
  return undefined;
}

/** The header is the first chunk. Were another taken for it, a small one could let in a picture of gigabytes. */
function readPngHeader(view: DataView): ImageHeader | undefined {
  if (view.getUint32(8) !== headerChunkBytes || view.getUint32(12) !== headerChunk) return undefined;
  return { format: 'png', width: view.getUint32(16), height: view.getUint32(20) };
}

/** The size stands in the frame header, a segment among others. */
function readJpegHeader(view: DataView): ImageHeader | undefined {
  for (let position = 2; position + 9 <= view.byteLength; ) {
    if (view.getUint8(position) !== 0xff) return undefined;
    const marker = view.getUint8(position + 1);
    if (isFrameHeader(marker))
      return { format: 'jpeg', height: view.getUint16(position + 5), width: view.getUint16(position + 7) };
    // Fill bytes stand before a marker without a segment of their own.
    position += marker === 0xff ? 1 : 2 + view.getUint16(position + 2);
  }
  return undefined;
}

/** SOF0 to SOF15, without DHT, JPG and DAC which lie among them. */
function isFrameHeader(marker: number): boolean {
  return marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc;
}
