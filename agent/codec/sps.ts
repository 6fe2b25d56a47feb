// Sequence parameter sets of H.264 (ITU-T H.264 7.3.2.1.1) and H.265 (ITU-T H.265 7.3.2.2), as far as the size of the
// picture and the codec private data need them.
import { BitReader } from './bit-reader.ts';

export type SequenceParameters = {
  id: number;
  /** Of the picture as shown: cropping applied. */
  width: number;
  height: number;
  /** 0 monochrome, 1 4:2:0, 2 4:2:2, 3 4:4:4. */
  chromaFormat: number;
  lumaBits: number;
  chromaBits: number;
};

/** H.265 has more in its codec private data. */
export type HevcSequenceParameters = SequenceParameters & {
  /** The twelve bytes of general profile, tier, constraints and level. */
  profileTierLevel: Uint8Array;
  temporalLayers: number;
  temporalIdNested: boolean;
};

/** H.264 profiles whose parameter sets name chroma format and bit depth. */
const highProfiles = new Set([100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135]);

export function isHighProfile(profile: number): boolean {
  return highProfiles.has(profile);
}

/** @returns undefined when the parameter set is damaged */
export function readAvcSps(nalUnit: Uint8Array): SequenceParameters | undefined {
  return readAvcSpsFrom(new BitReader(nalUnit, 1));
}

/** As `readAvcSps`; the reader then stands right before the usability information (VUI). */
export function readAvcSpsFrom(reader: BitReader): SequenceParameters | undefined {
  const profile = reader.bits(8);
  reader.skipBits(16);
  const id = reader.unsigned();
  const format = isHighProfile(profile) ? readAvcFormat(reader) : { chromaFormat: 1, lumaBits: 8, chromaBits: 8 };
  reader.unsigned(); // log2_max_frame_num_minus4
  skipPictureOrder(reader);
  reader.unsigned(); // max_num_ref_frames
  reader.skipBits(1);
  const codedWidth = (reader.unsigned() + 1) * 16;
  const mapUnits = reader.unsigned() + 1;
  const framesOnly = reader.flag();
  if (!framesOnly) reader.skipBits(1);
  reader.skipBits(1);
  const fields = framesOnly ? 1 : 2;
  const size = crop(reader, codedWidth, mapUnits * 16 * fields, format.chromaFormat, fields);
  return reader.exhausted ? undefined : { id, ...format, ...size };
}

function readAvcFormat(reader: BitReader): { chromaFormat: number; lumaBits: number; chromaBits: number } {
  const chromaFormat = reader.unsigned();
  if (chromaFormat === 3) reader.skipBits(1);
  const lumaBits = reader.unsigned() + 8;
  const chromaBits = reader.unsigned() + 8;
  reader.skipBits(1);
  if (reader.flag()) {
    for (let list = 0; list < (chromaFormat === 3 ? 12 : 8); list++) if (reader.flag()) skipScalingList(reader, list);
  }
  return { chromaFormat, lumaBits, chromaBits };
}

function skipScalingList(reader: BitReader, list: number): void {
  let last = 8;
  let next = 8;
  for (let i = 0; i < (list < 6 ? 16 : 64); i++) {
    if (next !== 0) next = (last + reader.signed() + 256) % 256;
    if (next !== 0) last = next;
  }
}

function skipPictureOrder(reader: BitReader): void {
  const type = reader.unsigned();
  if (type === 0) reader.unsigned();
  if (type !== 1) return;
  reader.skipBits(1);
  reader.signed();
  reader.signed();
  const cycle = reader.unsigned();
  for (let i = 0; i < cycle && !reader.exhausted; i++) reader.signed();
}

/** @returns undefined when the parameter set is damaged */
export function readHevcSps(nalUnit: Uint8Array): HevcSequenceParameters | undefined {
  const reader = new BitReader(nalUnit, 2);
  reader.skipBits(4);
  const subLayers = reader.bits(3);
  const temporalIdNested = reader.flag();
  const profileTierLevel = Uint8Array.from({ length: 12 }, () => reader.bits(8));
  skipSubLayers(reader, subLayers);
  const id = reader.unsigned();
  const chromaFormat = reader.unsigned();
  if (chromaFormat === 3) reader.skipBits(1);
  const codedWidth = reader.unsigned();
  const codedHeight = reader.unsigned();
  const size = crop(reader, codedWidth, codedHeight, chromaFormat, 1);
  const lumaBits = reader.unsigned() + 8;
  const chromaBits = reader.unsigned() + 8;
  if (reader.exhausted) return undefined;
  const layers = { temporalLayers: subLayers + 1, temporalIdNested };
  return { id, chromaFormat, lumaBits, chromaBits, ...size, profileTierLevel, ...layers };
}

function skipSubLayers(reader: BitReader, subLayers: number): void {
  const present = Array.from({ length: subLayers }, () => ({ profile: reader.flag(), level: reader.flag() }));
  if (subLayers > 0) reader.skipBits(2 * (8 - subLayers));
  for (const layer of present) reader.skipBits((layer.profile ? 88 : 0) + (layer.level ? 8 : 0));
}

function crop(reader: BitReader, codedWidth: number, codedHeight: number, chromaFormat: number, fields: number) {
  if (!reader.flag()) return { width: codedWidth, height: codedHeight };
  const unitX = chromaFormat === 1 || chromaFormat === 2 ? 2 : 1;
  const unitY = (chromaFormat === 1 ? 2 : 1) * fields;
  const left = reader.unsigned();
  const right = reader.unsigned();
  const top = reader.unsigned();
  const bottom = reader.unsigned();
  return { width: codedWidth - unitX * (left + right), height: codedHeight - unitY * (top + bottom) };
}
