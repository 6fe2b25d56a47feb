// NAL units in, pictures out, for H.264 and H.265 alike. A picture ends with the packet that carries the marker, or when
// the timestamp changes. Cameras that set markers wrongly or never, that give parameter sets a timestamp of their own, or
// that never say where a fragmented NAL unit ends, are found out as they go. A picture that lacks anything is dropped.
import { trackForKeyFrame } from '../codec/codec-private.ts';
import { isRandomAccess, nalType, type VideoCodec } from '../codec/nal.ts';
import type { VideoTrack } from '../matroska/track.ts';
import { Continuity } from './continuity.ts';
import type { AccessUnit } from './depacketizer.ts';
import { Beginnings, nalKind, nalKinds } from './nal-kinds.ts';
import type { RtpPacket } from './packet.ts';
import { betweenStartCodes, holdsStartCode } from './start-codes.ts';
import { UnitBuffer } from './unit-buffer.ts';

/** Bytes of length before each NAL unit. */
const lengthSize = 4;
/** Six pictures of 4 Mbit/s at 25 a second. */
const slabBytes = 128 * 1024;
const none: readonly AccessUnit[] = [];

/** From its first NAL unit on, also when that one was of no use. */
type GrowingPicture = {
  /** Undefined when there may have been another one before, which nobody heard. */
  firstType: number | undefined;
  /** Of its first slice. */
  timestamp: number;
  hasSlice: boolean;
  hasParameterSet: boolean;
  damaged: boolean;
};

export class Pictures {
  readonly #codec: VideoCodec;
  readonly #buffer = new UnitBuffer(slabBytes);
  readonly #continuity = new Continuity();
  readonly #beginnings: Beginnings;
  #track: VideoTrack;
  #ready: readonly AccessUnit[] = none;
  /** Of the packet in hand. */
  #packetTimestamp = 0;
  #lostUnits = 0;

  #picture: GrowingPicture | undefined;
  /** What may be missing of the next picture: its beginning, if packets are missing before it. */
  #before: 'nothing missing' | 'joined' | 'gap' = 'nothing missing';
  /** Were this picture lost, it would be counted already, or be no loss: whoever joins late misses the beginning. */
  #accountedFor = false;
  /** Where the NAL unit begins that grows by fragments. */
  #fragmentsAt: number | 'none' | 'unwanted' = 'none';

  // What the camera does.
  #lastFragments: 'unknown' | 'marked' | 'unmarked' = 'unknown';
  #sawMarker = false;
  #trustMarkers = true;
  #timeMoves = false;
  /** Of the picture before, when it ended with its marker. */
  #markedTimestamp: number | undefined;

  constructor(codec: VideoCodec, trackNumber: number) {
    this.#codec = codec;
    this.#beginnings = new Beginnings(codec);
    const codecId = codec === 'h264' ? 'V_MPEG4/ISO/AVC' : 'V_MPEGH/ISO/HEVC';
    this.#track = { type: 'video', number: trackNumber, codecId, codecPrivate: new Uint8Array(0), width: 0, height: 0 };
  }

  get track(): VideoTrack | undefined {
    return this.#track.codecPrivate.length > 0 ? this.#track : undefined;
  }

  get lostPackets(): number {
    return this.#continuity.lostPackets;
  }

  get lostUnits(): number {
    return this.#lostUnits;
  }

  /** Parameter sets as the session description holds them, in base64. */
  learnParameterSets(sets: readonly string[]): void {
    const prefixed = sets
      .map(set => Buffer.from(set, 'base64'))
      .flatMap(set => [Uint8Array.of(0, 0, set.length >> 8, set.length & 0xff), set]);
    this.#track = trackForKeyFrame(this.#track, Buffer.concat(prefixed));
  }

