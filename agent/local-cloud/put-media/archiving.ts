// The fragments of one PutMedia session on their way into the store, each acknowledged as it goes: BUFFERING when it begins,
// RECEIVED when it is complete, PERSISTED when it survives a power cut. One is open at a time, while the one before it may
// be waiting for the disk. Nothing is kept behind a fragment that could not be: its producer sends again from there.
import type { Track } from '../../matroska/track.ts';
import { diskError } from '../store/disk-error.ts';
import type { Arrival } from '../store/intake.ts';
import type { StoredStream } from '../store/media-store.ts';
import { type Ack, AckError, type FragmentReference } from './ack.ts';
import { checkSize, type Progress } from './fragment-rules.ts';
import type { FragmentTaker } from './session.ts';

export type ArchivingOptions = {
  store: FragmentTaker;
  stream: StoredStream;
  /** Producer timestamp of timecode 0. */
  timelineMs: number;
  acknowledge: (ack: Ack) => void;
  /** A fragment could not be written; the session is to end. */
  onFailure: (error: AckError) => void;
};

/** Thrown by a store that takes no further fragment of this session. */
export class Retired extends Error {
  override readonly name = 'Retired';
}

export type OpenFragment = {
  progress: Progress;
  readonly arrival: Arrival;
  readonly reference: FragmentReference;
  clusterBytes: number;
};

export class Archiving {
  readonly #options: ArchivingOptions;
  #open: OpenFragment | undefined;
  #persisting: Promise<void> = Promise.resolve();
  #failure: AckError | undefined;

  constructor(options: ArchivingOptions) {
    this.#options = options;
  }

  /** The fragment that is arriving. */
  get open(): OpenFragment | undefined {
    return this.#open;
  }

  /** @throws AckError, or Retired when the fragment is not to be taken */
  async begin(progress: Progress, prologue: { header: Uint8Array; tags: Uint8Array[] }): Promise<OpenFragment> {
    const { store, stream, timelineMs, acknowledge } = this.#options;
    if (this.#streamIsGone()) throw new AckError('STREAM_NOT_ACTIVE');
    const producerMs = timelineMs + progress.clusterMs;
    const arrival = await this.#writing(store.receive({ ...prologue, stream: stream.name, producerMs }));
    if (arrival.arn !== stream.arn) {
      // It had to wait, and its stream was made anew meanwhile.
      await arrival.writer.discard();
      throw new AckError('STREAM_NOT_ACTIVE');
    }
    const reference = { timecodeMs: progress.clusterMs, number: arrival.number };
    this.#open = { progress, arrival, reference, clusterBytes: 0 };
    acknowledge({ type: 'BUFFERING', fragment: reference });
    return this.#open;
  }

  /** Adds to the cluster of the open fragment. @throws AckError */
  async append(open: OpenFragment, pieces: readonly Uint8Array[]): Promise<void> {
    open.clusterBytes += pieces.reduce((sum, piece) => sum + piece.length, 0);
    checkSize(open.clusterBytes);
    await this.#writing(open.arrival.writer.append(pieces));
  }

  /**
   * The open fragment is complete. Resolves when it has begun to be persisted, and the one before is.
   * @throws AckError when that one could not be
   */
  async complete(open: OpenFragment, tracks: readonly Track[]): Promise<void> {
    this.#options.acknowledge({ type: 'RECEIVED', fragment: open.reference });
    // One fragment at a time waits for the disk, so a producer cannot be faster than it for long.
    await this.#persisting;
    // The producer will send again from there: what follows would be kept twice.
    if (this.#failure) throw this.#failure;
    this.#open = undefined;
    this.#persisting = this.#persist(open, tracks);
  }

  /** Waits for fragments that are complete but not persisted yet. @throws AckError when one could not be */
  async finish(): Promise<void> {
    await this.settled();
    if (this.#failure) throw this.#failure;
  }

  /** As `finish`, whatever became of them. */
  async settled(): Promise<void> {
    await this.#persisting;
  }

  /** Forgets the open fragment: it never was complete. */
  async discard(): Promise<void> {
    const open = this.#open;
    this.#open = undefined;
    await open?.arrival.writer.discard();
    await this.settled();
  }

  async #persist({ progress, arrival, reference }: OpenFragment, tracks: readonly Track[]): Promise<void> {
    const { store, stream, timelineMs, acknowledge, onFailure } = this.#options;
    const content = {
      streamName: stream.name,
      producerMs: timelineMs + progress.clusterMs,
      lengthMs: progress.lastMs - progress.firstMs,
      frames: progress.frames,
      timelineMs,
      tracks,
    };
    try {
      // Without retention KVS says no more than that it received the fragment: it stays for a few minutes only, for
      // whoever reads along.
      const kept = store.findStream(stream.name)?.retentionHours !== 0;
      await store.persist(arrival, content);
      if (kept) acknowledge({ type: 'PERSISTED', fragment: reference });
    } catch (error) {
      this.#failure = this.#archivalError(error, reference);
      onFailure(this.#failure);
    }
  }

  async #writing<Result>(work: Promise<Result>): Promise<Result> {
    try {
      return await work;
    } catch (error) {
      if (error instanceof Retired) throw error;
      throw this.#archivalError(error);
    }
  }

  /** What the disk refuses is the archive's failure, unless the stream's folder went away with the stream. */
  #archivalError(cause: unknown, fragment?: FragmentReference): AckError {
    const about = fragment ? { fragment } : {};
    if (this.#streamIsGone()) return new AckError('STREAM_NOT_ACTIVE', { cause, ...about });
    const action = `keep a fragment of the stream ${this.#options.stream.name}`;
    return new AckError('ARCHIVAL_ERROR', { cause: diskError(cause, action), ...about });
  }

  #streamIsGone(): boolean {
    const { store, stream } = this.#options;
    return store.findStream(stream.name)?.arn !== stream.arn;
  }
}
