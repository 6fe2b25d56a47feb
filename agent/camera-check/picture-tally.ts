// Counts the pictures of one stream as they come: rate, size, distance of key frames, order, codec private data. Holds
// numbers only, and of the pictures themselves the first key frame and the ones right after it.
import type { TimestampFacts, VideoFacts } from '../../shared/camera-check.ts';
import { videoCodecOf } from '../codec/nal.ts';
import { inBandSets } from '../codec/parameter-sets.ts';
import { ReorderingWatch } from '../fragmenter/reordering.ts';
import type { Frame, VideoTrack } from '../matroska/track.ts';
import type { AccessUnit } from '../rtp/depacketizer.ts';
import type { MediaFormat } from '../rtp/media-format.ts';
import { codecWords } from './codec-words.ts';
import { rounded, type TimedPicture, timestampFacts } from './timestamps.ts';

export type SeenPicture = { unit: AccessUnit; timeMs: number; arrivalMs: number };

type Picture = TimedPicture & { bytes: number; keyFrame: boolean };

/** Of depacketised units. */
const lengthSize = 4;
/** Two minutes of 120 a second. */
const mostPictures = 15_000;
const clipMs = 2_000;
const usablePaceOff = 0.2;
const mostClipBytes = 8_000_000;

export class PictureTally {
  readonly #format: MediaFormat;
  readonly #described: VideoTrack | undefined;
  readonly #pictures: Picture[] = [];
  readonly #clip: Frame[] = [];
  #clipBytes = 0;
  #clipTrack: VideoTrack | undefined;
  #reordering: ReorderingWatch | undefined;
  #track: VideoTrack | undefined;
  #timestamp: number | undefined;
  #ptsMs = 0;
  #keyFrames = 0;
  #bFrames = false;
  #inBand = false;
  #changes = 0;

  /** @param described the track as the session description alone tells it */
  constructor(format: MediaFormat, described: VideoTrack | undefined) {
    this.#format = format;
    this.#described = described;
    this.#track = described;
  }

  get keyFrames(): number {
    return this.#keyFrames;
  }

  /** Pictures from the first key frame on, at most two seconds of them; undefined before it. */
  get clip(): { track: VideoTrack; frames: readonly Frame[] } | undefined {
    return this.#clipTrack && { track: this.#clipTrack, frames: this.#clip };
  }

  /** @param track as it is known with this picture */
  note({ unit, timeMs, arrivalMs }: SeenPicture, track: VideoTrack | undefined): void {
    if (this.#pictures.length >= mostPictures) return;
    if (this.#timestamp !== undefined) {
      this.#ptsMs += (((unit.timestamp - this.#timestamp) | 0) * 1000) / this.#format.clockRate;
    }
    this.#timestamp = unit.timestamp;
    if (unit.keyFrame) this.#keyFrames++;
    this.#noteTrack(unit, track);
    this.#keep(unit, timeMs);
    const { data, keyFrame } = unit;
    this.#pictures.push({ ptsMs: this.#ptsMs, arrivalMs, bytes: data.length, keyFrame });
    this.#bFrames ||= this.#reordering?.isReordered(this.#ptsMs, data) ?? false;
  }

  /** @param untilMs monotonic: when looking ended */
  facts(untilMs: number): VideoFacts {
    const pictures = this.#pictures;
    const timestamps = timestampFacts(pictures, this.#bFrames);
    const byPts = areUsable(timestamps);
    const timeOf = ({ ptsMs, arrivalMs }: Picture) => (byPts ? ptsMs : arrivalMs);
    const seconds = spanMs(pictures.map(timeOf)) / 1000;
    const fps = pictures.length > 1 && seconds > 0 ? (pictures.length - 1) / seconds : undefined;
    const bytes = pictures.reduce((sum, picture) => sum + picture.bytes, 0);
    const meanBytes = bytes / Math.max(1, pictures.length);
    const track = this.#track;
    const lastKeyFrame = pictures.findLast(({ keyFrame }) => keyFrame) ?? pictures[0];
    return {
      encoding: this.#format.encoding,
      ...(track ? codecWords(track) : {}),
      pictures: pictures.length,
      seconds: rounded(seconds, 2),
      ...(fps === undefined ? {} : { fps: rounded(fps, 2), kbps: Math.round((meanBytes * fps * 8) / 1000) }),
      keyFrames: this.#keyFrames,
      ...this.#groups(timeOf),
      openGopSeconds: rounded(lastKeyFrame ? Math.max(0, untilMs - lastKeyFrame.arrivalMs) / 1000 : 0, 2),
      bFrames: this.#bFrames,
      codecData: { inDescription: this.#described !== undefined, inBand: this.#inBand, changes: this.#changes },
      timestamps,
    };
  }

  #noteTrack(unit: AccessUnit, track: VideoTrack | undefined): void {
    if (!track) return;
    if (this.#track && this.#track !== track) this.#changes++;
    this.#track = track;
    const codec = videoCodecOf(track.codecId);
    if (!codec) return;
    this.#reordering ??= new ReorderingWatch(codec, lengthSize);
    if (unit.keyFrame && !this.#inBand) this.#inBand = inBandSets(codec, unit.data, lengthSize).length > 0;
  }

  /** Copied: a unit shares its memory with its neighbours. */
  #keep({ data, keyFrame }: AccessUnit, timeMs: number): void {
    if (!this.#clipTrack && keyFrame) this.#clipTrack = this.#track;
    const first = this.#clip[0];
    if (!this.#clipTrack || (first && timeMs - first.timecodeMs > clipMs)) return;
    if (first && this.#clipBytes + data.length > mostClipBytes) return;
    this.#clipBytes += data.length;
    this.#clip.push({ trackNumber: 1, timecodeMs: timeMs, keyFrame, data: data.slice() });
  }

  #groups(timeOf: (picture: Picture) => number): Pick<VideoFacts, 'gopSeconds' | 'largestGopBytes'> {
    const gopSeconds: number[] = [];
    let largest = 0;
    let bytes = 0;
    let begin: Picture | undefined;
    for (const picture of this.#pictures) {
      if (picture.keyFrame) {
        if (begin) gopSeconds.push(rounded((timeOf(picture) - timeOf(begin)) / 1000, 2));
        begin = picture;
        bytes = 0;
      }
      bytes += picture.bytes;
      largest = Math.max(largest, bytes);
    }
    return { gopSeconds, largestGopBytes: largest };
  }
}

/** Otherwise what counts is when pictures arrive. */
function areUsable({ standing, jumps, backwards, pace = 1 }: TimestampFacts): boolean {
  return standing + jumps + backwards === 0 && Math.abs(pace - 1) < usablePaceOff;
}

function spanMs(times: readonly number[]): number {
  let [least, most] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const time of times) [least, most] = [Math.min(least, time), Math.max(most, time)];
  return times.length === 0 ? 0 : most - least;
}
