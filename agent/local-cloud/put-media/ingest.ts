// One PutMedia body → fragments in the store and acknowledgements for the producer.
// A cluster is a fragment. It is complete when something else begins (cluster, tags, end of the body, silence); then it
// is persisted while the next one already arrives. Whatever breaks a rule of KVS throws an AckError and ends the session.
import { AgentError } from '../../errors.ts';
import type { MatroskaEvent, Tag } from '../../matroska/event.ts';
import { MatroskaReader } from '../../matroska/read.ts';
import type { Frame, Track } from '../../matroska/track.ts';
import { writeTags } from '../../matroska/write.ts';
import { diskError } from '../store/disk-error.ts';
import type { Arrival } from '../store/intake.ts';
import type { StoredStream } from '../store/media-store.ts';
import type { Ack, FragmentReference } from './ack.ts';
import { AckError } from './ack.ts';
import type { Progress } from './fragment-rules.ts';
import {
  addFrame,
  beginFragment,
  checkComplete,
  checkDuration,
  checkProducerTime,
  checkSize,
  checkTags,
  checkTracks,
  endOfFragmentTag,
} from './fragment-rules.ts';
import { openEnded } from './segment-header.ts';
import type { FragmentTaker } from './session.ts';
import { Tape } from './tape.ts';

/** Stored with every fragment of the session. */
const maxHeaderBytes = 4 * 1024 * 1024;

type IngestOptions = {
  store: FragmentTaker;
  stream: StoredStream;
  /** Producer timestamp of timecode 0. */
  timelineMs: number;
  /** Fragments that are shorter are refused. */
  leastFragmentMs?: number | undefined;
  acknowledge: (ack: Ack) => void;
  /** A fragment could not be written; the session is to end. */
  onFailure: (error: AckError) => void;
};

/** Thrown by a store that takes no further fragment of this session. */
export class Retired extends Error {
  override readonly name = 'Retired';
}

type OpenFragment = { progress: Progress; arrival: Arrival; reference: FragmentReference; clusterBytes: number };

export class Ingest {
  readonly #options: IngestOptions;
  readonly #reader = new MatroskaReader({ borrowFrames: true });
  readonly #tape = new Tape();
  #segmentOffset: number | undefined;
  #header: Uint8Array | undefined;
  #tracks: readonly Track[] = [];
  #tags: { entries: Tag[]; bytes: Uint8Array[] } = { entries: [], bytes: [] };
  /** A cluster whose first frame has not come yet. */
  #announced: Progress | undefined;
  #open: OpenFragment | undefined;
  #previousLastMs = -Infinity;
  /** The fragment that goes on until the next one begins, complete or not. */
  #latest: { clusterMs: number; reference: FragmentReference } | undefined;
  #persisting: Promise<void> = Promise.resolve();
  #failure: AckError | undefined;

  constructor(options: IngestOptions) {
    this.#options = options;
  }

  /** The fragment that is arriving, for the ERROR acknowledgement. */
  get current(): FragmentReference | undefined {
    return this.#open?.reference;
  }

