// AAC over RTP (RFC 3640, mpeg4-generic): several access units a packet, or one over several packets.
import type { AudioTrack } from '../matroska/track.ts';
import { aacConfig, aacTrack, samplesPerUnit, withoutAdts } from './aac-config.ts';
import { AuHeaders } from './au-headers.ts';
import { Continuity } from './continuity.ts';
import type { AccessUnit, Depacketizer } from './depacketizer.ts';
import type { MediaFormat } from './media-format.ts';
import type { RtpPacket } from './packet.ts';
import { UnitBuffer } from './unit-buffer.ts';
import { UnitLoss } from './unit-loss.ts';

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
  readonly #loss = new UnitLoss();

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
    return this.#loss.lostUnits;
  }

  push(packet: RtpPacket): readonly AccessUnit[] {
    const missing = this.#continuity.follow(packet);
    if (missing < 0) return none;
    if (this.#loss.notePacket(missing, packet.timestamp !== this.#timestamp)) this.#dropFragments();
    this.#timestamp = packet.timestamp;
    const dataAt = packet.payload.length > 0 ? this.#headers.read(packet.payload) : undefined;
    if (dataAt !== undefined) return this.#units(packet, dataAt);
    if (packet.payload.length > 0) this.#lose();
    return none;
  }

  flush(): readonly AccessUnit[] {
    if (this.#wholeBytes > 0) this.#lose();
    return none;
  }

  #units({ payload, marker, timestamp }: RtpPacket, dataAt: number): readonly AccessUnit[] {
    const { sizes, indexes } = this.#headers;
    const [firstBytes = 0] = sizes;
    if (sizes.length === 1 && firstBytes > payload.length - dataAt) {
      return this.#fragment(payload.subarray(dataAt), firstBytes, marker);
    }
    if (this.#wholeBytes > 0) this.#lose();
    this.#loss.begin();
    this.#loss.end();
    const units: AccessUnit[] = [];
    let at = dataAt;
    for (const [position, sizeBytes] of sizes.entries()) {
      const end = at + sizeBytes;
      if (end > payload.length) {
        this.#lose();
        break;
      }
      const ticks = (indexes[position] ?? 0) * this.#ticksPerUnit;
      if (sizeBytes > 0) units.push(this.#unit(payload.subarray(at, end), (timestamp + ticks) >>> 0));
      at = end;
    }
    return units;
  }

  /** One part of a unit. Every part says how large the whole is, so a missing first one shows at the last. */
  #fragment(part: Uint8Array, wholeBytes: number, isLast: boolean): readonly AccessUnit[] {
    if (this.#wholeBytes > 0 && this.#wholeBytes !== wholeBytes) this.#lose();
    this.#loss.begin();
    this.#wholeBytes = wholeBytes;
    this.#buffer.append(part);
    const isWhole = this.#buffer.lengthBytes >= wholeBytes;
    if (!isWhole && !isLast) return none;
    if (!isWhole || this.#loss.damaged) {
      this.#lose();
      return none;
    }
    this.#buffer.truncate(wholeBytes);
    const unit = { timestamp: this.#timestamp, keyFrame: true, data: this.#buffer.take() };
    this.#wholeBytes = 0;
    this.#loss.end();
    return [unit];
  }

  #unit(bytes: Uint8Array, timestamp: number): AccessUnit {
    this.#buffer.append(withoutAdts(bytes));
    return { timestamp, keyFrame: true, data: this.#buffer.take() };
  }

  #lose(): void {
    this.#loss.damage();
    this.#loss.end();
    this.#dropFragments();
  }

  #dropFragments(): void {
    this.#wholeBytes = 0;
    this.#buffer.drop();
  }
}
