// StreamMuxConfig (ISO 14496-3, 1.7.3.2.3): what MP4A-LATM sends before its access units, or puts into the session
// description. Only what cameras send: one stream, whose access units say their length themselves.
import type { Bits } from './bits.ts';

export type LatmConfig = {
  audioSpecificConfig: Uint8Array;
  /** In each AudioMuxElement. */
  unitsPerElement: number;
};

const escapedRate = 15;
const escapedObjectType = 31;
/** HE-AAC, first and second version: the object type of the core follows. */
const extendedTypes = [5, 29];
const extensionSync = 0x2b7;
/** AAC Main, LC, SSR, LTP. */
const plainTypes = [1, 2, 3, 4];

/** Reads on where `bits` are, and leaves them behind it. @returns undefined for anything else, or when it is damaged */
export function readLatmConfig(bits: Bits): LatmConfig | undefined {
  const version = bits.read(1);
  if (version === 1 && bits.read(1) === 1) return undefined;
  if (version === 1) readValue(bits); // taraBufferFullness
  const sameTiming = bits.read(1) === 1;
  const unitsPerElement = bits.read(6) + 1;
  const streams = (bits.read(4) + 1) * (bits.read(3) + 1);
  if (!sameTiming || streams !== 1) return undefined;
  const audioSpecificConfig = readConfig(bits, version === 1 ? readValue(bits) : undefined);
  if (!audioSpecificConfig || bits.exhausted) return undefined;
  // GStreamer ends here in session descriptions: what is past the end reads as zero, and is right so.
  const saysLengths = bits.read(3) === 0;
  bits.read(8); // latmBufferFullness
  if (bits.read(1) === 1) skipOtherDataLength(bits, version);
  if (bits.read(1) === 1) bits.read(8); // crcCheckSum
  return saysLengths ? { audioSpecificConfig, unitsPerElement } : undefined;
}

/** @param statedBits how long it is; earlier versions do not say so, it has to be read to its end */
function readConfig(bits: Bits, statedBits: number | undefined): Uint8Array | undefined {
  const start = bits.position;
  const known = skipConfig(bits);
  const lengthBits = statedBits ?? bits.position - start;
  if ((!known && statedBits === undefined) || lengthBits > 512) return undefined;
  bits.position = start;
  const config = bits.readBytes(Math.ceil(lengthBits / 8)).slice();
  // What comes after the last bit is not its own.
  const last = config.length - 1;
  config[last] = (config[last] ?? 0) & (0xff << (8 * config.length - lengthBits));
  bits.position = start + lengthBits;
  return config;
}

/** AudioSpecificConfig (1.6.2.1) with GASpecificConfig (4.4.1). @returns false for what no camera sends */
function skipConfig(bits: Bits): boolean {
  let objectType = readObjectType(bits);
  skipRate(bits);
  const channels = bits.read(4);
  if (extendedTypes.includes(objectType)) {
    skipRate(bits);
    objectType = readObjectType(bits);
  }
  bits.read(1); // frameLengthFlag
  if (bits.read(1) === 1) bits.read(14); // coreCoderDelay
  bits.read(1); // extensionFlag
  skipExtension(bits);
  return plainTypes.includes(objectType) && channels > 0;
}

/** What older decoders do not know of: that band replication is in the stream, or is not. */
function skipExtension(bits: Bits): void {
  const start = bits.position;
  if (bits.read(11) !== extensionSync) {
    bits.position = start;
    return;
  }
  if (readObjectType(bits) === extendedTypes[0] && bits.read(1) === 1) skipRate(bits);
}

function readObjectType(bits: Bits): number {
  const short = bits.read(5);
  return short === escapedObjectType ? 32 + bits.read(6) : short;
}

function skipRate(bits: Bits): void {
  if (bits.read(4) === escapedRate) bits.read(24);
}

function skipOtherDataLength(bits: Bits, version: number): void {
  if (version === 1) {
    readValue(bits);
    return;
  }
  for (let more = true; more && !bits.exhausted; ) {
    more = bits.read(1) === 1;
    bits.read(8);
  }
}

/** LatmGetValue */
function readValue(bits: Bits): number {
  return bits.read(8 * (bits.read(2) + 1));
}
