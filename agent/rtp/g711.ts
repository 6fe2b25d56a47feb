// G.711 (RFC 3551 4.5.14). Packets of 20 ms are joined to a tenth of a second: fifty blocks a second would each cost a
// header, an object and a pass through every stage, and a fragment's index of frames; 80 ms of delay is nobody's loss.
import type { AudioTrack } from '../matroska/track.ts';
import { Continuity } from './continuity.ts';
import type { AccessUnit, Depacketizer } from './depacketizer.ts';
import type { MediaFormat } from './media-format.ts';
import type { RtpPacket } from './packet.ts';
import { UnitBuffer } from './unit-buffer.ts';

const none: readonly AccessUnit[] = [];
const slabBytes = 8 * 1024;
const formatTags = { PCMA: 6, PCMU: 7 } as const;
/** Units a second. */
const unitsPerSecond = 10;

export class G711Depacketizer implements Depacketizer {
  readonly track: AudioTrack;
  readonly #continuity = new Continuity();
  readonly #buffer = new UnitBuffer(slabBytes);
  readonly #enoughBytes: number;
  /** Of the first sample that waits. */
  #timestamp = 0;
  #lostUnits = 0;

  constructor(format: MediaFormat, trackNumber: number) {
    const sampleRate = format.clockRate;
    const channels = Math.max(1, format.channels);
    const codecPrivate = waveFormat(
      format.encoding === 'PCMA' ? formatTags.PCMA : formatTags.PCMU,
      sampleRate,
      channels,
    );
    this.track = { type: 'audio', number: trackNumber, codecId: 'A_MS/ACM', codecPrivate, sampleRate, channels };
    this.#enoughBytes = (sampleRate / unitsPerSecond) * channels;
  }

  get lostPackets(): number {
    return this.#continuity.lostPackets;
  }

  get lostUnits(): number {
    return this.#lostUnits;
  }

  push(packet: RtpPacket): readonly AccessUnit[] {
    const missing = this.#continuity.follow(packet);
    if (missing < 0) return none;
    if (missing > 0) this.#lostUnits++;
    // What is not the continuation begins a unit of its own: after a loss, a pause, or a jump.
    const waitingSamples = this.#buffer.lengthBytes / this.track.channels;
    const goesOn = packet.timestamp === (this.#timestamp + waitingSamples) >>> 0;
    const before = goesOn ? none : this.flush();
    if (this.#buffer.lengthBytes === 0) this.#timestamp = packet.timestamp;
    this.#buffer.append(packet.payload);
    if (this.#buffer.lengthBytes < this.#enoughBytes) return before;
    return before.length === 0 ? this.flush() : [...before, ...this.flush()];
  }

  flush(): readonly AccessUnit[] {
    if (this.#buffer.lengthBytes === 0) return none;
    return [{ timestamp: this.#timestamp, keyFrame: true, data: this.#buffer.take() }];
  }
}

/** WAVEFORMATEX, 18 bytes, with eight bits a sample. */
function waveFormat(formatTag: number, sampleRate: number, channels: number): Uint8Array {
  const bytes = new Uint8Array(18);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, formatTag, true);
  view.setUint16(2, channels, true);
  view.setUint32(4, sampleRate, true);
  view.setUint32(8, sampleRate * channels, true);
  view.setUint16(12, channels, true);
  view.setUint16(14, 8, true);
  return bytes;
}
