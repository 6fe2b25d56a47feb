// The frames of one track as the Matroska stream an encoder reads. Times are moved so that the first frame of a stream is
// at ten seconds: nothing an encoder puts before its first frame (an AAC encoder's delay) falls below zero.

import type { Frame, Track } from '../matroska/track.ts';
import { frameHeader, writeClusterStart, writeHeader } from '../matroska/write.ts';

const firstTimecodeMs = 10_000;
/** The format has room for 32 s. */
const clusterMs = 10_000;

export class EncoderFeed {
  readonly #track: Track;
  /** What is added to a time of the source. */
  #shiftMs: number | undefined;

  constructor(track: Track) {
    this.#track = track;
  }

  async *bytes(frames: AsyncIterable<Frame>): AsyncGenerator<Uint8Array> {
    yield writeHeader([this.#track]);
    let clusterAtMs: number | undefined;
    for await (const frame of frames) {
      this.#shiftMs ??= firstTimecodeMs - frame.timecodeMs;
      const timecodeMs = Math.max(0, Math.round(frame.timecodeMs + this.#shiftMs));
      if (clusterAtMs === undefined || Math.abs(timecodeMs - clusterAtMs) > clusterMs) {
        clusterAtMs = timecodeMs;
        yield writeClusterStart(clusterAtMs);
      }
      yield frameHeader({ ...frame, timecodeMs }, clusterAtMs);
      yield frame.data;
    }
  }

  /** True for what an encoder puts before the first frame it was fed: its delay, which is silence. */
  isBeforeFirst(timecodeMs: number): boolean {
    return timecodeMs < firstTimecodeMs;
  }

  /** A time the encoder answered with, as the source counts. */
  sourceTimeMs(timecodeMs: number): number {
    return timecodeMs - (this.#shiftMs ?? firstTimecodeMs);
  }
}
