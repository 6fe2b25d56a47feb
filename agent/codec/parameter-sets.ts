// Parameter sets (VPS, SPS, PPS) by kind and id: from avcC and hvcC, from an access unit, and back to avcC and hvcC.
import { BitReader } from './bit-reader.ts';
import { avcTypes, hevcTypes, nalType, nalUnits, type VideoCodec } from './nal.ts';
import { isHighProfile, readAvcSps, readHevcSps } from './sps.ts';

export type ParameterSet = { type: number; id: number; nalUnit: Uint8Array };

/** Parsed codec private data: the length prefix of every NAL unit, and the parameter sets. */
export type CodecConfiguration = { lengthSize: number; sets: ParameterSet[] };

/** @returns undefined when the codec private data is missing or damaged */
export function readConfiguration(codec: VideoCodec, codecPrivate: Uint8Array): CodecConfiguration | undefined {
  if (codecPrivate[0] !== 1) return undefined;
  const configuration = codec === 'h264' ? readAvcC(codecPrivate) : readHvcC(codecPrivate);
  // Without a set nothing says that the bytes before were right.
  return configuration && configuration.sets.length > 0 ? configuration : undefined;
}

function readAvcC(bytes: Uint8Array): CodecConfiguration | undefined {
  const lengthSize = ((bytes[4] ?? 0) & 3) + 1;
  const first = takeUnits(bytes, 6, (bytes[5] ?? 0) & 0x1f);
  const second = first && takeUnits(bytes, first.end + 1, bytes[first.end] ?? 0);
  return second && { lengthSize, sets: parameterSets('h264', [...first.units, ...second.units]) };
}

function readHvcC(bytes: Uint8Array): CodecConfiguration | undefined {
  const lengthSize = ((bytes[21] ?? 0) & 3) + 1;
  const units: Uint8Array[] = [];
  let position = 23;
  for (let left = bytes[22] ?? 0; left > 0; left--) {
    const count = ((bytes[position + 1] ?? 0) << 8) | (bytes[position + 2] ?? 0);
    const array = takeUnits(bytes, position + 3, count);
    if (!array) return undefined;
    units.push(...array.units);
    position = array.end;
  }
  return { lengthSize, sets: parameterSets('h265', units) };
}

function takeUnits(bytes: Uint8Array, start: number, count: number): { units: Uint8Array[]; end: number } | undefined {
  const units: Uint8Array[] = [];
  let position = start;
  while (units.length < count) {
    const length = ((bytes[position] ?? 0) << 8) | (bytes[position + 1] ?? 0);
    const unit = bytes.subarray(position + 2, position + 2 + length);
    if (unit.length < length || length === 0) return undefined;
    units.push(unit);
    position += 2 + length;
  }
  return { units, end: position };
}

/** The parameter sets in band of an access unit. */
export function inBandSets(codec: VideoCodec, data: Uint8Array, lengthSize: number): ParameterSet[] {
  return parameterSets(codec, nalUnits(data, lengthSize));
}

function parameterSets(codec: VideoCodec, units: Iterable<Uint8Array>): ParameterSet[] {
  const sets: ParameterSet[] = [];
  for (const unit of units) {
    const type = nalType(codec, unit);
    const id = setId(codec, type, unit);
    if (id !== undefined) sets.push({ type, id, nalUnit: withoutTrailingZeros(unit) });
  }
  return sets;
}

/** Ids that the codecs allow, at most. Damaged sets must not pile up under ids that no set has. */
const mostIds = { h264: { sps: 31, pps: 255 }, h265: { sps: 15, pps: 63 } } as const;

/** @returns undefined for a NAL unit that is no parameter set, or a damaged one */
function setId(codec: VideoCodec, type: number, unit: Uint8Array): number | undefined {
  const types = codec === 'h264' ? avcTypes : hevcTypes;
  if (codec === 'h265' && type === hevcTypes.vps) return new BitReader(unit, 2).bits(4);
  if (type === types.sps) {
    const id = (codec === 'h264' ? readAvcSps(unit) : readHevcSps(unit))?.id;
    return id !== undefined && id <= mostIds[codec].sps ? id : undefined;
  }
  if (type !== types.pps) return undefined;
  const id = new BitReader(unit, codec === 'h264' ? 1 : 2).unsigned();
  return id <= mostIds[codec].pps ? id : undefined;
}

/** Zeros after the last bit are stuffing: the same set comes with and without them. */
function withoutTrailingZeros(unit: Uint8Array): Uint8Array {
  let end = unit.length;
  while (end > 0 && unit[end - 1] === 0) end--;
  return unit.subarray(0, end);
}

/** @returns undefined when there is no SPS or PPS (or VPS) to write */
export function writeConfiguration(codec: VideoCodec, configuration: CodecConfiguration): Uint8Array | undefined {
  return codec === 'h264' ? writeAvcC(configuration) : writeHvcC(configuration);
}

/** ISO/IEC 14496-15 5.3.3.1. */
function writeAvcC({ lengthSize, sets }: CodecConfiguration): Uint8Array | undefined {
  const sps = unitsOf(sets, avcTypes.sps);
  const pps = unitsOf(sets, avcTypes.pps);
  const first = sps[0];
  const format = first && readAvcSps(first);
  if (!format || pps.length === 0) return undefined;
  const [, profile = 0, compatibility = 0, level = 0] = first;
  const parts = [
    Uint8Array.of(1, profile, compatibility, level, 0xfc | (lengthSize - 1), 0xe0 | sps.length),
    ...sps.flatMap(withLength),
    Uint8Array.of(pps.length),
    ...pps.flatMap(withLength),
  ];
  if (isHighProfile(profile)) {
    parts.push(
      Uint8Array.of(0xfc | format.chromaFormat, 0xf8 | (format.lumaBits - 8), 0xf8 | (format.chromaBits - 8), 0),
    );
  }
  return Buffer.concat(parts);
}

/** ISO/IEC 14496-15 8.3.3.1, saying that sets may also come in band. */
function writeHvcC({ lengthSize, sets }: CodecConfiguration): Uint8Array | undefined {
  const arrays = [hevcTypes.vps, hevcTypes.sps, hevcTypes.pps].map(type => ({ type, units: unitsOf(sets, type) }));
  const first = unitsOf(sets, hevcTypes.sps)[0];
  const format = first && readHevcSps(first);
  if (!format || arrays.some(({ units }) => units.length === 0)) return undefined;
  const layers = (format.temporalLayers << 3) | (format.temporalIdNested ? 4 : 0) | (lengthSize - 1);
  return Buffer.concat([
    Uint8Array.of(1),
    format.profileTierLevel,
    Uint8Array.of(0xf0, 0, 0xfc, 0xfc | format.chromaFormat, 0xf8 | (format.lumaBits - 8)),
    Uint8Array.of(0xf8 | (format.chromaBits - 8), 0, 0, layers, arrays.length),
    ...arrays.flatMap(({ type, units }) => [Uint8Array.of(type), twoBytes(units.length), ...units.flatMap(withLength)]),
  ]);
}

function unitsOf(sets: readonly ParameterSet[], type: number): Uint8Array[] {
  return sets.filter(set => set.type === type).map(set => set.nalUnit);
}

function withLength(unit: Uint8Array): [Uint8Array, Uint8Array] {
  return [twoBytes(unit.length), unit];
}

function twoBytes(value: number): Uint8Array {
  return Uint8Array.of(value >> 8, value & 0xff);
}
