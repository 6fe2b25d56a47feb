// One camera's parts → fragment files. A disk that fails costs the fragment in hand, never the stream: its span is kept as
// lost and the next fragment is tried again.
import type { AgentError } from '../errors.ts';
import type { FragmentPart } from '../fragmenter/fragment-part.ts';
import type { Frame, Track } from '../matroska/track.ts';
import { diskError } from './disk-errors.ts';
import type { FragmentRecord } from './fragment-record.ts';
import { GrowingFile, type NewFragment } from './growing-file.ts';
import { GrowingFrames } from './growing-fragment.ts';
import { mediaEndMs } from './media-end.ts';

export type WriterOptions = {
  dir: string;
  cameraId: string;
  /** Whether the spool has a fragment of that start already: writing would replace it. */
  isTaken: (startMs: number) => boolean;
  onBegun: (growing: GrowingFrames) => void;
  /** Counts a fragment whose file is in place. Throws when the index does not take it. */
  onWhole: (fragment: NewFragment) => FragmentRecord;
  /** Once for each that was begun: it counts, or never will. */
  onSettled: (growing: GrowingFrames, record: FragmentRecord | undefined) => Promise<void>;
  onLateSend: (id: number) => void;
  onFailed: (error: AgentError) => void;
  onLost: (span: { startMs: number; endMs: number }, error: AgentError) => Promise<void>;
};

type Current = {
  startMs: number;
  lastTimecodeMs: number;
  videoNumber: number | undefined;
  videoFrames: number;
  /** Undefined once the disk refused. */
  file?: GrowingFile | undefined;
  growing?: GrowingFrames;
  error?: AgentError;
};

export class CameraWriter {
  readonly #options: WriterOptions;
  #current: Current | undefined;
  /** The fragment before is synced while the next one already grows: a slow card does not hold up the camera. */
  #finishing: Promise<void> = Promise.resolve();

  constructor(options: WriterOptions) {
    this.#options = options;
  }

  /** Ends with the iterable, when everything taken is on disk. Rejects only with the iterable's own error. */
  async write(parts: AsyncIterable<FragmentPart>): Promise<void> {
    try {
      for await (const part of parts) {
        if (part.type === 'begin') await this.#begin(part);
        else if (part.type === 'frame') await this.#append(part.frame);
        else await this.#end(part.nextStartMs);
      }
    } finally {
      await this.#end(undefined);
      await this.#finishing;
    }
  }

  async #begin({ tracks, startMs }: { tracks: Track[]; startMs: number }): Promise<void> {
    await this.#end(startMs);
    const videoNumber = tracks.find(track => track.type === 'video')?.number;
    const current: Current = { startMs, lastTimecodeMs: startMs, videoNumber, videoFrames: 0 };
    this.#current = current;
    const { dir, cameraId } = this.#options;
    try {
      if (this.#options.isTaken(startMs))
        throw new Error(`${cameraId} has a fragment that starts at ${startMs} already`);
      const file = await GrowingFile.begin({ dir, cameraId, tracks, startMs });
      const { onLateSend, onBegun } = this.#options;
      current.file = file;
      current.growing = new GrowingFrames({ cameraId, startMs, tracks, codecKey: file.codecKey, onLateSend });
      onBegun(current.growing);
    } catch (error) {
      this.#fail(current, error);
    }
  }

  async #append(frame: Frame): Promise<void> {
    const current = this.#current;
    if (!current) throw new TypeError('parts must begin a fragment before its first frame');
    current.lastTimecodeMs = Math.max(current.lastTimecodeMs, frame.timecodeMs);
    if (frame.trackNumber === current.videoNumber) current.videoFrames++;
    current.growing?.append(frame);
    try {
      await current.file?.append(frame);
    } catch (error) {
      await current.file?.discard();
      current.file = undefined;
      this.#fail(current, error);
    }
  }

  async #end(nextStartMs: number | undefined): Promise<void> {
    const current = this.#current;
    this.#current = undefined;
    if (!current) return;
    current.growing?.end();
    await this.#finishing;
    this.#finishing = this.#finish(current, nextStartMs);
  }

  /** Never rejects: nobody waits for it while the next fragment grows. */
  async #finish(current: Current, nextStartMs: number | undefined): Promise<void> {
    const record = await this.#countWhole(current, nextStartMs);
    if (!record) {
      await current.file?.discard();
      if (current.error)
        await this.#options.onLost(
          { startMs: current.startMs, endMs: nextStartMs ?? mediaEndMs(current) },
          current.error,
        );
    }
    if (current.growing) await this.#options.onSettled(current.growing, record);
  }

  async #countWhole(current: Current, nextStartMs: number | undefined): Promise<FragmentRecord | undefined> {
    const { file, growing } = current;
    if (!file || file.frames === 0) return undefined;
    try {
      const fragment = await file.finish(nextStartMs);
      return this.#options.onWhole({ ...fragment, sendBegun: growing?.sendBegun ?? false });
    } catch (error) {
      this.#fail(current, error);
      return undefined;
    }
  }

  #fail(current: Current, error: unknown): void {
    current.error = diskError(error, this.#options.dir);
    this.#options.onFailed(current.error);
  }
}
