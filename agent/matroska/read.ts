// Bytes in, events out: a streaming Matroska reader that never waits for more than the element it is in.
// Every byte is looked at once and copied at most once; elements nobody needs are skipped without being kept.
// Memory is bounded by ReadLimits, and input of any kind ends in events or an AgentError, never in anything else.
import { type BlockTiming, framesOfBlock } from './block.ts';
import { children, ElementHeader, readUint, unknownSize } from './ebml.ts';
import { ids, levelOf } from './elements.ts';
import type { MatroskaEvent } from './event.ts';
import { Gather } from './gather.ts';
import { readEbmlHeader, readMsPerTick, readTags, readTracks } from './headers.ts';
import { invalid, tooLarge, truncated } from './matroska-error.ts';
import type { Frame } from './track.ts';

export type ReadLimits = {
  /** Largest block, and largest element that is skipped. Default 50 MB. */
  maxFrameBytes?: number;
  /** Largest EBML header, Info, Tracks or Tags element. Default 2 MiB: room for codec private data of 1 MiB. */
  maxHeaderElementBytes?: number;
  /**
   * True: frames that lie within one chunk are views of it, and the caller promises never to change its chunks.
   * Default false: frames own their bytes, and a chunk may be reused once its events were iterated.
   */
  borrowFrames?: boolean;
};

type Payload = {
  id: number;
  data: Uint8Array;
  /** Of the element's first byte, of its payload and of the byte after it, in the stream. */
  offset: number;
  dataOffset: number;
  endOffset: number;
  /** False when `data` is a view of the caller's chunk. */
  owned: boolean;
};

/** Reads one Matroska stream, segment after segment. */
export class MatroskaReader {
  readonly #maxFrameBytes: number;
  readonly #maxHeaderElementBytes: number;
  readonly #borrowFrames: boolean;

  #chunk = new Uint8Array(0);
  #position = 0;
  /** Stream offset of the first byte of `#chunk`. */
  #chunkOffset = 0;

  #state: 'header' | 'payload' | 'skip' = 'header';
  readonly #header = new ElementHeader();
  #elementOffset = 0;
  #dataOffset = 0;
  /** Payload bytes of the current element that are to be gathered or skipped; 0 for one whose children follow. */
  #payloadBytes = 0;
  #skippedBytes = 0;
  readonly #gather = new Gather();

