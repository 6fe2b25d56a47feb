// NAL units of an access unit, and what their types say about it: random access, reordering, parameter sets.
import { BitReader } from './bit-reader.ts';

export type VideoCodec = 'h264' | 'h265';

/** The video codecs KVS takes, by Matroska codec id; undefined for any other. */
export function videoCodecOf(codecId: string): VideoCodec | undefined {
  if (codecId === 'V_MPEG4/ISO/AVC') return 'h264';
  if (codecId === 'V_MPEGH/ISO/HEVC') return 'h265';
  return undefined;
}

/** The NAL units of length-prefixed data, as views; ends at the first length that does not fit. */
export function* nalUnits(data: Uint8Array, lengthSize: number): Generator<Uint8Array> {
  let position = 0;
  while (position + lengthSize <= data.length) {
    let length = 0;
    for (let i = 0; i < lengthSize; i++) length = length * 256 + (data[position + i] ?? 0);
    position += lengthSize;
    if (length > data.length - position) return;
    if (length > 0) yield data.subarray(position, position + length);
    position += length;
  }
}

export function nalType(codec: VideoCodec, nalUnit: Uint8Array): number {
  const header = nalUnit[0] ?? 0;
  return codec === 'h264' ? header & 0x1f : (header >> 1) & 0x3f;
}

export const avcTypes = { slice: 1, idrSlice: 5, sei: 6, sps: 7, pps: 8 } as const;
export const hevcTypes = { firstIrap: 16, lastIrap: 21, vps: 32, sps: 33, pps: 34 } as const;

/**
 * Whether decoding can begin with this access unit. The container's flag alone is not believed: it is also set on the
 * second half of a picture (some encoders' slices arrive one by one) and, by some muxers, on every last frame. An H.264 picture that is no IDR counts when it is
 * flagged and carries a recovery point of zero frames, which is all that cameras with open GOPs send.
 */
export function isRandomAccess(codec: VideoCodec, data: Uint8Array, lengthSize: number, flagged: boolean): boolean {
  for (const nalUnit of nalUnits(data, lengthSize)) {
    const type = nalType(codec, nalUnit);
    if (codec === 'h265') {
      if (type >= hevcTypes.firstIrap && type <= hevcTypes.lastIrap) return isFirstSlice(codec, nalUnit);
    } else if (type === avcTypes.idrSlice) {
      return isFirstSlice(codec, nalUnit);
    } else if (flagged && type === avcTypes.sei && isExactRecoveryPoint(nalUnit)) {
      return true;
    } else if (type === avcTypes.slice) {
      return false;
    }
  }
  return false;
}

/** The first bit of a slice's header: first_mb_in_slice is 0 (H.264, 7.3.3), first_slice_segment_in_pic_flag (H.265, 7.3.6.1). */
function isFirstSlice(codec: VideoCodec, slice: Uint8Array): boolean {
  return ((slice[codec === 'h264' ? 1 : 2] ?? 0) & 0x80) !== 0;
}

/** True for an SEI whose first message is a recovery point (payload type 6) with recovery_frame_cnt 0. */
function isExactRecoveryPoint(sei: Uint8Array): boolean {
  return sei[1] === 6 && ((sei[3] ?? 0) & 0x80) !== 0;
}

/** Whether the picture may be shown before one that was sent earlier. For H.265 the slice type does not tell. */
export function mayBeReordered(codec: VideoCodec, data: Uint8Array, lengthSize: number): boolean {
  if (codec === 'h265') return true;
  for (const nalUnit of nalUnits(data, lengthSize)) {
    const type = nalType(codec, nalUnit);
    if (type !== avcTypes.slice) continue;
    const reader = new BitReader(nalUnit, 1);
    reader.unsigned(); // first_mb_in_slice
    return reader.unsigned() % 5 === 1;
  }
  return false;
}
