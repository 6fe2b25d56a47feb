// PES headers (ISO 13818-1, 2.4.3.6): what stands before one access unit, with its times.
import { wrapped } from './packets.ts';

export const streamIds = { video: 0xe0, audio: 0xc0 } as const;

/** In ticks of 90 kHz; kept in 33 bits. */
export type UnitTimes = { pts: number; dts: number };

/** @param payloadBytes of the access unit; those of video may be longer than the length can say, and need not say it */
export function pesHeader(streamId: number, { pts, dts }: UnitTimes, payloadBytes: number): Uint8Array {
  const both = pts !== dts;
  const timeBytes = both ? 10 : 5;
  const packetBytes = 3 + timeBytes + payloadBytes;
  const length = streamId === streamIds.video || packetBytes > 0xffff ? 0 : packetBytes;
  const dataAligned = 0x84;
  return Uint8Array.of(
    ...[0, 0, 1, streamId, length >> 8, length & 0xff, dataAligned, both ? 0xc0 : 0x80, timeBytes],
    ...timestamp(both ? 3 : 2, pts),
    ...(both ? timestamp(1, dts) : []),
  );
}

/** 33 bits in five bytes, a marker bit behind each of the three groups. */
function timestamp(prefix: number, ticks: number): number[] {
  const value = wrapped(ticks);
  const high = Math.floor(value / 2 ** 30);
  const low = value % 2 ** 30;
  return [
    (prefix << 4) | (high << 1) | 1,
    (low >> 22) & 0xff,
    ((low >> 14) & 0xfe) | 1,
    (low >> 7) & 0xff,
    ((low << 1) & 0xfe) | 1,
  ];
}
