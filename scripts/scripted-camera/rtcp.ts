// What a camera says beside its packets (RFC 3550, section 6): sender reports, which tell its clock, and that it leaves.

const senderReport = 200;
const sourceDescription = 202;
const goodbye = 203;
/** Seconds from 1900, where NTP counts from, to 1970. */
const ntpEpochSeconds = 2_208_988_800;

export type Report = { ssrc: number; wallMs: number; ticks: number; packets: number; bytes: number };

/** A sender report with the name that every report must carry. */
export function report({ ssrc, wallMs, ticks, packets, bytes }: Report): Buffer {
  const buffer = Buffer.alloc(28);
  writeHeader(buffer, senderReport, 0);
  buffer.writeUInt32BE(ssrc, 4);
  buffer.writeUInt32BE((Math.floor(wallMs / 1000) + ntpEpochSeconds) >>> 0, 8);
  buffer.writeUInt32BE(Math.floor(((wallMs % 1000) / 1000) * 2 ** 32), 12);
  buffer.writeUInt32BE(ticks, 16);
  buffer.writeUInt32BE(packets >>> 0, 20);
  buffer.writeUInt32BE(bytes >>> 0, 24);
  return Buffer.concat([buffer, name(ssrc)]);
}

export function bye(ssrc: number): Buffer {
  const buffer = Buffer.alloc(8);
  writeHeader(buffer, goodbye, 1);
  buffer.writeUInt32BE(ssrc, 4);
  return buffer;
}

/** One chunk with a CNAME (item 1), filled up with zeros to a whole word. */
function name(ssrc: number): Buffer {
  const text = 'camera';
  const buffer = Buffer.alloc(20);
  writeHeader(buffer, sourceDescription, 1);
  buffer.writeUInt32BE(ssrc, 4);
  buffer[8] = 1;
  buffer[9] = text.length;
  buffer.write(text, 10, 'latin1');
  return buffer;
}

function writeHeader(buffer: Buffer, type: number, count: number): void {
  buffer[0] = 0x80 | count;
  buffer[1] = type;
  buffer.writeUInt16BE(buffer.length / 4 - 1, 2);
}
