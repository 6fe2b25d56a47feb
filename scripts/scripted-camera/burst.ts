// All packets of one picture, or of one block of sound, as they go over TCP: each RTP packet behind its four bytes of
// interleaving. They are made once for each picture of the footage; each time it is sent, one copy gets its numbers and is
// shared by all viewers.
import { stampPosition, writeStamp } from './stamp.ts';

export const frameHeaderBytes = 4;
const rtpHeaderBytes = 12;

/** `bytes` are whole interleaved frames, the first byte of each in `starts`. */
export type Burst = { bytes: Buffer; starts: readonly number[] };

export type BurstTemplate = Burst & { stampAt: number };

/** What is different each time. */
export type BurstNumbers = {
  sequence: number;
  ticks: number;
  ssrc: number;
  ordinal: number;
  capturedAtMs: number;
};

/** The last payload carries the marker when `marker` is set. */
export function burstTemplate(payloads: readonly Buffer[], payloadType: number, marker: boolean): BurstTemplate {
  const packets = payloads.map((payload, index) => {
    const packet = Buffer.alloc(rtpHeaderBytes + payload.length);
    packet[0] = 0x80;
    packet[1] = payloadType | (marker && index === payloads.length - 1 ? 0x80 : 0);
    payload.copy(packet, rtpHeaderBytes);
    return packet;
  });
  const burst = interleave(packets, 0);
  return { ...burst, stampAt: stampPosition(burst.bytes) };
}

export function numbered({ bytes, starts, stampAt }: BurstTemplate, numbers: BurstNumbers): Burst {
  const copy = Buffer.allocUnsafe(bytes.length);
  bytes.copy(copy);
  for (const [index, start] of starts.entries()) {
    copy.writeUInt16BE((numbers.sequence + index) & 0xffff, start + frameHeaderBytes + 2);
    copy.writeUInt32BE(numbers.ticks, start + frameHeaderBytes + 4);
    copy.writeUInt32BE(numbers.ssrc, start + frameHeaderBytes + 8);
  }
  if (stampAt >= 0) writeStamp(copy, stampAt, numbers.ordinal, numbers.capturedAtMs);
  return { bytes: copy, starts };
}

/** The packets without their interleaving, as they go over UDP. */
export function packetsOf({ bytes, starts }: Burst): Buffer[] {
  return starts.map((start, index) => bytes.subarray(start + frameHeaderBytes, starts[index + 1] ?? bytes.length));
}

export function interleave(packets: readonly Buffer[], channel: number): Burst {
  const starts: number[] = [];
  let length = 0;
  for (const packet of packets) {
    starts.push(length);
    length += frameHeaderBytes + packet.length;
  }
  return { bytes: Buffer.concat(packets.flatMap(packet => [frameHeader(channel, packet.length), packet])), starts };
}

/** The same burst for another channel. */
export function onChannel({ bytes, starts }: Burst, channel: number): Buffer {
  if (bytes[1] === channel) return bytes;
  const copy = Buffer.from(bytes);
  for (const start of starts) copy[start + 1] = channel;
  return copy;
}

export function frameHeader(channel: number, length: number): Buffer {
  return Buffer.of(0x24, channel, length >> 8, length & 0xff);
}
