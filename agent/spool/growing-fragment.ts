// A fragment that does not count yet, for who wants its frames as they come. They are let go when the fragment counts and
// its last reader is through; until then a camera has one that grows and at most one that is being synced. Who comes later
// is given them from the file.
import { scanFragment } from '../matroska/scan.ts';
import type { Frame, Track } from '../matroska/track.ts';
import { Change } from './changes.ts';
import type { FragmentRecord } from './fragment-record.ts';
import { FrameMemory } from './frame-memory.ts';

export type GrowingFragment = {
  readonly cameraId: string;
  readonly startMs: number;
  readonly tracks: readonly Track[];
  /** As its record will have it. */
  readonly codecKey: string;
  /**
   * Every frame so far, then each as it comes; ends where the fragment ends, also when the disk refused it meanwhile.
   * May be read by several, from the start each; a frame's data is good until the next one is asked for. Throws the
   * signal's reason, and as `readBack` does for who begins when the fragment counts already.
   */
  frames(signal: AbortSignal): AsyncIterable<Frame>;
  /** The record once the fragment counts; undefined when it never will: the disk refused it. Never rejects. */
  readonly whole: Promise<FragmentRecord | undefined>;
  /** Before its first byte is sent: its record says so from the start, and after a crash it is looked up like every other. */
  markSendBegun(): void;
};

export type GrowingOptions = {
  cameraId: string;
  startMs: number;
  tracks: readonly Track[];
  codecKey: string;
  /** Told of a sending that was begun only after the fragment counted. */
  onLateSend: (id: number) => void;
  /** The whole file of a fragment that counts. */
  readBack: (record: FragmentRecord) => Promise<Uint8Array>;
};

/** The writer's side. */
export class GrowingFrames implements GrowingFragment {
  readonly cameraId: string;
  readonly startMs: number;
  readonly tracks: readonly Track[];
  readonly codecKey: string;
  readonly whole: Promise<FragmentRecord | undefined>;
  readonly #memory = new FrameMemory();
  #frames: Frame[] = [];
  #readers = 0;
  #released = false;
  readonly #change = new Change();
  readonly #onLateSend: (id: number) => void;
  readonly #readBack: GrowingOptions['readBack'];
  readonly #resolveWhole: (record: FragmentRecord | undefined) => void;
  #lastTimecodeMs: number;
  #ended = false;
  #sendBegun = false;
  #record: FragmentRecord | undefined;

  constructor({ cameraId, startMs, tracks, codecKey, onLateSend, readBack }: GrowingOptions) {
    this.cameraId = cameraId;
    this.startMs = startMs;
    this.#lastTimecodeMs = startMs;
    this.tracks = tracks;
    this.codecKey = codecKey;
    this.#onLateSend = onLateSend;
    this.#readBack = readBack;
    const { promise, resolve } = Promise.withResolvers<FragmentRecord | undefined>();
    this.whole = promise;
    this.#resolveWhole = resolve;
  }

  async *frames(signal: AbortSignal): AsyncGenerator<Frame> {
    if (this.#released && this.#record) {
      const file = await this.#readBack(this.#record);
      signal.throwIfAborted();
      yield* scanFragment(file).frames;
      return;
    }
    this.#readers++;
    try {
      for (let position = 0; ; position++) {
        while (position === this.#frames.length) {
          if (this.#ended) return;
          await this.#change.next(signal);
        }
        signal.throwIfAborted();
        const frame = this.#frames[position];
        if (frame) yield frame;
      }
    } finally {
      this.#readers--;
      this.#release();
    }
  }

  markSendBegun(): void {
    this.#sendBegun = true;
    if (this.#record) this.#onLateSend(this.#record.id);
  }

  get sendBegun(): boolean {
    return this.#sendBegun;
  }

  /** Timecode of the newest frame. */
  get lastTimecodeMs(): number {
    return this.#lastTimecodeMs;
  }

  /** @returns the frame with data of its own, good until the fragment is settled: whatever `frame.data` lies in is free */
  append(frame: Frame): Frame {
    const kept = { ...frame, data: this.#memory.keep(frame.data) };
    this.#frames.push(kept);
    this.#lastTimecodeMs = Math.max(this.#lastTimecodeMs, frame.timecodeMs);
    this.#change.announce();
    return kept;
  }

  end(): void {
    this.#ended = true;
    this.#change.announce();
  }

  settle(record: FragmentRecord | undefined): void {
    this.#record = record;
    this.#resolveWhole(record);
    this.#release();
  }

  /** Without a record there is no file to read from: then the frames stay for as long as somebody knows the fragment. */
  #release(): void {
    if (!this.#record || this.#readers > 0) return;
    this.#released = true;
    this.#frames = [];
    this.#memory.release();
  }
}

/** What does not count yet, by camera, oldest first. */
export class GrowingFragments {
  readonly #byCamera = new Map<string, GrowingFrames[]>();

  add(fragment: GrowingFrames): void {
    this.#byCamera.set(fragment.cameraId, [...this.ofCamera(fragment.cameraId), fragment]);
  }

  remove(fragment: GrowingFrames): void {
    const rest = this.ofCamera(fragment.cameraId).filter(other => other !== fragment);
    this.#byCamera.set(fragment.cameraId, rest);
  }

  ofCamera(cameraId: string): readonly GrowingFrames[] {
    return this.#byCamera.get(cameraId) ?? [];
  }

  /** How many of all cameras start before `beforeMs`. */
  countBefore(beforeMs: number): number {
    return [...this.#byCamera.values()].flat().filter(({ startMs }) => startMs < beforeMs).length;
  }

  /** The oldest that starts after `afterStartMs`. */
  next(cameraId: string, afterStartMs: number): GrowingFragment | undefined {
    return this.ofCamera(cameraId).find(({ startMs }) => startMs > afterStartMs);
  }
}