  /** Where the open segment and cluster end; undefined when none is open. */
  #segmentEnd: number | undefined;
  #clusterEnd: number | undefined;
  #clusterOffset = 0;
  #clusterHasTimecode = false;
  #sawEbmlHeader = false;
  #timing: BlockTiming & { frameDurationMs: Map<number, number> } = {
    clusterTicks: 0,
    msPerTick: 1,
    frameDurationMs: new Map(),
  };

  constructor({ maxFrameBytes = 50_000_000, maxHeaderElementBytes = 2 * 1024 * 1024, borrowFrames }: ReadLimits = {}) {
    this.#maxFrameBytes = maxFrameBytes;
    this.#maxHeaderElementBytes = maxHeaderElementBytes;
    this.#borrowFrames = borrowFrames ?? false;
  }

  /**
   * Takes the next bytes of the stream. The result reads as it is iterated, so events that precede bad input arrive
   * before its error; it must be iterated to the end before the next call.
   * @throws AgentError `matroska-invalid`, `matroska-too-large`, after which the reader is of no more use
   */
  push(chunk: Uint8Array): IterableIterator<MatroskaEvent> {
    this.#requireIterated();
    this.#chunkOffset += this.#chunk.length;
    this.#chunk = chunk as Uint8Array<ArrayBuffer>;
    this.#position = 0;
    return this.#read();
  }

  /**
   * Says that the stream is over. A segment or cluster of unknown size may end after any of its elements.
   * @throws AgentError `matroska-truncated` when it ended within an element of known size
   */
  end(): void {
    this.#requireIterated();
    const offset = this.#offset;
    const insideElement = this.#state !== 'header' || !this.#header.atStart;
    const insideParent = (this.#clusterEnd ?? this.#segmentEnd ?? unknownSize) !== unknownSize;
    if (insideElement || insideParent) throw truncated(offset);
  }

  #requireIterated(): void {
    if (this.#position < this.#chunk.length) throw new TypeError('The events of the last push were not all iterated');
  }

  get #offset(): number {
    return this.#chunkOffset + this.#position;
  }

  *#read(): Generator<MatroskaEvent> {
    while (this.#position < this.#chunk.length) {
      if (this.#state === 'header' && !this.#takeHeader()) return;
      if (this.#state === 'skip') {
        this.#skip();
      } else {
        const payload = this.#takePayload();
        if (payload) yield* this.#finish(payload);
      }
      if (this.#state === 'header') this.#closeParents();
    }
  }

  /** @returns false when the chunk ended before the header did */
  #takeHeader(): boolean {
    while (this.#position < this.#chunk.length) {
      if (this.#header.atStart) this.#elementOffset = this.#offset;
      const state = this.#header.take(this.#chunk[this.#position++] ?? 0);
      if (state === 'invalid') throw invalid(this.#elementOffset, 'there is no element where one should begin');
      if (state === 'done') {
        this.#begin(this.#header.id, this.#header.sizeBytes);
        return true;
      }
    }
    return false;
  }

  /** Decides what happens to the element whose header was just read. */
  #begin(id: number, sizeBytes: number): void {
    this.#leaveParents(id);
    this.#dataOffset = this.#offset;
    this.#requireFit(id, sizeBytes);
    this.#skippedBytes = 0;
    this.#payloadBytes = sizeBytes;
    this.#state = 'payload';
    switch (id) {
      case ids.segment:
      case ids.cluster:
        this.#payloadBytes = 0;
        return;
      case ids.ebml:
      case ids.info:
      case ids.tracks:
      case ids.tags:
      case ids.timecode:
        return requireSize(this.#elementOffset, sizeBytes, this.#maxHeaderElementBytes);
      case ids.simpleBlock:
      case ids.blockGroup:
        return requireSize(this.#elementOffset, sizeBytes, this.#maxFrameBytes);
      default:
        this.#state = 'skip';
        // Otherwise a few bytes of garbage could make the reader swallow everything that follows.
        return requireSize(this.#elementOffset, sizeBytes, this.#maxFrameBytes);
    }
  }

  /** Closes a cluster and segment of unknown size that the element cannot be part of; checks that the rest fits. */
  #leaveParents(id: number): void {
    const level = levelOf(id);
    if (this.#clusterEnd === unknownSize && (level === 'segment' || level === 'top')) this.#clusterEnd = undefined;
    if (this.#clusterEnd === undefined && this.#segmentEnd === unknownSize && level === 'top') {
      this.#segmentEnd = undefined;
    }
    const parent = this.#clusterEnd !== undefined ? 'cluster' : this.#segmentEnd !== undefined ? 'segment' : 'top';
    const expected = level === parent || level === 'global' || (level === 'unknown' && parent !== 'top');
    if (!expected) throw invalid(this.#elementOffset, `an element 0x${id.toString(16)} where it does not belong`);
    if (!this.#sawEbmlHeader && id !== ids.ebml) throw invalid(this.#elementOffset, 'it does not begin as Matroska');
  }

  #requireFit(id: number, sizeBytes: number): void {
    if (sizeBytes === unknownSize) {
      if (id === ids.segment || id === ids.cluster) return;
      throw invalid(this.#elementOffset, 'an element of unknown size that must have one');
    }
    const parentEnd = this.#clusterEnd ?? this.#segmentEnd ?? unknownSize;
    if (this.#dataOffset + sizeBytes > parentEnd)
      throw invalid(this.#elementOffset, 'an element larger than its parent');
  }

  #skip(): void {
    const bytes = Math.min(this.#payloadBytes - this.#skippedBytes, this.#chunk.length - this.#position);
    this.#position += bytes;
    this.#skippedBytes += bytes;
    if (this.#skippedBytes === this.#payloadBytes) this.#state = 'header';
  }

  /** @returns undefined when the chunk ended before the payload did */
  #takePayload(): Payload | undefined {
    const missing = this.#payloadBytes - this.#gather.length;
    const piece = this.#chunk.subarray(this.#position, this.#position + missing);
    this.#position += piece.length;
    const owned = this.#gather.length > 0 || piece.length < missing;
    if (owned) this.#gather.add(piece, this.#payloadBytes);
    if (piece.length < missing) return undefined;
    this.#state = 'header';
    return {
      id: this.#header.id,
      data: owned ? this.#gather.take() : piece,
      offset: this.#elementOffset,
      dataOffset: this.#dataOffset,
      endOffset: this.#offset,
      owned,
    };
  }

  *#finish(payload: Payload): Generator<MatroskaEvent> {
    const { id, data, offset, dataOffset, endOffset } = payload;
    switch (id) {
      case ids.ebml:
        this.#sawEbmlHeader = true;
        yield { type: 'header', docType: readEbmlHeader(data, dataOffset), offset, endOffset };
        break;
      case ids.segment:
        this.#openSegment();
        yield { type: 'segment', offset, endOffset };
        break;
      case ids.info:
        this.#timing.msPerTick = readMsPerTick(data, dataOffset);
        break;
      case ids.tracks:
        yield this.#tracks(payload);
        break;
      case ids.tags:
        yield { type: 'tags', tags: readTags(data, dataOffset), offset, endOffset };
        break;
      case ids.cluster:
        this.#openCluster();
        break;
      case ids.timecode:
        yield this.#cluster(payload);
        break;
      case ids.simpleBlock:
      case ids.blockGroup:
        for (const frame of this.#frames(payload)) yield { type: 'frame', frame, offset, endOffset };
        break;
    }
  }

  #openSegment(): void {
    this.#segmentEnd = this.#dataOffset + this.#header.sizeBytes;
    this.#timing = { clusterTicks: 0, msPerTick: 1, frameDurationMs: new Map() };
  }

  #openCluster(): void {
    // A cluster of unknown size in a segment of known size ends with it at the latest.
    this.#clusterEnd = Math.min(this.#dataOffset + this.#header.sizeBytes, this.#segmentEnd ?? unknownSize);
    this.#clusterOffset = this.#elementOffset;
    this.#clusterHasTimecode = false;
  }

  #tracks({ data, offset, dataOffset, endOffset }: Payload): MatroskaEvent {
    const entries = readTracks(data, dataOffset);
    for (const { track, frameDurationMs } of entries) {
      if (frameDurationMs !== undefined) this.#timing.frameDurationMs.set(track.number, frameDurationMs);
    }
    return { type: 'tracks', tracks: entries.map(entry => entry.track), offset, endOffset };
  }

  #cluster({ id, data, dataOffset, endOffset }: Payload): MatroskaEvent {
    this.#timing.clusterTicks = readUint({ id, data, offset: dataOffset });
    this.#clusterHasTimecode = true;
    const timecodeMs = Math.round(this.#timing.clusterTicks * this.#timing.msPerTick);
    return { type: 'cluster', timecodeMs, offset: this.#clusterOffset, endOffset };
  }

  #frames({ id, data, offset, dataOffset, owned }: Payload): Frame[] {
    if (!this.#clusterHasTimecode) throw invalid(offset, 'a block before the timecode of its cluster');
    const lasting = owned || this.#borrowFrames ? data : data.slice();
    if (id === ids.simpleBlock) return framesOfBlock(lasting, dataOffset, this.#timing);
    let block: { data: Uint8Array; offset: number } | undefined;
    let keyFrame = true;
    for (const child of children(lasting, dataOffset)) {
      if (child.id === ids.block) block = child;
      else if (child.id === ids.referenceBlock) keyFrame = false;
    }
    if (!block) throw invalid(offset, 'a block group without a block');
    return framesOfBlock(block.data, block.offset, this.#timing, keyFrame);
  }

  #closeParents(): void {
    const offset = this.#offset;
    if (this.#clusterEnd === offset) this.#clusterEnd = undefined;
    if (this.#segmentEnd === offset) this.#segmentEnd = undefined;
  }
}

function requireSize(offset: number, sizeBytes: number, limitBytes: number): void {
  if (sizeBytes > limitBytes) throw tooLarge(offset, sizeBytes, limitBytes);
}

/** The events of a whole stream. @throws AgentError as MatroskaReader does, and whatever `chunks` throws */
export async function* readMatroska(
  chunks: AsyncIterable<Uint8Array>,
  limits?: ReadLimits,
): AsyncGenerator<MatroskaEvent> {
  const reader = new MatroskaReader(limits);
  for await (const chunk of chunks) yield* reader.push(chunk);
  reader.end();
}
