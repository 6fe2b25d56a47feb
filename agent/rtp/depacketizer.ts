// RTP packets of one stream in, whole access units out, as Matroska holds them. A unit of which a packet is missing or
// damaged is dropped whole and counted, never given out in part. Whatever arrives: nothing throws, memory is bounded.
import type { Track } from '../matroska/track.ts';
import type { RtpPacket } from './packet.ts';

export type AccessUnit = {
  /** RTP ticks, 32 bits, unsigned. */
  timestamp: number;
  /** Decoding can begin here; true for audio and JPEG. */
  keyFrame: boolean;
  /**
   * As Matroska holds it: NAL units with four bytes of length, raw AAC, G.711 samples, one Opus packet, one JPEG.
   * Never written to again, but neighbours share memory: keeping one unit for long keeps those around it.
   */
  data: Uint8Array;
};

export type Depacketizer = {
  /**
   * Takes the next packet in sequence; its bytes are copied, so the caller may reuse them. Packets that come twice, or
   * late by up to 256, are left out.
   * @returns mostly none, or one; two when a unit shows its end only by the next one's beginning
   */
  push(packet: RtpPacket): readonly AccessUnit[];
  /** What waits for its end; to be called when the stream is over. */
  flush(): readonly AccessUnit[];
  /** Undefined until the parameter sets are known. Another object when a unit just given out changed it. */
  readonly track: Track | undefined;
  /** Packets that sequence numbers say are missing. */
  readonly lostPackets: number;
  /**
   * Access units dropped because packets of them were missing or damaged: at least, as nobody knows how many were in
   * packets that never came.
   */
  readonly lostUnits: number;
};
