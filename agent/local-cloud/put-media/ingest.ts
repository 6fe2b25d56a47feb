// One PutMedia body → fragments for the archive, held to the rules of KVS.
// A cluster is a fragment. It is complete when something else begins (cluster, tags, end of the body, silence); then it
// is persisted while the next one already arrives. Whatever breaks a rule throws an AckError and ends the session.
import { AgentError } from '../../errors.ts';
import type { MatroskaEvent, Tag } from '../../matroska/event.ts';
import { MatroskaReader } from '../../matroska/read.ts';
import type { Frame, Track } from '../../matroska/track.ts';
import { writeTags } from '../../matroska/write.ts';
import { AckError, type FragmentReference } from './ack.ts';
import { Archiving, type ArchivingOptions, type OpenFragment } from './archiving.ts';
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
  type Progress,
} from './fragment-rules.ts';
import { openEnded } from './segment-header.ts';
import { Tape } from './tape.ts';

/** Stored with every fragment of the session. */
const maxHeaderBytes = 4 * 1024 * 1024;

export type IngestOptions = ArchivingOptions & {
  /** Fragments that are shorter are refused. */
  leastFragmentMs?: number | undefined;
};

export class Ingest {
  readonly #options: IngestOptions;
  readonly #archiving: Archiving;
  readonly #reader = new MatroskaReader({ borrowFrames: true });
  readonly #tape = new Tape();
  #segmentOffset: number | undefined;
  #header: Uint8Array | undefined;
  #tracks: readonly Track[] = [];
  /** Of the fragment that comes next. */
  #tags: { entries: Tag[]; bytes: Uint8Array[] } = { entries: [], bytes: [] };
  /** A cluster whose first frame has not come yet. */
  #announced: Progress | undefined;
  #previousLastMs = -Infinity;
  /** The fragment that goes on until the next one begins, complete or not. */
  #latest: { clusterMs: number; reference: FragmentReference } | undefined;

  constructor(options: IngestOptions) {
    this.#options = options;
    this.#archiving = new Archiving(options);
  }

  /** The fragment that is arriving, for the ERROR acknowledgement. */
  get current(): FragmentReference | undefined {
    return this.#archiving.open?.reference;
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
    await this.#archiving.finish();
  }

  /** Waits for fragments that are complete but not persisted yet. */
  settled(): Promise<void> {
    return this.#archiving.settled();
  }

  /** Forgets the open fragment: it never was complete. */
  discard(): Promise<void> {
    return this.#archiving.discard();
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
    const open = this.#archiving.open ?? (await this.#openFragment());
    open.progress = addFrame(open.progress, frame, { tracks: this.#tracks, previousLastMs: this.#previousLastMs });
    await this.#archiving.append(open, this.#tape.take(endOffset));
  }

  async #openFragment(): Promise<OpenFragment> {
    const progress = this.#announced;
    if (!progress || !this.#header) throw new AckError('INVALID_MKV_DATA');
    const open = await this.#archiving.begin(progress, { header: this.#header, tags: this.#tags.bytes });
    this.#announced = undefined;
    this.#latest = { clusterMs: progress.clusterMs, reference: open.reference };
    this.#tags = { entries: [], bytes: [] };
    return open;
  }

  async #completeFragment(): Promise<void> {
    if (this.#announced) checkComplete(this.#announced, this.#tracks);
    const { open } = this.#archiving;
    if (!open) return;
    checkComplete(open.progress, this.#tracks);
    await this.#archiving.complete(open, this.#tracks);
    this.#previousLastMs = open.progress.lastMs;
  }

  /** Elements that nobody needs are kept until the next frame shows where they end; not without bounds. */
  #checkMemory(): void {
    if (!this.#header && this.#tape.length > maxHeaderBytes) throw new AckError('INVALID_MKV_DATA');
    checkSize((this.#archiving.open?.clusterBytes ?? 0) + this.#tape.length);
  }

  #asAckError(error: unknown): unknown {
    if (!(error instanceof AgentError)) return error;
    const inFragment = this.#archiving.open !== undefined || this.#announced !== undefined;
    const tooLarge = error.code === 'matroska-too-large' && inFragment;
    return new AckError(tooLarge ? 'MAX_FRAGMENT_SIZE_REACHED' : 'INVALID_MKV_DATA', { cause: error });
  }
}
