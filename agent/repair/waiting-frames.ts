// The frames that wait for an encoder: the one place where a slow encoder shows. Bounded in bytes and in media time, so
// that it shows as a full queue and never as memory that grows.
import type { Frame } from '../matroska/track.ts';

export type WaitingLimits = { maxBytes: number; maxSpanMs: number };

export class WaitingFrames {
  readonly #limits: WaitingLimits;
  readonly #frames: Frame[] = [];
  #bytes = 0;
  #closed = false;
  #changed = Promise.withResolvers<void>();

  constructor(limits: WaitingLimits) {
    this.#limits = limits;
  }

  get isFull(): boolean {
    return this.#bytes >= this.#limits.maxBytes || this.spanMs >= this.#limits.maxSpanMs;
  }

  /** True when there is room for a while, so that what was begun to be left out need not be left out again at once. */
  get isHalfEmpty(): boolean {
    return this.#bytes <= this.#limits.maxBytes / 2 && this.spanMs <= this.#limits.maxSpanMs / 2;
  }

  /** Media time from the first to the last. */
  get spanMs(): number {
    const [first, last] = [this.#frames[0], this.#frames.at(-1)];
    return first && last ? Math.max(0, last.timecodeMs - first.timecodeMs) : 0;
  }

  /** Takes the frame also when full: asking first is the caller's part. */
  push(frame: Frame): void {
    this.#frames.push(frame);
    this.#bytes += frame.data.length;
    this.#tell();
  }

  /** The first frame, which stays; waits for one. undefined when there will be no more. */
  async first(): Promise<Frame | undefined> {
    while (this.#frames.length === 0 && !this.#closed) await this.#changed.promise;
    return this.#frames[0];
  }

  /** Takes the first frame out. */
  shift(): void {
    this.#bytes -= this.#frames.shift()?.data.length ?? 0;
    this.#tell();
  }

  /** Resolves when frames came or went. */
  change(): Promise<void> {
    return this.#changed.promise;
  }

  /** No more frames will come. */
  close(): void {
    this.#closed = true;
    this.#tell();
  }

  has(timecodeMs: number): boolean {
    return this.#frames.some(frame => frame.timecodeMs === timecodeMs);
  }

  clear(): void {
    this.#frames.length = 0;
    this.#bytes = 0;
    this.#tell();
  }

  #tell(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers<void>();
  }
}
