// From pictures and sound to RTP payloads: H.264 (RFC 6184, packetisation mode 1), H.265 (RFC 7798), AAC (RFC 3640, AAC-hbr)
// and G.711 (RFC 3551). Written without a look at how the agent reads them: one mistake must not be made on both sides.
import type { VideoCodec } from './footage.ts';

export type PayloadOptions = {
  /** Largest payload. */
  maxBytes: number;
  /** Small units that follow each other share a packet (STAP-A, AP). */
  aggregate: boolean;
};

/** Of one picture's NAL units, in order. */
export function picturePayloads(codec: VideoCodec, units: readonly Buffer[], options: PayloadOptions): Buffer[] {
  const payloads: Buffer[] = [];
  let together: Buffer[] = [];
  const flush = () => {
    if (together.length > 1) payloads.push(aggregated(codec, together));
    else payloads.push(...together);
    together = [];
  };
  for (const unit of units) {
    if (unit.length > options.maxBytes) {
      flush();
      payloads.push(...fragmented(codec, unit, options.maxBytes));
      continue;
    }
    const bytes = together.reduce((sum, { length }) => sum + 2 + length, 2 + unit.length + 2);
    if (!options.aggregate || bytes > options.maxBytes) flush();
    together.push(unit);
  }
  flush();
  return payloads;
}

/** One AAC frame behind its AU header: 13 bits of size, 3 bits of index. */
export function aacPayload(frame: Buffer): Buffer {
  const header = Buffer.alloc(4);
  header.writeUInt16BE(16, 0);
  header.writeUInt16BE(frame.length << 3, 2);
  return Buffer.concat([header, frame]);
}

function aggregated(codec: VideoCodec, units: readonly Buffer[]): Buffer {
  const parts = units.flatMap(unit => [Buffer.of(unit.length >> 8, unit.length & 0xff), unit]);
  if (codec === 'h265') return Buffer.concat([Buffer.of(48 << 1, 1), ...parts]);
  const importance = Math.max(...units.map(unit => (unit[0] ?? 0) & 0x60));
  return Buffer.concat([Buffer.of(importance | 24), ...parts]);
}

/** FU-A of H.264, FU of H.265. */
function fragmented(codec: VideoCodec, unit: Buffer, maxBytes: number): Buffer[] {
  const headerBytes = codec === 'h264' ? 1 : 2;
  const [first = 0, second = 0] = unit;
  const indicator = codec === 'h264' ? [(first & 0xe0) | 28] : [(first & 0x81) | (49 << 1), second];
  const type = codec === 'h264' ? first & 0x1f : (first >> 1) & 0x3f;
  const room = maxBytes - indicator.length - 1;
  const payloads: Buffer[] = [];
  for (let position = headerBytes; position < unit.length; position += room) {
    const part = unit.subarray(position, position + room);
    const start = position === headerBytes ? 0x80 : 0;
    const end = position + room >= unit.length ? 0x40 : 0;
    payloads.push(Buffer.concat([Buffer.of(...indicator, start | end | type), part]));
  }
  return payloads;
}
