// SimpleBlock and Block payloads → frames. Lacing (several frames in one block) is undone here.
import { children, varintLength } from './ebml.ts';
import { ids } from './elements.ts';
import { invalid } from './matroska-error.ts';
import type { Frame } from './track.ts';

/** What a block's timecode is counted from, and the units. */
export type BlockTiming = {
  /** Cluster timecode in ticks. */
  clusterTicks: number;
  msPerTick: number;
  /** Frame duration of a track, used to space the frames of a laced block; absent when the track does not say. */
  frameDurationMs: Map<number, number>;
};

/**
 * The frames of one block, as views of `payload`.
 * @param keyFrame undefined for a SimpleBlock, whose own flag then counts
 * @throws AgentError `matroska-invalid`
 */
export function framesOfBlock(payload: Uint8Array, offset: number, timing: BlockTiming, keyFrame?: boolean): Frame[] {
  const numberLength = varintLength(payload[0] ?? 0);
  const bodyStart = numberLength + 3;
  if (numberLength > 4 || payload.length < bodyStart) throw invalid(offset, 'a block too short for its header');
  const trackNumber = readVarint(payload, 0, numberLength);
  const relativeTicks = (((payload[numberLength] ?? 0) << 24) >> 16) | (payload[numberLength + 1] ?? 0);
  const flags = payload[numberLength + 2] ?? 0;
  const startMs = (timing.clusterTicks + relativeTicks) * timing.msPerTick;
  const key = keyFrame ?? (flags & 0x80) !== 0;
  const durationMs = timing.frameDurationMs.get(trackNumber) ?? 0;
  return unlace(payload.subarray(bodyStart), flags & 0x06, offset).map((data, index) => ({
    trackNumber,
    timecodeMs: Math.round(startMs + index * durationMs),
    keyFrame: key,
    data,
  }));
}

/** The frames of the block in a BlockGroup: a key frame when it references no other. @throws AgentError `matroska-invalid` */
export function framesOfBlockGroup(payload: Uint8Array, offset: number, timing: BlockTiming): Frame[] {
  let block: { data: Uint8Array; offset: number } | undefined;
  let keyFrame = true;
  for (const child of children(payload, offset)) {
    if (child.id === ids.block) block = child;
    else if (child.id === ids.referenceBlock) keyFrame = false;
  }
  if (!block) throw invalid(offset, 'a block group without a block');
  return framesOfBlock(block.data, block.offset, timing, keyFrame);
}

function unlace(body: Uint8Array, lacing: number, offset: number): Uint8Array[] {
  if (lacing === 0) return [body];
  const [countLessOne] = body;
  if (countLessOne === undefined) throw invalid(offset, 'a laced block without frames');
  const count = countLessOne + 1;
  if (lacing === 0x04) return fixedLacing(body.subarray(1), count, offset);
  const { sizes, position } = lacing === 0x02 ? xiphSizes(body, count) : ebmlSizes(body, count, offset);
  const frames: Uint8Array[] = [];
  let start = position;
  for (const size of sizes) {
    if (size < 0 || start + size > body.length) throw invalid(offset, 'laced frames larger than their block');
    frames.push(body.subarray(start, start + size));
    start += size;
  }
  if (start > body.length) throw invalid(offset, 'laced frames larger than their block');
  frames.push(body.subarray(start));
  return frames;
}

function fixedLacing(body: Uint8Array, count: number, offset: number): Uint8Array[] {
  const size = body.length / count;
  if (!Number.isInteger(size)) throw invalid(offset, 'a laced block that does not divide evenly');
  return Array.from({ length: count }, (_, index) => body.subarray(index * size, (index + 1) * size));
}

/** Sizes of all frames but the last, which takes the rest; each a run of 255s and a smaller byte. */
function xiphSizes(body: Uint8Array, count: number): { sizes: number[]; position: number } {
  const sizes: number[] = [];
  let position = 1;
  while (sizes.length < count - 1) {
    let size = 0;
    let byte = 255;
    while (byte === 255) {
      byte = body[position++] ?? 0;
      size += byte;
    }
    sizes.push(size);
  }
  return { sizes, position };
}

/** The first size as a varint, then differences as signed varints. */
function ebmlSizes(body: Uint8Array, count: number, offset: number): { sizes: number[]; position: number } {
  const sizes: number[] = [];
  let position = 1;
  for (let size = 0; sizes.length < count - 1; sizes.push(size)) {
    const length = varintLength(body[position] ?? 0);
    if (length > 8) throw invalid(offset, 'a lace size that is no number');
    const value = readVarint(body, position, length);
    size = sizes.length === 0 ? value : size + value - (2 ** (7 * length - 1) - 1);
    position += length;
  }
  return { sizes, position };
}

function readVarint(bytes: Uint8Array, position: number, length: number): number {
  let value = (bytes[position] ?? 0) & (0xff >> length);
  for (let i = 1; i < length; i++) value = value * 256 + (bytes[position + i] ?? 0);
  return value;
}
