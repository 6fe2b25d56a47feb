// One camera session: takes its frames as they come and says of each what the cutter needs to know, with everything that
// is particular to codecs and to the camera's own timeline left behind.

import { nalLengthSize, trackForKeyFrame } from '../codec/codec-private.ts';
import { isRandomAccess, type VideoCodec } from '../codec/nal.ts';
import type { Frame, Track, VideoTrack } from '../matroska/track.ts';
import { acceptTracks, videoTrackNumber } from './accept-tracks.ts';
import { type FragmentProblem, hasBFrames } from './camera-problem.ts';
import { ReorderingWatch } from './reordering.ts';

/** A frame ready to be put in a fragment: our track number, wall time (not yet made to increase), true key flag. */
export type StampedFrame = {
  frame: Frame;
  /** The tracks of the session as of this frame. The same array as before unless the codec configuration changed. */
  tracks: Track[];
};

/** Turns the source's timeline into wall time. */
export type Timeline = {
  /**
   * Wall time in milliseconds, not rounded, of a frame that is taken now. `mayStep`: the frame may begin a fragment, so
   * its time may step away from that of the frame before.
   */
  stampMs(trackNumber: number, ptsMs: number, mayStep: boolean): number;
};

type CameraSessionOptions = {
  cameraId: string;
  /** This session's own. */
  stamp: Timeline;
  tracks: readonly Track[];
  onProblem: (problem: FragmentProblem) => void;
};

export class CameraSession {
  readonly #cameraId: string;
  readonly #stamp: Timeline;
  readonly #numbers: ReadonlyMap<number, number>;
  readonly #codec: VideoCodec;
  readonly #lengthSize: number;
  readonly #reordering: ReorderingWatch;
  #video: VideoTrack;
  #tracks: Track[];

  /** @throws AgentError `camera-no-video`, `camera-codec-unsupported` */
  constructor({ cameraId, stamp, tracks, onProblem }: CameraSessionOptions) {
    const { video, codec, audio, numbers, problem } = acceptTracks(cameraId, tracks);
    if (problem) onProblem({ error: problem });
    this.#cameraId = cameraId;
    this.#stamp = stamp;
    this.#numbers = numbers;
    this.#codec = codec;
    this.#lengthSize = nalLengthSize(video);
    this.#reordering = new ReorderingWatch(codec, this.#lengthSize);
    this.#video = video;
    this.#tracks = audio ? [video, audio] : [video];
  }

  /**
   * @returns undefined for a frame of a track that is left out
   * @throws AgentError `camera-b-frames`
   */
  frame(frame: Frame): StampedFrame | undefined {
    const trackNumber = this.#numbers.get(frame.trackNumber);
    if (trackNumber === undefined) return undefined;
    const keyFrame = trackNumber === videoTrackNumber ? this.#takeVideo(frame) : true;
    const timecodeMs = this.#stamp.stampMs(trackNumber, frame.timecodeMs, keyFrame && trackNumber === videoTrackNumber);
    return { frame: { trackNumber, timecodeMs, keyFrame, data: frame.data }, tracks: this.#tracks };
  }

  /** @returns whether a fragment may begin with the frame */
  #takeVideo({ timecodeMs, keyFrame, data }: Frame): boolean {
    if (this.#reordering.isReordered(timecodeMs, data)) throw hasBFrames(this.#cameraId);
    if (!isRandomAccess(this.#codec, data, this.#lengthSize, keyFrame)) return false;
    const video = trackForKeyFrame(this.#video, data);
    if (video !== this.#video) {
      this.#video = video;
      this.#tracks = this.#tracks.map(track => (track.type === 'video' ? video : track));
    }
    return true;
  }
}
