// One RTP packet (RFC 3550 5.1): bytes in, the fields a depacketiser needs out. The payload stays where it is.
import { fourBytes, twoBytes } from './network-order.ts';

export type RtpPacket = {
  payloadType: number;
  marker: boolean;
  /** 16 bits. */
  sequence: number;
  /** 32 bits, unsigned. */
  timestamp: number;
  /** 32 bits, unsigned. */
  ssrc: number;
  /** A view of the bytes that were read, without contributing sources, header extension and padding. May be empty. */
  payload: Uint8Array;
};

const fixedHeaderBytes = 12;

/**
 * Reads the packet in `bytes` from `start` to `end`, so that packets of a stream need no view of their own.
 * @returns undefined when it is no RTP of version 2, or shorter than its header says
 */
export function readRtpPacket(bytes: Uint8Array, start = 0, end = bytes.length): RtpPacket | undefined {
  const first = bytes[start] ?? 0;
  if (end > bytes.length || end - start < fixedHeaderBytes || first >> 6 !== 2) return undefined;
  let payloadAt = start + fixedHeaderBytes + 4 * (first & 0x0f);
  if ((first & 0x10) !== 0) payloadAt += 4 + 4 * twoBytes(bytes, payloadAt + 2);
  const paddingBytes = (first & 0x20) === 0 ? 0 : (bytes[end - 1] ?? 0);
  if (payloadAt + paddingBytes > end || (paddingBytes === 0 && (first & 0x20) !== 0)) return undefined;
  const second = bytes[start + 1] ?? 0;
  return {
    payloadType: second & 0x7f,
    marker: second >= 0x80,
    sequence: twoBytes(bytes, start + 2),
    timestamp: fourBytes(bytes, start + 4),
    ssrc: fourBytes(bytes, start + 8),
    payload: bytes.subarray(payloadAt, end - paddingBytes),
  };
}
