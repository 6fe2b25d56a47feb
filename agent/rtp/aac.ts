// AAC over RTP (RFC 3640, mpeg4-generic): several access units a packet, or one over several packets.
import type { AudioTrack } from '../matroska/track.ts';
import { aacConfig, aacTrack, samplesPerUnit, withoutAdts } from './aac-config.ts';
import { AuHeaders } from './au-headers.ts';
import { Continuity } from './continuity.ts';
import type { AccessUnit, Depacketizer } from './depacketizer.ts';
import type { MediaFormat } from './media-format.ts';
import type { RtpPacket } from './packet.ts';
import { UnitBuffer } from './unit-buffer.ts';

const none: readonly AccessUnit[] = [];
const slabBytes = 8 * 1024;

export class AacDepacketizer implements Depacketizer {
  readonly track: AudioTrack;
  readonly #headers: AuHeaders;
  readonly #ticksPerUnit: number;
  readonly #continuity = new Continuity();
  readonly #buffer = new UnitBuffer(slabBytes);
  /** Of the unit that comes in fragments, when it will be whole; 0 when there is none. */
  #wholeBytes = 0;
  #timestamp = 0;
  #lostUnits = 0;

  constructor(format: MediaFormat, trackNumber: number) {
    this.track = aacTrack(aacConfig(format), trackNumber);
    this.#headers = new AuHeaders(format.parameters);
    const constantDuration = Number.parseInt(format.parameters.get('constantduration') ?? '', 10);
    this.#ticksPerUnit = constantDuration || Math.round((samplesPerUnit * format.clockRate) / this.track.sampleRate);
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
    if (missing > 0) this.#lose();
    else if (this.#wholeBytes > 0 && packet.timestamp !== this.#timestamp) this.#lose();
    const dataAt = this.#headers.read(packet.payload);
    if (dataAt === undefined) {
      if (packet.payload.length > 0) this.#lose();
      return none;
    }
    return this.#units(packet, dataAt);
  }

  flush(): readonly AccessUnit[] {
    if (this.#wholeBytes > 0) this.#lose();
    return none;
  }

  #units({ payload, timestamp }: RtpPacket, dataAt: number): readonly AccessUnit[] {
    const { sizes, indexes } = this.#headers;
    const [firstBytes = 0] = sizes;
    if (sizes.length === 1 && firstBytes > payload.length - dataAt) {
      return this.#fragment(payload.subarray(dataAt), firstBytes, timestamp);
    }
    if (this.#wholeBytes > 0) this.#lose();
    const units: AccessUnit[] = [];
    let at = dataAt;
    for (const [position, sizeBytes] of sizes.entries()) {
      const end = at + sizeBytes;
      if (end > payload.length) {
        this.#lostUnits++;
        break;
      }
      const ticks = (indexes[position] ?? 0) * this.#ticksPerUnit;
      if (sizeBytes > 0) units.push(this.#unit(payload.subarray(at, end), timestamp + ticks));
      at = end;
    }
    return units;
  }

  /** One part of a unit; every part says how large the whole is. */
  #fragment(part: Uint8Array, wholeBytes: number, timestamp: number): readonly AccessUnit[] {
    if (this.#wholeBytes > 0 && this.#wholeBytes !== wholeBytes) this.#lose();
    this.#wholeBytes = wholeBytes;
    this.#timestamp = timestamp;
    this.#buffer.append(part);
    if (this.#buffer.lengthBytes < wholeBytes) return none;
    this.#buffer.truncate(wholeBytes);
    this.#wholeBytes = 0;
    return [{ timestamp, keyFrame: true, data: this.#buffer.take() }];
  }

  #unit(bytes: Uint8Array, timestamp: number): AccessUnit {
    this.#buffer.append(withoutAdts(bytes));
    return { timestamp: timestamp >>> 0, keyFrame: true, data: this.#buffer.take() };
  }

  #lose(): void {
    this.#lostUnits++;
    this.#wholeBytes = 0;
    this.#buffer.drop();
  }
}
