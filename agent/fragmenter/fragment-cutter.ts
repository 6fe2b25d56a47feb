// Decides where fragments begin and end, by the rules of Kinesis Video Streams:
//  1. A fragment begins with a video key frame, at the first one a second or more after the last fragment began, so
//     fragments are as short as the camera's key frames allow: with a key frame a second, one or two seconds, as the
//     second is measured in timecodes and they are steered. A codec change begins one at once.
//  2. No fragment is longer than 20 s or larger than 50 MB. Without a key frame in time, video is lost up to the next; so it
//     is when a stream begins and none comes for so long.
//  3. Timecodes increase: per track, and every one of a fragment is later than all of the fragment before. Frames that
//     would break this (sound that arrives around a cut, a clock that was set back) are moved to the next free
//     millisecond. ffmpeg interleaves by time, so around a cut that is a few milliseconds.
import type { Frame, Track } from '../matroska/track.ts';
import { videoTrackNumber } from './accept-tracks.ts';
import { type FragmentProblem, gopTooLarge, gopTooLong } from './camera-problem.ts';
import type { StampedFrame } from './camera-session.ts';
import type { FragmentPart } from './fragment-part.ts';

const minDurationMs = 1000;
const maxDurationMs = 20_000;
const maxBytes = 50_000_000;
/** A key frame that comes later than this after the last frame does not follow it directly: something is missing. */
const gapMs = 2000;
/** Room for what a fragment has beside its frames: the header, and below, what each block has. */
const reservedBytes = 2_000_000;
const blockHeaderBytes = 13;

type OpenFragment = { tracks: Track[]; startMs: number; bytes: number };
type Loss = { error: FragmentProblem['error']; lostFromMs: number };

export class FragmentCutter {
  readonly #cameraId: string;
  readonly #onProblem: (problem: FragmentProblem) => void;
  #open: OpenFragment | undefined;
  #loss: Loss | undefined;
  #lostToMs = 0;
  /** Of the first picture since a stream began, or a fragment ended, that nothing could be begun with. */
  #waitingFromMs: number | undefined;
  /** Latest timecode given out on any track, and on each. */
  #latestMs = Number.NEGATIVE_INFINITY;
  readonly #latestOfTrackMs = new Map<number, number>();

  constructor(cameraId: string, onProblem: (problem: FragmentProblem) => void) {
    this.#cameraId = cameraId;
    this.#onProblem = onProblem;
  }

  /** The parts that follow from one more frame. */
  *add({ frame, tracks }: StampedFrame): Generator<FragmentPart> {
    const wantedMs = Math.round(frame.timecodeMs);
    if (this.#beginsFragment(frame, tracks, wantedMs)) {
      yield* this.#begin(tracks, Math.max(wantedMs, this.#latestMs + 1));
    } else if (this.#open) {
      const error = this.#limitReached(this.#open, frame, wantedMs);
      if (error) {
        yield* this.#close();
        this.#loss = { error, lostFromMs: wantedMs };
        this.#onProblem(this.#loss);
      }
    }
    if (this.#open) yield this.#place(this.#open, frame, wantedMs);
    else this.#wait(frame, wantedMs);
  }

  /** Ends the open fragment, if there is one: what follows does not follow directly. */
  *end(): Generator<FragmentPart> {
    yield* this.#close();
    this.#endLoss(this.#lostToMs);
  }

  #beginsFragment(frame: Frame, tracks: Track[], wantedMs: number): boolean {
    if (!frame.keyFrame || frame.trackNumber !== videoTrackNumber) return false;
    if (!this.#open || this.#open.tracks !== tracks) return true;
    return wantedMs - this.#open.startMs >= minDurationMs || this.#isFull(this.#open, frame);
  }

  /** Whoever joins a stream waits for its next key frame, and nobody misses the second or two; more is a loss to be told. */
  #wait({ trackNumber }: Frame, wantedMs: number): void {
    this.#lostToMs = wantedMs;
    if (this.#loss || trackNumber !== videoTrackNumber) return;
    this.#waitingFromMs ??= wantedMs;
    if (wantedMs - this.#waitingFromMs < maxDurationMs) return;
    this.#loss = { error: gopTooLong(this.#cameraId), lostFromMs: this.#waitingFromMs };
    this.#onProblem(this.#loss);
  }

  *#begin(tracks: Track[], startMs: number): Generator<FragmentPart> {
    if (this.#open) yield startMs - this.#latestMs > gapMs ? { type: 'end' } : { type: 'end', nextStartMs: startMs };
    this.#endLoss(startMs);
    this.#open = { tracks, startMs, bytes: reservedBytes };
    yield { type: 'begin', tracks, startMs };
  }

  #limitReached(open: OpenFragment, frame: Frame, wantedMs: number): FragmentProblem['error'] | undefined {
    if (this.#timecode(frame, wantedMs, open) - open.startMs >= maxDurationMs) return gopTooLong(this.#cameraId);
    return this.#isFull(open, frame) ? gopTooLarge(this.#cameraId) : undefined;
  }

  #isFull(open: OpenFragment, frame: Frame): boolean {
    return open.bytes + blockHeaderBytes + frame.data.length > maxBytes;
  }

  #place(open: OpenFragment, frame: Frame, wantedMs: number): FragmentPart {
    const timecodeMs = this.#timecode(frame, wantedMs, open);
    this.#latestOfTrackMs.set(frame.trackNumber, timecodeMs);
    this.#latestMs = Math.max(this.#latestMs, timecodeMs);
    open.bytes += blockHeaderBytes + frame.data.length;
    return { type: 'frame', frame: { ...frame, timecodeMs } };
  }

  #timecode(frame: Frame, wantedMs: number, open: OpenFragment): number {
    const afterTrackMs = (this.#latestOfTrackMs.get(frame.trackNumber) ?? Number.NEGATIVE_INFINITY) + 1;
    return Math.max(wantedMs, open.startMs, afterTrackMs);
  }

  *#close(): Generator<FragmentPart> {
    if (this.#open) yield { type: 'end' };
    this.#open = undefined;
  }

  #endLoss(lostToMs: number): void {
    this.#waitingFromMs = undefined;
    if (!this.#loss) return;
    this.#onProblem({ ...this.#loss, lostToMs });
    this.#loss = undefined;
  }
}
