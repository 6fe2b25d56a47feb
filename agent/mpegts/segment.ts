// One segment of a transport stream: the tables, then the access units of all tracks in the order of their decoding.
// Stands by itself: whoever has only this segment can play it.
import { PacketWriter, type PayloadUnit } from './packets.ts';
import { pesHeader, streamIds, type UnitTimes } from './pes.ts';
import { pids, programTable, streamTable, streamTypes } from './tables.ts';

/** H.264 behind start codes, or one AAC frame with its ADTS header. */
export type AccessUnit = UnitTimes & {
  type: 'video' | 'audio';
  parts: readonly Uint8Array[];
  keyFrame: boolean;
};

/** How long before its decoding a unit arrives, in ticks of 90 kHz: what a decoder's buffer has to hold. */
const delay = 45_000;

export type TransportSegment = {
  /** Kinds that the stream has, whether or not this segment has any of them; video or audio at least. */
  kinds: ReadonlySet<AccessUnit['type']>;
  units: readonly AccessUnit[];
};

export function transportSegment({ kinds, units }: TransportSegment): Uint8Array {
  const clock = kinds.has('video') ? 'video' : 'audio';
  const streams = [
    ...(kinds.has('video') ? [{ pid: pids.video, type: streamTypes.h264 }] : []),
    ...(kinds.has('audio') ? [{ pid: pids.audio, type: streamTypes.adtsAac }] : []),
  ];
  const inOrder = units.toSorted((a, b) => a.dts - b.dts);
  return new PacketWriter([
    { pid: pids.programs, parts: [programTable()] },
    { pid: pids.streams, parts: [streamTable(streams, pids[clock])] },
    ...inOrder.map(unit => payloadUnit(unit, unit.type === clock)),
  ]).bytes;
}

function payloadUnit({ type, parts, keyFrame, ...times }: AccessUnit, withClock: boolean): PayloadUnit {
  const bytes = parts.reduce((sum, part) => sum + part.length, 0);
  return {
    pid: pids[type],
    parts: [pesHeader(streamIds[type], times, bytes), ...parts],
    randomAccess: keyFrame,
    ...(withClock ? { pcr: times.dts - delay } : {}),
  };
}
