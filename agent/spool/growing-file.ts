// One fragment on its way to disk: frames are gathered and written in batches under a temporary name; `finish` syncs the
// file and gives it its name. A growing file is at every moment a prefix of the whole one, so a crash leaves a playable start.
import { type FileHandle, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Frame } from '../matroska/track.ts';
import { ensureFolder, fragmentPath, growingPath, moveIntoPlace } from './fragment-file.ts';
import { type BeginOptions, type FragmentSink, FragmentTally, type NewFragment } from './fragment-tally.ts';

/** Large enough to spare the card small writes, small enough that a crash costs little. */
const batchBytes = 256 * 1024;

export type FileOptions = {
  dir: string;
  /** Told how much went to the disk. */
  onWritten: (bytes: number) => void;
};

export class GrowingFile implements FragmentSink {
  readonly tally: FragmentTally;
  readonly #options: FileOptions;
  readonly #file: FileHandle;
  #batch: Uint8Array[];
  #batchBytes: number;

  private constructor(file: FileHandle, tally: FragmentTally, options: FileOptions) {
    this.tally = tally;
    this.#options = options;
    this.#file = file;
    this.#batch = [...tally.start];
    this.#batchBytes = tally.bytes;
  }

  /** Opens the temporary file, over whatever an earlier attempt left there. Rejects with the system's error. */
  static async begin(begin: BeginOptions, options: FileOptions): Promise<GrowingFile> {
    await ensureFolder(join(options.dir, begin.cameraId));
    const file = await open(growingPath(options.dir, begin.cameraId, begin.startMs), 'w');
    return new GrowingFile(file, new FragmentTally(begin), options);
  }

  async append(frame: Frame): Promise<void> {
    const bytes = this.tally.bytes;
    this.#batch.push(...this.tally.add(frame));
    this.#batchBytes += this.tally.bytes - bytes;
    if (this.#batchBytes >= batchBytes) await this.#flush();
  }

  /** Writes the rest, syncs, renames into place, syncs the folder. */
  async finish(nextStartMs: number | undefined): Promise<{ fragment: NewFragment }> {
    await this.#flush();
    await this.#file.sync();
    await this.#file.close();
    await moveIntoPlace(this.#path(growingPath), this.#path(fragmentPath));
    return { fragment: this.tally.fragment(nextStartMs) };
  }

  /** What stays is cleared away at the next start. */
  async discard(): Promise<void> {
    this.#batch = [];
    await this.#file.close().catch(() => undefined);
    // Both names: syncing the folder may have failed after the rename.
    for (const path of [growingPath, fragmentPath]) await rm(this.#path(path), { force: true }).catch(() => undefined);
  }

  #path(of: typeof fragmentPath): string {
    return of(this.#options.dir, this.tally.cameraId, this.tally.startMs);
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
    this.#options.onWritten(expectedBytes);
  }
}
