// The rate that an H.264 stream says it has, from the usability information of its sequence parameter set (ITU-T H.264
// E.1.1).
import { BitReader } from './bit-reader.ts';
import { readAvcSpsFrom } from './sps.ts';

const extendedAspect = 255;
const mostPlausible = 1_000;

/** Pictures a second. Undefined when the parameter set does not say, is damaged, or says what no camera does. */
export function avcFramesPerSecond(nalUnit: Uint8Array): number | undefined {
  const reader = new BitReader(nalUnit, 1);
  if (!readAvcSpsFrom(reader) || !reader.flag()) return undefined;
  if (reader.flag() && reader.bits(8) === extendedAspect) reader.skipBits(32);
  if (reader.flag()) reader.skipBits(1); // overscan
  if (reader.flag()) {
    reader.skipBits(4); // video format, full range
    if (reader.flag()) reader.skipBits(24); // colours
  }
  if (reader.flag()) {
    reader.unsigned(); // where chroma samples lie
    reader.unsigned();
  }
  if (!reader.flag()) return undefined;
  const unitsInTick = reader.bits(32);
  const timeScale = reader.bits(32);
  if (reader.exhausted || unitsInTick === 0) return undefined;
  // A tick is a field's time, also for pictures without fields.
  const fps = timeScale / unitsInTick / 2;
  return fps > 0 && fps < mostPlausible ? Math.round(fps * 100) / 100 : undefined;
}
