// AAC over RTP as MP4A-LATM (RFC 6416): AudioMuxElements, whole or over several packets, each with one access unit or
// more. How they are coded stands in the session description (cpresent=0) or in the elements themselves.
import type { AudioTrack } from '../matroska/track.ts';
import { aacTrack, fromHex, samplesPerUnit } from './aac-config.ts';
import { Bits } from './bits.ts';
import { Continuity } from './continuity.ts';
import type { AccessUnit, Depacketizer } from './depacketizer.ts';
import { type LatmConfig, readLatmConfig } from './latm-config.ts';
import type { MediaFormat } from './media-format.ts';
import type { RtpPacket } from './packet.ts';
import { UnitBuffer } from './unit-buffer.ts';

const none: readonly AccessUnit[] = [];
const slabBytes = 8 * 1024;
/** Far more than an element of any stream. */
const mostElementBytes = 1_000_000;

export class LatmDepacketizer implements Depacketizer {
  readonly #trackNumber: number;
  readonly #clockRate: number;
  readonly #inBand: boolean;
  readonly #continuity = new Continuity();
  /** The element that comes in several packets. */
  readonly #element = new UnitBuffer(slabBytes);
  readonly #units = new UnitBuffer(slabBytes);
  readonly #bits = new Bits(new Uint8Array(0));
  #config: LatmConfig | undefined;
  #track: AudioTrack | undefined;
  #timestamp = 0;
  /** What comes up to the next marker belongs to an element whose beginning is missing. */
  #skip = false;
  #lostUnits = 0;

  constructor({ parameters, clockRate }: MediaFormat, trackNumber: number) {
    this.#trackNumber = trackNumber;
    this.#clockRate = clockRate;
    this.#inBand = parameters.get('cpresent') !== '0';
    this.#learn(readLatmConfig(new Bits(fromHex(parameters.get('config') ?? ''))));
  }

  get track(): AudioTrack | undefined {
    return this.#track;
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
    const cutOff = this.#element.lengthBytes > 0 && packet.timestamp !== this.#timestamp;
    if (missing > 0 || cutOff) this.#lose();
    // An element over several packets has one timestamp: with another one, a new one has begun.
    this.#skip = (this.#skip || missing > 0) && packet.timestamp === this.#timestamp;
    this.#timestamp = packet.timestamp;
    return this.#take(packet);
  }

  flush(): readonly AccessUnit[] {
    if (this.#element.lengthBytes > 0) this.#lose();
    return none;
  }

  #take({ payload, marker, timestamp }: RtpPacket): readonly AccessUnit[] {
    if (this.#skip) {
      this.#skip = !marker;
      return none;
    }
    if (marker && this.#element.lengthBytes === 0) return this.#unitsOf(payload, timestamp);
    if (this.#element.lengthBytes + payload.length > mostElementBytes) this.#lose();
    else this.#element.append(payload);
    if (!marker) return none;
    const units = this.#unitsOf(this.#element.view(), timestamp);
    this.#element.drop();
    return units;
  }

  /** AudioMuxElement (ISO 14496-3, 1.7.3.2.2). */
  #unitsOf(element: Uint8Array, timestamp: number): readonly AccessUnit[] {
    if (element.length === 0) return none;
    this.#bits.begin(element);
    if (this.#inBand && this.#bits.read(1) === 0) this.#learn(readLatmConfig(this.#bits));
    const units: AccessUnit[] = [];
    const ticks = (samplesPerUnit * this.#clockRate) / (this.#track?.sampleRate ?? this.#clockRate);
    for (let index = 0; index < (this.#config?.unitsPerElement ?? 0); index++) {
      const lengthBytes = this.#readLength();
      const data = this.#bits.readBytes(lengthBytes);
      if (this.#bits.exhausted) {
        this.#lostUnits++;
        break;
      }
      if (lengthBytes === 0 || !this.#units.append(data)) continue;
      const time = (timestamp + Math.round(index * ticks)) >>> 0;
      units.push({ timestamp: time, keyFrame: true, data: this.#units.take() });
    }
    return units;
  }

  /** PayloadLengthInfo */
  #readLength(): number {
    let lengthBytes = 0;
    for (let byte = 255; byte === 255 && !this.#bits.exhausted; lengthBytes += byte) byte = this.#bits.read(8);
    return lengthBytes;
  }

  #learn(config: LatmConfig | undefined): void {
    if (!config) return;
    const { audioSpecificConfig: told } = config;
    const known = this.#config?.audioSpecificConfig;
    this.#config = config;
    if (!known || Buffer.compare(known, told) !== 0) this.#track = aacTrack(told, this.#trackNumber);
  }

  #lose(): void {
    this.#lostUnits++;
    this.#element.drop();
  }
}
