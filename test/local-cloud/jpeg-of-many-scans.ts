// A progressive JPEG that is small and takes long: each of its scans goes over all blocks of the picture again, and says of
// 32,767 blocks at once that there is nothing new in them (ITU-T T.81, G.1.2.2). Decoders have to look at every block.

const sidePx = 2000;
const blocks = (sidePx / 8) ** 2;
/** The longest run that can be told: 14 more bits, all set. */
const longestRun = 2 ** 15 - 1;

/** Grey, 4 megapixels, 16 bytes a scan. */
export function jpegOfManyScans(scans: number): Uint8Array {
  const head = [
    ...segment(0xdb, [0, ...Array<number>(64).fill(1)]),
    ...segment(0xc2, [8, ...uint16(sidePx), ...uint16(sidePx), 1, 1, 0x11, 0]),
    ...segment(0xc4, codeOfOneBit(0x00, 0)),
    ...segment(0xc4, codeOfOneBit(0x10, 0xe0)),
    // The first has the mean of each block, which is the one before: a single 0.
    ...segment(0xda, [1, 1, 0, 0, 0, 0]),
    ...Array<number>(Math.ceil(blocks / 8)).fill(0),
  ];
  const runs = `0${'1'.repeat(14)}`.repeat(Math.ceil(blocks / longestRun));
  const scan = Buffer.from([...segment(0xda, [1, 1, 0, 1, 63, 0]), ...entropyCoded(runs)]);
  return Buffer.concat([Buffer.from([0xff, 0xd8, ...head]), Buffer.alloc(scan.length * scans, scan), end]);
}

const end = Buffer.from([0xff, 0xd9]);

/** A Huffman table in which the bit 0 is `value`. */
function codeOfOneBit(table: number, value: number): number[] {
  return [table, 1, ...Array<number>(15).fill(0), value];
}

function segment(marker: number, body: readonly number[]): number[] {
  return [0xff, marker, ...uint16(body.length + 2), ...body];
}

function uint16(value: number): number[] {
  return [value >> 8, value & 0xff];
}

/** Padded with 1, and 0 stuffed after each 0xff. */
function entropyCoded(bits: string): number[] {
  const bytes = Array.from({ length: Math.ceil(bits.length / 8) }, (_, index) =>
    Number.parseInt(bits.slice(index * 8, index * 8 + 8).padEnd(8, '1'), 2),
  );
  return bytes.flatMap(byte => (byte === 0xff ? [byte, 0] : [byte]));
}
