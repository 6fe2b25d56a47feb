// Tells B-frames from timestamps that merely jitter. B-frames put pictures back in time every few frames; a camera with
// a bad clock does it now and then, and refusing that one would lose all its video.
import { mayBeReordered, type VideoCodec } from '../codec/nal.ts';

const backwardSteps = 3;
const withinFrames = 50;
const farMs = 2000;

/** Watches one session's video frames in decode order. */
export class ReorderingWatch {
  readonly #codec: VideoCodec;
  readonly #lengthSize: number;
  #previousPtsMs = Number.NEGATIVE_INFINITY;
  #frames = 0;
  /** Frame counts at the last few backward steps. */
  readonly #steps: number[] = [];

  constructor(codec: VideoCodec, lengthSize: number) {
    this.#codec = codec;
    this.#lengthSize = lengthSize;
  }

  /** True once three pictures within fifty came before their predecessor, and could be B-frames by their type. */
  isReordered(ptsMs: number, data: Uint8Array): boolean {
    this.#frames++;
    const stepMs = ptsMs - this.#previousPtsMs;
    this.#previousPtsMs = ptsMs;
    // Far back is another timeline, not another order.
    const backwards = stepMs < 0 && stepMs > -farMs && mayBeReordered(this.#codec, data, this.#lengthSize);
    if (!backwards) return false;
    this.#steps.push(this.#frames);
    if (this.#steps.length > backwardSteps) this.#steps.shift();
    return this.#steps.length === backwardSteps && this.#frames - (this.#steps[0] ?? 0) < withinFrames;
  }
}
