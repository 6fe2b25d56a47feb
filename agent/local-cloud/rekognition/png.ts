// PNG → pixels, for what cameras and people send: 8 bits a channel, grey or colour, with or without alpha, not interlaced.
import { inflateSync } from 'node:zlib';
import type { Pixels } from './pixels.ts';

const channelsOf: Record<number, number> = { 0: 1, 2: 3, 4: 2, 6: 4 };

/** @throws Error for damaged data and for the forms that are not read (palette, 16 bits, interlaced) */
export function decodePng(bytes: Uint8Array): Pixels {
  const { header, data } = chunks(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  const [width, height] = [header.readUInt32BE(0), header.readUInt32BE(4)];
  const channels = channelsOf[header.readUInt8(9)];
  if (!channels || header.readUInt8(8) !== 8 || header.readUInt8(12) !== 0)
    throw new Error('Only PNG with 8 bits a channel, without palette and interlacing, is read.');
  const stride = width * channels;
  const rows = inflateSync(data, { maxOutputLength: (stride + 1) * height });
  if (rows.length < (stride + 1) * height) throw new Error('The PNG ends before its last row.');
  return { width, height, rgba: toRgba(unfilter(rows, stride, channels), channels) };
}

function chunks(file: Buffer): { header: Buffer; data: Buffer } {
  const parts: Buffer[] = [];
  let header: Buffer | undefined;
  for (let position = 8; position + 12 <= file.length; ) {
    const length = file.readUInt32BE(position);
    const type = file.toString('latin1', position + 4, position + 8);
    const body = file.subarray(position + 8, position + 8 + length);
    // The first one is what was looked at before the picture was let in; another could say it is a thousand times larger.
    if (type === 'IHDR' && body.length === 13) header ??= body;
    if (type === 'IDAT') parts.push(body);
    position += 12 + length;
  }
  if (!header) throw new Error('The PNG has no header.');
  return { header, data: Buffer.concat(parts) };
}

/** Every row says how it was predicted from its neighbours (PNG specification, chapter 9); adds the prediction again. */
function unfilter(rows: Buffer, stride: number, channels: number): Uint8Array {
  const height = rows.length / (stride + 1);
  const pixels = new Uint8Array(stride * height);
  for (let y = 0; y < height; y++) {
    const filter = rows[y * (stride + 1)];
    for (let x = 0; x < stride; x++) {
      const at = y * stride + x;
      const left = x >= channels ? (pixels[at - channels] ?? 0) : 0;
      const up = y > 0 ? (pixels[at - stride] ?? 0) : 0;
      const corner = x >= channels && y > 0 ? (pixels[at - stride - channels] ?? 0) : 0;
      pixels[at] = (rows[y * (stride + 1) + 1 + x] ?? 0) + prediction(filter, left, up, corner);
    }
  }
  return pixels;
}

function prediction(filter: number | undefined, left: number, up: number, corner: number): number {
  switch (filter) {
    case 0:
      return 0;
    case 1:
      return left;
    case 2:
      return up;
    case 3:
      return (left + up) >> 1;
    case 4: {
      const [toLeft, toUp, toCorner] = [left, up, corner].map(value => Math.abs(left + up - corner - value));
      if ((toLeft ?? 0) <= (toUp ?? 0) && (toLeft ?? 0) <= (toCorner ?? 0)) return left;
      return (toUp ?? 0) <= (toCorner ?? 0) ? up : corner;
    }
    default:
      throw new Error('The PNG has a row with an unknown filter.');
  }
}

function toRgba(samples: Uint8Array, channels: number): Uint8Array {
  const rgba = new Uint8Array((samples.length / channels) * 4).fill(255);
  for (let from = 0, to = 0; from < samples.length; from += channels, to += 4) {
    const grey = channels < 3;
    rgba[to] = samples[from] ?? 0;
    rgba[to + 1] = samples[grey ? from : from + 1] ?? 0;
    rgba[to + 2] = samples[grey ? from : from + 2] ?? 0;
  }
  return rgba;
}
