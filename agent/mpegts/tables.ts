// The two tables a transport stream begins with (ISO 13818-1, 2.4.4): which programme there is, and of which streams.

export const pids = { programs: 0, streams: 0x1000, video: 0x100, audio: 0x101 } as const;
export const streamTypes = { adtsAac: 0x0f, h264: 0x1b } as const;

const programNumber = 1;

/** Programme association table, as a payload. */
export function programTable(): Uint8Array {
  return section(0x00, 1, [...u16(programNumber), ...u16(0xe000 | pids.streams)]);
}

export type ElementaryStream = { pid: number; type: number };

/** Programme map table, as a payload. @param clockPid the stream whose packets carry the clock */
export function streamTable(streams: readonly ElementaryStream[], clockPid: number): Uint8Array {
  const noDescriptors = u16(0xf000);
  return section(0x02, programNumber, [
    ...u16(0xe000 | clockPid),
    ...noDescriptors,
    ...streams.flatMap(({ pid, type }) => [type, ...u16(0xe000 | pid), ...noDescriptors]),
  ]);
}

/** Version 0, current, the only section; a pointer of 0 before it and its checksum behind. */
function section(tableId: number, extension: number, content: readonly number[]): Uint8Array {
  const lengthBytes = content.length + 9;
  const body = Uint8Array.of(tableId, ...u16(0xb000 | lengthBytes), ...u16(extension), 0xc1, 0, 0, ...content);
  const checksum = crc32(body);
  return Uint8Array.of(0, ...body, ...u16(checksum >>> 16), ...u16(checksum & 0xffff));
}

/** CRC-32/MPEG-2: not reflected, nothing at the end. */
function crc32(bytes: Uint8Array): number {
  let crc = 0xffff_ffff;
  for (const byte of bytes) {
    crc ^= byte << 24;
    for (let bit = 0; bit < 8; bit++) crc = crc & 0x8000_0000 ? (crc << 1) ^ 0x04c1_1db7 : crc << 1;
  }
  return crc >>> 0;
}

function u16(value: number): [number, number] {
  return [(value >>> 8) & 0xff, value & 0xff];
}
