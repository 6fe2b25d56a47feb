// Frames → the bytes of a fragment and what its record will say, no matter where the bytes go.
import { createHash } from 'node:crypto';
import type { Frame, Track } from '../matroska/track.ts';
import { frameHeader, writeClusterStart, writeHeader } from '../matroska/write.ts';
import type { FragmentRecord } from './fragment-record.ts';
import { type MediaExtent, mediaEndMs } from './media-end.ts';

export type NewFragment = Omit<FragmentRecord, 'id'>;

export type BeginOptions = { cameraId: string; tracks: readonly Track[]; startMs: number };

/** Equal for fragments with the same tracks and codec private data: their header bytes are the same. */
export function codecKeyOf(header: Uint8Array): string {
  return createHash('sha256').update(header).digest('hex').slice(0, 16);
}

/** Where a fragment's bytes gather until it is whole. */
export type FragmentSink = {
  readonly tally: FragmentTally;
  /** Takes a frame, which must not change any more. Rejects with the system's error; the fragment must then be discarded. */
  append(frame: Frame): Promise<void>;
  /** Makes the fragment whole. Rejects like `append`. `file` is set when its bytes are in memory only. */
  finish(nextStartMs: number | undefined): Promise<{ fragment: NewFragment; file?: Uint8Array }>;
  /** Leaves nothing behind, as far as the disk lets us. Never rejects. */
  discard(): Promise<void>;
};

export class FragmentTally {
  readonly cameraId: string;
  readonly startMs: number;
  readonly codecKey: string;
  /** What goes before the first frame. */
  readonly start: readonly Uint8Array[];
  readonly #headerBytes: number;
  readonly #videoNumbers: ReadonlySet<number>;
  readonly #trackNumbers = new Set<number>();
  readonly #extent: MediaExtent;
  #frames = 0;
  #bytes: number;

  constructor({ cameraId, tracks, startMs }: BeginOptions) {
    const header = writeHeader(tracks);
    const clusterStart = writeClusterStart(startMs);
    this.cameraId = cameraId;
    this.startMs = startMs;
    this.codecKey = codecKeyOf(header);
    this.start = [header, clusterStart];
    this.#headerBytes = header.length;
    this.#bytes = header.length + clusterStart.length;
    this.#videoNumbers = new Set(tracks.filter(track => track.type === 'video').map(track => track.number));
    this.#extent = { startMs, lastTimecodeMs: startMs, videoFrames: 0 };
  }

  /** Counts the frame in; returns the bytes to be written for it, its data uncopied. */
  add(frame: Frame): Uint8Array[] {
    const header = frameHeader(frame, this.startMs);
    this.#bytes += header.length + frame.data.length;
    this.#frames++;
    this.#trackNumbers.add(frame.trackNumber);
    if (this.#videoNumbers.has(frame.trackNumber)) this.#extent.videoFrames++;
    this.#extent.lastTimecodeMs = Math.max(this.#extent.lastTimecodeMs, frame.timecodeMs);
    return [header, frame.data];
  }

  get frames(): number {
    return this.#frames;
  }

  get bytes(): number {
    return this.#bytes;
  }

  fragment(nextStartMs: number | undefined): NewFragment {
    return {
      cameraId: this.cameraId,
      startMs: this.startMs,
      endMs: nextStartMs ?? mediaEndMs(this.#extent),
      bytes: this.#bytes,
      headerBytes: this.#headerBytes,
      frames: this.#frames,
      codecKey: this.codecKey,
      trackNumbers: [...this.#trackNumbers].sort((a, b) => a - b),
      state: 'waiting',
      sendBegun: false,
    };
  }
}
