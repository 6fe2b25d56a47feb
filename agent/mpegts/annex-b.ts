// H.264 as a transport stream wants it: NAL units behind start codes, a delimiter first, parameter sets with every key
// frame, so that a player can begin at any segment.

const startCode = Uint8Array.of(0, 0, 0, 1);
/** Access unit delimiter; any kind of slice may follow. */
const delimiter = Uint8Array.of(9, 0xf0);
const types = { sps: 7, pps: 8, delimiter: 9 } as const;

export type AvcConfiguration = {
  /** Bytes of the length before each NAL unit. */
  lengthBytes: number;
  /** SPS and PPS, in this order. */
  parameterSets: readonly Uint8Array[];
};

/** What avcC (ISO 14496-15, 5.3.3.1) says; undefined when it ends too early. */
export function readAvcConfiguration(avcc: Uint8Array): AvcConfiguration | undefined {
  const parameterSets: Uint8Array[] = [];
  let position = 5;
  for (const countMask of [0x1f, 0xff]) {
    const count = (avcc[position++] ?? 0) & countMask;
    for (let index = 0; index < count; index++) {
      const size = ((avcc[position] ?? 0) << 8) | (avcc[position + 1] ?? 0);
      const set = avcc.subarray(position + 2, position + 2 + size);
      if (size === 0 || set.length < size) return undefined;
      parameterSets.push(set);
      position += 2 + size;
    }
  }
  return { lengthBytes: ((avcc[4] ?? 0) & 3) + 1, parameterSets };
}

/**
 * The parts of one access unit, views of `data`; parameter sets that come in it are not added once more.
 * Undefined when the lengths in `data` do not fit.
 */
export function annexB(
  data: Uint8Array,
  { lengthBytes, parameterSets }: AvcConfiguration,
  keyFrame: boolean,
): Uint8Array[] | undefined {
  const units: Uint8Array[] = [];
  for (let position = 0; position < data.length; ) {
    let size = 0;
    for (let index = 0; index < lengthBytes; index++) size = size * 256 + (data[position + index] ?? 0);
    position += lengthBytes;
    if (position + size > data.length) return undefined;
    const unit = data.subarray(position, position + size);
    position += size;
    if (size > 0 && typeOf(unit) !== types.delimiter) units.push(unit);
  }
  if (units.length === 0) return undefined;
  const complete = units.some(unit => typeOf(unit) === types.sps) && units.some(unit => typeOf(unit) === types.pps);
  const sets = keyFrame && !complete ? parameterSets : [];
  return [delimiter, ...sets, ...units].flatMap(unit => [startCode, unit]);
}

function typeOf(unit: Uint8Array): number {
  return (unit[0] ?? 0) & 0x1f;
}
