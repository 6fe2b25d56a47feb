// JPEG over RTP (RFC 2435): fragments of a scan in, whole JPEGs out. A picture begins at the fragment of offset 0 and ends
// with the marker, or when the timestamp changes.

import type { VideoTrack } from '../matroska/track.ts';
import { Continuity } from './continuity.ts';
import type { AccessUnit, Depacketizer } from './depacketizer.ts';
import { jpegHeader, type QuantizationTable, tablesOfQuality } from './jpeg-header.ts';
import type { MediaFormat } from './media-format.ts';
import { twoBytes } from './network-order.ts';
import type { RtpPacket } from './packet.ts';
import { UnitBuffer } from './unit-buffer.ts';
import { UnitLoss } from './unit-loss.ts';

const none: readonly AccessUnit[] = [];
const slabBytes = 256 * 1024;
const headerBytes = 8;
/** From this quality on the first fragment brings its tables; 255: always, below that they may be left out when known. */
const ownTables = 128;
const changingTables = 255;
/** Added to a fragment's type. */
const withRestarts = 64;
/** By type. */
const samplings = ['4:2:2', '4:2:0'] as const;
const endOfImage = Uint8Array.of(0xff, 0xd9);

type FragmentHeader = {
  offset: number;
  type: number;
  quality: number;
  width: number;
  height: number;
  restartInterval: number;
  /** Where tables or data begin. */
  end: number;
};

export class JpegDepacketizer implements Depacketizer {
  readonly #trackNumber: number;
  /** What the session description says: pictures wider or higher than 2040 find no room for it in a packet. */
  readonly #statedSize: { width: number; height: number };
  readonly #continuity = new Continuity();
  readonly #buffer = new UnitBuffer(slabBytes);
  #track: VideoTrack | undefined;
  #known: { quality: number; quantization: QuantizationTable[] } | undefined;
  #growing = false;
  #sawMarker = false;
  readonly #loss = new UnitLoss();
  #jpegHeaderBytes = 0;
  #timestamp = 0;

  constructor({ parameters }: MediaFormat, trackNumber: number) {
    this.#trackNumber = trackNumber;
    const [width, height] = (parameters.get('x-dimensions') ?? '').split(',').map(Number);
    this.#statedSize = { width: width || 0, height: height || 0 };
  }

  get track(): VideoTrack | undefined {
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
    const isNext = packet.timestamp !== this.#timestamp;
    // Without its marker a picture is whole all the same, if nothing is missing.
    const before = isNext && missing === 0 ? this.#endPicture() : none;
    if (this.#loss.notePacket(missing, isNext)) this.#drop();
    this.#timestamp = packet.timestamp;
    if (packet.payload.length > 0) this.#take(packet.payload);
    if (!packet.marker) return before;
    this.#sawMarker = true;
    return before.length === 0 ? this.#endPicture() : [...before, ...this.#endPicture()];
  }

  /** A picture that has not had its marker yet, though others did, was cut off. */
  flush(): readonly AccessUnit[] {
    if (this.#growing && this.#sawMarker) this.#loss.damage();
    return this.#endPicture();
  }

  #take(payload: Uint8Array): void {
    const header = readFragmentHeader(payload);
    if (header?.offset === 0) {
      // Another beginning at the same time: the one before has no end to be trusted.
      if (this.#growing) this.#loss.damage();
      this.#endPicture();
      this.#growing = this.#begin(header, payload);
    } else {
      const goesOn = this.#growing && header?.offset === this.#buffer.lengthBytes - this.#jpegHeaderBytes;
      this.#growing = goesOn && this.#buffer.append(payload.subarray(header.end));
    }
    if (this.#growing) this.#loss.begin();
    else this.#loss.damage();
  }

  /** @returns false when there is not enough to begin a JPEG with */
  #begin(header: FragmentHeader, payload: Uint8Array): boolean {
    const tables = this.#tables(header, payload);
    const width = header.width || this.#statedSize.width;
    const height = header.height || this.#statedSize.height;
    const sampling = samplings[header.type & ~withRestarts];
    if (!tables || !sampling || width === 0 || height === 0) return false;
    const { restartInterval } = header;
    const jpeg = jpegHeader({ width, height, sampling, restartInterval, quantization: tables.quantization });
    this.#jpegHeaderBytes = jpeg.length;
    if (this.#track?.width !== width || this.#track.height !== height) {
      const codecPrivate = new Uint8Array(0);
      this.#track = { type: 'video', number: this.#trackNumber, codecId: 'V_MJPEG', codecPrivate, width, height };
    }
    return this.#buffer.append(jpeg) && this.#buffer.append(payload.subarray(tables.end));
  }

  /** The tables of the picture, and where the data after them begin. */
  #tables({ quality, end }: FragmentHeader, payload: Uint8Array) {
    if (quality < ownTables) return quality === 0 ? undefined : { quantization: tablesOfQuality(quality), end };
    const lengthBytes = twoBytes(payload, end + 2);
    const dataAt = end + 4 + lengthBytes;
    if (dataAt > payload.length) return undefined;
    if (lengthBytes > 0) {
      const quantization = readTables(payload[end + 1] ?? 0, payload.subarray(end + 4, dataAt));
      this.#known = quantization.length > 0 ? { quality, quantization } : undefined;
    }
    const known = this.#known?.quality === quality && (lengthBytes > 0 || quality !== changingTables);
    return known && this.#known ? { quantization: this.#known.quantization, end: dataAt } : undefined;
  }

  #endPicture(): readonly AccessUnit[] {
    const isWhole = this.#growing && !this.#loss.damaged && this.#closeImage();
    this.#loss.end();
    this.#growing = false;
    if (isWhole) return [{ timestamp: this.#timestamp, keyFrame: true, data: this.#buffer.take() }];
    this.#buffer.drop();
    return none;
  }

  #drop(): void {
    this.#growing = false;
    this.#buffer.drop();
  }

  /** Some senders leave out the end of the image. */
  #closeImage(): boolean {
    const [first, second] = this.#buffer.view(this.#buffer.lengthBytes - 2);
    return (first === endOfImage[0] && second === endOfImage[1]) || this.#buffer.append(endOfImage);
  }
}

function readFragmentHeader(payload: Uint8Array): FragmentHeader | undefined {
  const [, high = 0, middle = 0, low = 0, type = 0, quality = 0, width = 0, height = 0] = payload;
  const hasRestarts = (type & withRestarts) !== 0;
  const end = headerBytes + (hasRestarts ? 4 : 0);
  if (payload.length < end) return undefined;
  const restartInterval = hasRestarts ? twoBytes(payload, headerBytes) : 0;
  const offset = (high << 16) | (middle << 8) | low;
  return { offset, type, quality, width: width * 8, height: height * 8, restartInterval, end };
}

/** @param precision bit n: the values of table n have two bytes */
function readTables(precision: number, bytes: Uint8Array): QuantizationTable[] {
  const tables: QuantizationTable[] = [];
  for (let at = 0; tables.length < 2; ) {
    const twoBytes = ((precision >> tables.length) & 1) === 1;
    const values = bytes.slice(at, at + (twoBytes ? 128 : 64));
    if (values.length < (twoBytes ? 128 : 64)) break;
    tables.push({ twoBytes, values });
    at += values.length;
  }
  return tables;
}