  /**
   * Takes the next bytes of the body; they must not change afterwards.
   * @throws AckError
   * @throws Retired when a fragment begins that is not to be taken
   */
  async take(chunk: Uint8Array): Promise<void> {
    this.#tape.add(chunk);
    try {
      for (const event of this.#reader.push(chunk)) await this.#handle(event);
      this.#checkMemory();
    } catch (error) {
      throw this.#asAckError(error);
    }
  }

  /** The body ended as it should: the last fragment is complete. @throws AckError when it ended within an element */
  async end(): Promise<void> {
    try {
      this.#reader.end();
    } catch (error) {
      throw this.#asAckError(error);
    }
    await this.complete();
  }

  /** Completes the open fragment, if there is one, and waits until what is complete is persisted. @throws AckError */
  async complete(): Promise<void> {
    await this.#completeFragment();
    await this.settled();
    if (this.#failure) throw this.#failure;
  }

  /** Waits for fragments that are complete but not persisted yet. */
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

  async #handle(event: MatroskaEvent): Promise<void> {
    switch (event.type) {
      case 'header':
        if (event.offset > 0) throw new AckError('INVALID_MKV_DATA');
        return;
      case 'segment':
        // One segment a session, and one Tracks element in it: a change of codec needs a new session.
        if (this.#segmentOffset !== undefined) throw new AckError('INVALID_MKV_DATA');
        this.#segmentOffset = event.offset;
        return;
      case 'tracks':
        return this.#takeTracks(event.tracks, event.endOffset);
      case 'tags':
        return this.#takeTags(event.tags, event.offset, event.endOffset);
      case 'cluster':
        return this.#beginCluster(event.timecodeMs, event.offset);
      case 'frame':
        return this.#takeFrame(event.frame, event.endOffset);
    }
  }

  #takeTracks(tracks: Track[], endOffset: number): void {
    if (this.#header) throw new AckError('INVALID_MKV_DATA');
    checkTracks(tracks);
    this.#tracks = tracks;
    this.#header = openEnded(Buffer.concat(this.#tape.take(endOffset)), this.#segmentOffset ?? 0);
  }

  async #takeTags(tags: Tag[], offset: number, endOffset: number): Promise<void> {
    await this.#completeFragment();
    const kept = tags.filter(({ name }) => name !== endOfFragmentTag);
    const entries = [...this.#tags.entries, ...kept];
    checkTags(entries);
    const isMarked = kept.length < tags.length;
    // It was ended on purpose, as the last before a pause is: how long it was cannot be told from what follows.
    if (isMarked) this.#latest = undefined;
    // Tags before the tracks are part of the header, which is still being gathered.
    if (!this.#header) return;
    this.#tape.take(offset);
    const sent = this.#tape.take(endOffset);
    if (kept.length > 0)
      this.#tags = { entries, bytes: [...this.#tags.bytes, ...(isMarked ? [writeTags(kept)] : sent)] };
  }

  async #beginCluster(timecodeMs: number, offset: number): Promise<void> {
    // A second timecode of the cluster whose frames are being taken.
    if (offset < this.#tape.start) throw new AckError('INVALID_MKV_DATA');
    checkDuration(this.#latest, timecodeMs, this.#options.leastFragmentMs);
    await this.#completeFragment();
    if (!this.#header) throw new AckError('INVALID_MKV_DATA');
    checkProducerTime(this.#options.timelineMs + timecodeMs);
    this.#announced = beginFragment(timecodeMs);
    this.#tape.take(offset);
    this.#skipClusterHeader();
  }

  /** Id and size are written anew, with the size known; its length shows in the first byte after the id. */
  #skipClusterHeader(): void {
    const idBytes = 4;
    this.#tape.take(this.#tape.start + idBytes);
    const first = this.#tape.take(this.#tape.start + 1)[0]?.[0] ?? 0xff;
    this.#tape.take(this.#tape.start + Math.clz32(first) - 24);
  }

  async #takeFrame(frame: Frame, endOffset: number): Promise<void> {
    const progress = this.#open?.progress ?? this.#announced;
    if (!progress) throw new AckError('INVALID_MKV_DATA');
    this.#open ??= await this.#openFragment(progress);
    const open = this.#open;
    open.progress = addFrame(progress, frame, { tracks: this.#tracks, previousLastMs: this.#previousLastMs });
    const pieces = this.#tape.take(endOffset);
    open.clusterBytes += pieces.reduce((sum, piece) => sum + piece.length, 0);
    checkSize(open.clusterBytes);
    await this.#writing(open.arrival.writer.append(pieces));
  }

  async #openFragment(progress: Progress): Promise<OpenFragment> {
    const { store, stream, timelineMs, acknowledge } = this.#options;
    if (this.#streamIsGone()) throw new AckError('STREAM_NOT_ACTIVE');
    const header = this.#header ?? new Uint8Array();
    const producerMs = timelineMs + progress.clusterMs;
    const arriving = { stream: stream.name, producerMs, header, tags: this.#tags.bytes };
    const arrival = await this.#writing(store.receive(arriving));
    if (arrival.arn !== stream.arn) {
      // It had to wait, and its stream was made anew meanwhile.
      await arrival.writer.discard();
      throw new AckError('STREAM_NOT_ACTIVE');
    }
    const reference = { timecodeMs: progress.clusterMs, number: arrival.number };
    this.#announced = undefined;
    this.#latest = { clusterMs: progress.clusterMs, reference };
    this.#tags = { entries: [], bytes: [] };
    acknowledge({ type: 'BUFFERING', fragment: reference });
    return { progress, arrival, reference, clusterBytes: 0 };
  }

  async #completeFragment(): Promise<void> {
    if (this.#announced) checkComplete(this.#announced, this.#tracks);
    const open = this.#open;
    if (!open) return;
    checkComplete(open.progress, this.#tracks);
    this.#options.acknowledge({ type: 'RECEIVED', fragment: open.reference });
    // One fragment at a time waits for the disk, so a producer cannot be faster than it for long.
    await this.#persisting;
    // The producer will send again from there: what follows would be kept twice.
    if (this.#failure) throw this.#failure;
    this.#open = undefined;
    this.#previousLastMs = open.progress.lastMs;
    this.#persisting = this.#persist(open);
  }

  async #persist({ progress, arrival, reference }: OpenFragment): Promise<void> {
    const { store, stream, timelineMs, acknowledge, onFailure } = this.#options;
    const content = {
      streamName: stream.name,
      producerMs: timelineMs + progress.clusterMs,
      lengthMs: progress.lastMs - progress.firstMs,
      frames: progress.frames,
      timelineMs,
      tracks: this.#tracks,
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

  /** Elements that nobody needs are kept until the next frame shows where they end; not without bounds. */
  #checkMemory(): void {
    if (!this.#header && this.#tape.length > maxHeaderBytes) throw new AckError('INVALID_MKV_DATA');
    checkSize((this.#open?.clusterBytes ?? 0) + this.#tape.length);
  }

  #asAckError(error: unknown): unknown {
    if (!(error instanceof AgentError)) return error;
    const inFragment = this.#open !== undefined || this.#announced !== undefined;
    const tooLarge = error.code === 'matroska-too-large' && inFragment;
    return new AckError(tooLarge ? 'MAX_FRAGMENT_SIZE_REACHED' : 'INVALID_MKV_DATA', { cause: error });
  }
}