  /** To be called first for every packet. @returns false when it is to be left out */
  openPacket(packet: RtpPacket): boolean {
    const joining = this.#continuity.atStart;
    const missing = this.#continuity.follow(packet);
    if (missing < 0) return false;
    if (joining || missing > 0) this.#noteGap(joining);
    if (packet.timestamp !== this.#packetTimestamp && !joining) this.#moveTime();
    this.#packetTimestamp = packet.timestamp;
    return true;
  }

  /** To be called last for every packet. */
  closePacket(marker: boolean): readonly AccessUnit[] {
    if (marker) this.#mark();
    const ready = this.#ready;
    this.#ready = none;
    return ready;
  }

  /** A picture that has not had its marker yet, though others did, was cut off. */
  flush(): readonly AccessUnit[] {
    if (this.#mayEnd && this.#sawMarker && this.#trustMarkers) this.damage();
    this.#endPicture();
    return this.closePacket(false);
  }

  /** A whole NAL unit, or what a camera takes for one. Empty ones are left out. */
  add(nalUnit: Uint8Array): void {
    if (!this.#mayBeSeveral(nalUnit) || !holdsStartCode(nalUnit)) this.#addOne(nalUnit);
    else for (const part of betweenStartCodes(nalUnit)) this.#addOne(part);
  }

  /**
   * The first fragment of a NAL unit.
   * @param header of the NAL unit as a number: one byte for H.264, two for H.265
   * @param rest what comes after the header
   */
  addFirst(header: number, rest: Uint8Array): void {
    if (!this.#begin(header, rest[0] ?? 0)) {
      this.#fragmentsAt = 'unwanted';
      return;
    }
    this.#fragmentsAt = this.#buffer.lengthBytes;
    const roomy =
      this.#buffer.appendUint32(0) &&
      (this.#codec === 'h264' || this.#buffer.appendByte(header >> 8)) &&
      this.#buffer.appendByte(header & 0xff) &&
      this.#buffer.append(rest);
    if (!roomy) this.damage();
  }

  addNext(rest: Uint8Array): void {
    if (this.#fragmentsAt === 'none') this.#addStray();
    else if (this.#fragmentsAt !== 'unwanted' && !this.#buffer.append(rest)) this.damage();
  }

  /** The fragment just added was marked as the last one of its NAL unit. */
  endFragments(): void {
    this.#lastFragments = 'marked';
    this.#closeFragments();
  }

  /** The packet in hand is not what it should be, and the picture it belongs to is lost. */
  damage(): void {
    this.#picture ??= newPicture(undefined);
    this.#picture.damaged = true;
    this.#buffer.drop();
    if (this.#fragmentsAt !== 'none') this.#fragmentsAt = 'unwanted';
  }

  /** Whether it may be several with start codes between them: slices, which are most of all bytes, are not looked into. */
  #mayBeSeveral(nalUnit: Uint8Array): boolean {
    const startsWithZeros = nalUnit[0] === 0 && nalUnit[1] === 0;
    return startsWithZeros || nalKind(this.#codec, nalType(this.#codec, nalUnit)) !== nalKinds.slice;
  }

  #addOne(nalUnit: Uint8Array): void {
    const header = this.#codec === 'h264' ? (nalUnit[0] ?? 0) : ((nalUnit[0] ?? 0) << 8) | (nalUnit[1] ?? 0);
    if (nalUnit.length < this.#headerBytes || !this.#begin(header, nalUnit[this.#headerBytes] ?? 0)) return;
    if (!this.#buffer.appendUint32(nalUnit.length) || !this.#buffer.append(nalUnit)) this.damage();
  }

  get #headerBytes(): number {
    return this.#codec === 'h264' ? 1 : 2;
  }

  /** A NAL unit begins. @returns whether its bytes are wanted */
  #begin(header: number, firstByte: number): boolean {
    this.#leaveFragments();
    const type = this.#codec === 'h264' ? header & 0x1f : (header >> 9) & 0x3f;
    const kind = nalKind(this.#codec, type);
    if (kind === nalKinds.filler) return false;
    const isMiddle = kind === nalKinds.slice && firstByte < 0x80;
    if (this.#picture?.hasSlice && !isMiddle && kind !== nalKinds.suffix && this.#onlyContentsTell) this.#endPicture();
    if (kind === nalKinds.suffix && !this.#picture?.hasSlice) return false;
    const picture = this.#picture ?? this.#openPicture(type, isMiddle);
    if (kind === nalKinds.slice && !picture.hasSlice) {
      picture.hasSlice = true;
      picture.timestamp = this.#packetTimestamp;
    }
    if (kind === nalKinds.parameterSet) picture.hasParameterSet = true;
    return !picture.damaged;
  }

  #openPicture(type: number, isMiddle: boolean): GrowingPicture {
    // The other half of a picture that had its marker in the middle.
    if (isMiddle && this.#markedTimestamp === this.#packetTimestamp) this.#trustMarkers = false;
    const picture = newPicture(this.#before === 'joined' ? undefined : type);
    const isWhole = this.#before === 'gap' ? this.#beginnings.mayBe(type, isMiddle) : !isMiddle;
    picture.damaged = this.#before !== 'nothing missing' && !isWhole;
    this.#before = 'nothing missing';
    this.#picture = picture;
    return picture;
  }

  /** A fragment whose beginning was never seen. */
  #addStray(): void {
    if (!this.#picture && this.#markedTimestamp === this.#packetTimestamp) this.#trustMarkers = false;
    this.#before = 'nothing missing';
    this.damage();
    this.#fragmentsAt = 'unwanted';
  }

  /** Neither marker nor timestamp of this camera says where a picture ends. Two fields of one are then taken for two. */
  get #onlyContentsTell(): boolean {
    return !this.#timeMoves && !(this.#sawMarker && this.#trustMarkers);
  }

  #noteGap(joining: boolean): void {
    this.#before = joining ? 'joined' : 'gap';
    this.#markedTimestamp = undefined;
    if (this.#picture) {
      this.damage();
    } else {
      this.#accountedFor = true;
      if (!joining) this.#lostUnits++;
    }
    this.#fragmentsAt = 'none';
  }

  #moveTime(): void {
    this.#timeMoves = true;
    // Parameter sets and SEI with a time of their own wait for their picture.
    if (this.#mayEnd) this.#endPicture();
  }

  get #mayEnd(): boolean {
    return this.#picture !== undefined && (this.#picture.hasSlice || this.#picture.damaged);
  }

  #mark(): void {
    this.#sawMarker = true;
    const amidFragments = typeof this.#fragmentsAt === 'number' && this.#lastFragments !== 'unmarked';
    if (!this.#trustMarkers || amidFragments || !this.#mayEnd) return;
    this.#endPicture();
    this.#markedTimestamp = this.#packetTimestamp;
  }

  /** Fragments are followed by something else without a last one among them. No packet is missing. */
  #leaveFragments(): void {
    if (typeof this.#fragmentsAt === 'number') {
      // Most likely the camera never marks the last one; one that does has cut the NAL unit short.
      if (this.#lastFragments === 'marked') this.damage();
      else this.#lastFragments = 'unmarked';
    }
    this.#closeFragments();
  }

  #closeFragments(): void {
    const at = this.#fragmentsAt;
    this.#fragmentsAt = 'none';
    if (typeof at !== 'number') return;
    const nalUnit = this.#buffer.view(at + lengthSize);
    if (this.#mayBeSeveral(nalUnit) && holdsStartCode(nalUnit)) {
      const copy = nalUnit.slice();
      this.#buffer.truncate(at);
      this.add(copy);
    } else {
      this.#buffer.setUint32(at, nalUnit.length);
    }
  }

  #endPicture(): void {
    this.#leaveFragments();
    const picture = this.#picture;
    if (picture?.damaged && !this.#accountedFor) this.#lostUnits++;
    if (picture?.hasSlice && !picture.damaged) this.#give(picture);
    else this.#buffer.drop();
    this.#picture = undefined;
    this.#accountedFor = false;
    this.#markedTimestamp = undefined;
  }

  #give({ timestamp, hasParameterSet, firstType }: GrowingPicture): void {
    const data = this.#buffer.take();
    if (hasParameterSet) this.#track = trackForKeyFrame(this.#track, data);
    const keyFrame = isRandomAccess(this.#codec, data, lengthSize, true);
    const unit = { timestamp, keyFrame, data };
    this.#ready = this.#ready.length === 0 ? [unit] : [...this.#ready, unit];
    if (firstType !== undefined) this.#beginnings.learn(firstType);
  }
}

function newPicture(firstType: number | undefined): GrowingPicture {
  return { firstType, timestamp: 0, hasSlice: false, hasParameterSet: false, damaged: false };
}
