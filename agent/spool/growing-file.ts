// One fragment on its way to disk: frames are gathered and written in batches under a temporary name; `finish` syncs the
// file and gives it its name. A growing file is at every moment a prefix of the whole one, so a crash leaves a playable start.
import { createHash } from 'node:crypto';
import { type FileHandle, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Frame, Track } from '../matroska/track.ts';
import { frameHeader, writeClusterStart, writeHeader } from '../matroska/write.ts';
import { ensureFolder, fragmentPath, growingPath, moveIntoPlace } from './fragment-file.ts';
import type { FragmentRecord } from './fragment-record.ts';
import { type MediaExtent, mediaEndMs } from './media-end.ts';

/** Large enough to spare the card small writes, small enough that a crash costs little. */
const batchBytes = 256 * 1024;

export type NewFragment = Omit<FragmentRecord, 'id'>;

/** Equal for fragments with the same tracks and codec private data: their header bytes are the same. */
export function codecKeyOf(header: Uint8Array): string {
  return createHash('sha256').update(header).digest('hex').slice(0, 16);
}

export class GrowingFile {
  readonly cameraId: string;
  readonly codecKey: string;
  readonly #dir: string;
  readonly #file: FileHandle;
  readonly #headerBytes: number;
  readonly #videoNumbers: ReadonlySet<number>;
  readonly #trackNumbers = new Set<number>();
  readonly #extent: MediaExtent;
  #frames = 0;
  #bytes: number;
  #batch: Uint8Array[];
  #batchBytes: number;

  private constructor(file: FileHandle, { dir, cameraId, tracks, startMs }: BeginOptions) {
    const header = writeHeader(tracks);
    const clusterStart = writeClusterStart(startMs);
    this.cameraId = cameraId;
    this.#dir = dir;
    this.#file = file;
    this.#headerBytes = header.length;
    this.codecKey = codecKeyOf(header);
    this.#videoNumbers = new Set(tracks.filter(track => track.type === 'video').map(track => track.number));
    this.#extent = { startMs, lastTimecodeMs: startMs, videoFrames: 0 };
    this.#batch = [header, clusterStart];
    this.#batchBytes = header.length + clusterStart.length;
    this.#bytes = this.#batchBytes;
  }

  /** Opens the temporary file, over whatever an earlier attempt left there. Rejects with the system's error. */
  static async begin(options: BeginOptions): Promise<GrowingFile> {
    await ensureFolder(join(options.dir, options.cameraId));
    const file = await open(growingPath(options.dir, options.cameraId, options.startMs), 'w');
    return new GrowingFile(file, options);
  }

  /** Takes a frame. Rejects with the system's error; the fragment must then be discarded. */
  async append(frame: Frame): Promise<void> {
    const header = frameHeader(frame, this.#extent.startMs);
    this.#batch.push(header, frame.data);
    this.#batchBytes += header.length + frame.data.length;
    this.#bytes += header.length + frame.data.length;
    this.#frames++;
    this.#trackNumbers.add(frame.trackNumber);
    if (this.#videoNumbers.has(frame.trackNumber)) this.#extent.videoFrames++;
    this.#extent.lastTimecodeMs = Math.max(this.#extent.lastTimecodeMs, frame.timecodeMs);
    if (this.#batchBytes >= batchBytes) await this.#flush();
  }

  get frames(): number {
    return this.#frames;
  }

  /** Writes the rest, syncs, renames into place, syncs the folder. Rejects with the system's error. */
  async finish(nextStartMs: number | undefined): Promise<NewFragment> {
    await this.#flush();
    await this.#file.sync();
    await this.#file.close();
    const { startMs } = this.#extent;
    await moveIntoPlace(
      growingPath(this.#dir, this.cameraId, startMs),
      fragmentPath(this.#dir, this.cameraId, startMs),
    );
    return {
      cameraId: this.cameraId,
      startMs,
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

  /** Leaves no file behind, as far as the disk lets us: what stays is cleared away at the next start. Never rejects. */
  async discard(): Promise<void> {
    this.#batch = [];
    const { startMs } = this.#extent;
    await this.#file.close().catch(() => undefined);
    // Both names: syncing the folder may have failed after the rename.
    for (const path of [growingPath, fragmentPath])
      await rm(path(this.#dir, this.cameraId, startMs), { force: true }).catch(() => undefined);
  }

  async #flush(): Promise<void> {
    const batch = this.#batch;
    const expectedBytes = this.#batchBytes;
    this.#batch = [];
    this.#batchBytes = 0;
    if (expectedBytes === 0) return;
    const { bytesWritten } = await this.#file.writev(batch);
    // A disk with a little room left takes a part without an error; writing the rest tells.
    if (bytesWritten < expectedBytes) await this.#file.writeFile(Buffer.concat(batch).subarray(bytesWritten));
  }
}

type BeginOptions = { dir: string; cameraId: string; tracks: readonly Track[]; startMs: number };
