// Opus over RTP (RFC 7587): one packet is one access unit.
import type { AudioTrack } from '../matroska/track.ts';
import { Continuity } from './continuity.ts';
import type { AccessUnit, Depacketizer } from './depacketizer.ts';
import type { MediaFormat } from './media-format.ts';
import type { RtpPacket } from './packet.ts';
import { UnitBuffer } from './unit-buffer.ts';

const none: readonly AccessUnit[] = [];
const slabBytes = 8 * 1024;
const sampleRate = 48_000;
/** Samples a decoder needs to settle. RTP does not say; this is what libopus needs. */
const preSkipSamples = 312;

export class OpusDepacketizer implements Depacketizer {
  readonly track: AudioTrack;
  readonly #continuity = new Continuity();
  readonly #buffer = new UnitBuffer(slabBytes);
  #lostUnits = 0;

  constructor(format: MediaFormat, trackNumber: number) {
    // The description always says two, whatever is sent (RFC 7587 7): decoders make two of one.
    const channels = format.channels === 1 ? 1 : 2;
    const codecPrivate = opusHead(channels);
    this.track = { type: 'audio', number: trackNumber, codecId: 'A_OPUS', codecPrivate, sampleRate, channels };
  }

  get lostPackets(): number {
    return this.#continuity.lostPackets;
  }

  get lostUnits(): number {
    return this.#lostUnits;
  }

  push(packet: RtpPacket): readonly AccessUnit[] {
    const missing = this.#continuity.follow(packet);
    if (missing > 0) this.#lostUnits++;
    if (missing < 0 || packet.payload.length === 0) return none;
    this.#buffer.append(packet.payload);
    return [{ timestamp: packet.timestamp, keyFrame: true, data: this.#buffer.take() }];
  }

  flush(): readonly AccessUnit[] {
    return none;
  }
}

/** OpusHead of RFC 7845 5.1, 19 bytes, channel mapping family 0. */
function opusHead(channels: number): Uint8Array {
  const bytes = new Uint8Array(19);
  bytes.set(Buffer.from('OpusHead'));
  const view = new DataView(bytes.buffer);
  view.setUint8(8, 1);
  view.setUint8(9, channels);
  view.setUint16(10, preSkipSamples, true);
  view.setUint32(12, sampleRate, true);
  return bytes;
}
