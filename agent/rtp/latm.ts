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
import { UnitLoss } from './unit-loss.ts';

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
  readonly #loss = new UnitLoss();

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
    return this.#loss.lostUnits;
  }

  push(packet: RtpPacket): readonly AccessUnit[] {
    const missing = this.#continuity.follow(packet);
    if (missing < 0) return none;
    // All packets of an element have one timestamp.
    if (this.#loss.notePacket(missing, packet.timestamp !== this.#timestamp)) this.#element.drop();
    this.#timestamp = packet.timestamp;
    return this.#take(packet);
  }

  flush(): readonly AccessUnit[] {
    if (this.#element.lengthBytes > 0) this.#loss.damage();
    this.#loss.end();
    this.#element.drop();
    return none;
  }

  #take({ payload, marker, timestamp }: RtpPacket): readonly AccessUnit[] {
    this.#loss.begin();
    const isAlone = marker && this.#element.lengthBytes === 0;
    if (!isAlone && this.#element.lengthBytes + payload.length <= mostElementBytes) this.#element.append(payload);
    else if (!isAlone) this.#loss.damage();
    if (!marker) return none;
    const units = this.#unitsOf(isAlone ? payload : this.#element.view(), timestamp);
    this.#loss.end();
    this.#element.drop();
    return units;
  }

  /** AudioMuxElement (ISO 14496-3, 1.7.3.2.2). */
  #unitsOf(element: Uint8Array, timestamp: number): readonly AccessUnit[] {
    if (element.length === 0) return none;
    this.#bits.begin(element);
    if (this.#inBand && this.#bits.read(1) === 0) this.#learn(readLatmConfig(this.#bits));
    const found: Uint8Array[] = [];
    for (let left = this.#config?.unitsPerElement ?? 0; left > 0; left--) {
      found.push(this.#bits.readBytes(this.#readLength()));
    }
    const spareBits = element.length * 8 - this.#bits.position;
    // The rest of an element would be taken for a whole one only if its length, which was chance, fitted to the byte.
    const isWhole = spareBits >= 0 && (!this.#loss.afterGap || spareBits < 8);
    if (!isWhole) this.#loss.damage();
    return isWhole && !this.#loss.damaged ? this.#give(found, timestamp) : none;
  }

  #give(found: readonly Uint8Array[], timestamp: number): readonly AccessUnit[] {
    const ticks = (samplesPerUnit * this.#clockRate) / (this.#track?.sampleRate ?? this.#clockRate);
    return found.flatMap((bytes, index) => {
      if (bytes.length === 0 || !this.#units.append(bytes)) return [];
      const time = (timestamp + Math.round(index * ticks)) >>> 0;
      return [{ timestamp: time, keyFrame: true, data: this.#units.take() }];
    });
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
}
