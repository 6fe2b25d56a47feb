// Packets of a stream through its depacketiser, and what networks do to packets on the way, by a seeded generator.
import { createHash } from 'node:crypto';
import { depacketizerFor } from '../../agent/rtp/choose-depacketizer.ts';
import type { AccessUnit, Depacketizer } from '../../agent/rtp/depacketizer.ts';
import type { MediaFormat } from '../../agent/rtp/media-format.ts';
import { type RtpPacket, readRtpPacket } from '../../agent/rtp/packet.ts';

export const trackNumber = 1;

export function depacketizer(format: MediaFormat): Depacketizer {
  const made = depacketizerFor(format, trackNumber);
  if (!made) throw new Error(`no depacketiser for ${format.encoding}`);
  return made;
}

export function parsed(packets: readonly Uint8Array[]): RtpPacket[] {
  return packets.map(bytes => {
    const packet = readRtpPacket(bytes);
    if (!packet) throw new Error('not an RTP packet');
    return packet;
  });
}

/** Every packet's bytes are gone as soon as it was pushed: nothing may depend on them. */
export function depacketize(made: Depacketizer, packets: readonly RtpPacket[]): AccessUnit[] {
  const units = packets.flatMap(packet => {
    const payload = packet.payload.slice();
    const given = made.push({ ...packet, payload });
    payload.fill(0xee);
    return given;
  });
  return [...units, ...made.flush()];
}

/** Length and checksum of each: what a test that fails can show. */
export function bytesOf(units: readonly { data: Uint8Array }[]): string[] {
  return units.map(({ data }) => `${data.length} ${createHash('sha1').update(data).digest('hex')}`);
}

/** Sequence numbers and timestamps moved on by this much, as if the camera had begun there. */
export function movedBy(packets: readonly RtpPacket[], sequence: number, timestamp: number): RtpPacket[] {
  return packets.map(packet => ({
    ...packet,
    sequence: (packet.sequence + sequence) & 0xffff,
    timestamp: (packet.timestamp + timestamp) >>> 0,
  }));
}
