// One camera's parts → whole fragments. A disk that fails costs the fragment in hand, never the stream: its span is kept as
// lost and the next fragment is tried again.
import type { AgentError } from '../errors.ts';
import type { FragmentPart } from '../fragmenter/fragment-part.ts';
import type { Frame, Track } from '../matroska/track.ts';
import type { FragmentRecord } from './fragment-record.ts';
import type { BeginOptions, FragmentSink, NewFragment } from './fragment-tally.ts';
import { GrowingFrames } from './growing-fragment.ts';
import { mediaEndMs } from './media-end.ts';

export type WriterOptions = {
  cameraId: string;
  /** Makes room for a fragment's bytes. Rejects when there is none, or the spool has a fragment of that start already. */
  begin: (begin: BeginOptions) => Promise<FragmentSink>;
  onBegun: (growing: GrowingFrames) => void;
  /** Counts a whole fragment; `file` is set when its bytes are in memory only. Rejects when it cannot be counted. */
  onWhole: (fragment: NewFragment, file: Uint8Array | undefined) => Promise<FragmentRecord>;
  /** Once for each that was begun: it counts, or never will. */
  onSettled: (growing: GrowingFrames, record: FragmentRecord | undefined) => Promise<void>;
  onLateSend: (id: number) => void;
  /** The whole file of a fragment that counts. */
  readBack: (record: FragmentRecord) => Promise<Uint8Array>;
  /** What an error of the disk means to the device's owner; publishes it. */
  onFailed: (error: unknown) => AgentError;
  onLost: (span: { startMs: number; endMs: number }, error: AgentError) => Promise<void>;
};

type Current = {
  startMs: number;
  lastTimecodeMs: number;
  videoNumber: number | undefined;
  videoFrames: number;
  /** Undefined once the disk refused. */
  sink?: FragmentSink | undefined;
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

  /** Ends with the iterable, when everything taken counts. Rejects only with the iterable's own error. */
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
    const { cameraId, begin, onBegun, onLateSend, readBack } = this.#options;
    try {
      const sink = await begin({ cameraId, tracks, startMs });
      current.sink = sink;
      const { codecKey } = sink.tally;
      current.growing = new GrowingFrames({ cameraId, startMs, tracks, codecKey, onLateSend, readBack });
      onBegun(current.growing);
    } catch (error) {
      current.error = this.#options.onFailed(error);
    }
  }

  async #append(frame: Frame): Promise<void> {
    const current = this.#current;
    if (!current) throw new TypeError('parts must begin a fragment before its first frame');
    current.lastTimecodeMs = Math.max(current.lastTimecodeMs, frame.timecodeMs);
    if (frame.trackNumber === current.videoNumber) current.videoFrames++;
    const kept = current.growing?.append(frame) ?? frame;
    try {
      await current.sink?.append(kept);
    } catch (error) {
      await current.sink?.discard();
      current.sink = undefined;
      current.error = this.#options.onFailed(error);
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
      await current.sink?.discard();
      if (current.error)
        await this.#options.onLost(
          { startMs: current.startMs, endMs: nextStartMs ?? mediaEndMs(current) },
          current.error,
        );
    }
    if (current.growing) await this.#options.onSettled(current.growing, record);
  }

  async #countWhole(current: Current, nextStartMs: number | undefined): Promise<FragmentRecord | undefined> {
    const { sink, growing } = current;
    if (!sink || sink.tally.frames === 0) return undefined;
    try {
      const { fragment, file } = await sink.finish(nextStartMs);
      return await this.#options.onWhole({ ...fragment, sendBegun: growing?.sendBegun ?? false }, file);
    } catch (error) {
      current.error = this.#options.onFailed(error);
      return undefined;
    }
  }
}
