// Bytes in, events out: a streaming Matroska reader that never waits for more than the element it is in.
// Every byte is looked at once and copied at most once; elements nobody needs are skipped without being kept.
// Memory is bounded by ReadLimits, and input of any kind ends in events or an AgentError, never in anything else.
import { type BlockTiming, framesOfBlock, framesOfBlockGroup } from './block.ts';
import { ElementHeader, readUint } from './ebml.ts';
import { ids } from './elements.ts';
import type { MatroskaEvent } from './event.ts';
import { Gather } from './gather.ts';
import { readEbmlHeader, readMsPerTick, readTags, readTracks } from './headers.ts';
import { invalid, tooLarge, truncated } from './matroska-error.ts';
import { Nesting } from './nesting.ts';
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

/** An element that is whole in memory. Offsets are of its first byte, its payload and the byte after, in the stream. */
type Payload = {
  id: number;
  data: Uint8Array;
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

  #chunk: Uint8Array = new Uint8Array(0);
  #position = 0;
  /** Stream offset of the first byte of `#chunk`. */
  #chunkOffset = 0;

  #state: 'header' | 'payload' | 'skip' = 'header';
  readonly #header = new ElementHeader();
  #elementOffset = 0;
  #dataOffset = 0;
  /** Bytes of the current element still to be gathered or skipped; 0 for a segment or cluster, which is entered. */
  #missingBytes = 0;
  readonly #gather = new Gather();

  readonly #nesting = new Nesting();
  #clusterOffset = 0;
  #clusterHasTimecode = false;
  #timing: BlockTiming = { clusterTicks: 0, msPerTick: 1, frameDurationMs: new Map() };

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
    // Never a Buffer: its `slice` is a view, so frames would change with the caller's chunk.
    this.#chunk = new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    this.#position = 0;
    return this.#read();
  }

  /**
   * Says that the stream is over. A segment or cluster of unknown size may end after any of its elements.
   * @throws AgentError `matroska-truncated` when it ended within an element of known size
   */
  end(): void {
    this.#requireIterated();
    const betweenElements = this.#state === 'header' && this.#header.atStart;
    if (!betweenElements || !this.#nesting.mayEnd) throw truncated(this.#offset);
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
        if (payload) yield* this.#events(payload);
      }
      if (this.#state === 'header') this.#nesting.leave(this.#offset);
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
    this.#dataOffset = this.#offset;
    this.#nesting.enter(id, this.#elementOffset, this.#dataOffset, sizeBytes);
    const treatment = treatmentOf(id);
    this.#state = treatment === 'skip' ? 'skip' : 'payload';
    this.#missingBytes = treatment === 'enter' ? 0 : sizeBytes;
    // Skipped elements have a limit too, or a few bytes of garbage could swallow everything that follows them.
    const limitBytes = treatment === 'header' ? this.#maxHeaderElementBytes : this.#maxFrameBytes;
    if (this.#missingBytes > limitBytes) throw tooLarge(this.#elementOffset, sizeBytes, limitBytes);
  }

  #skip(): void {
    const bytes = Math.min(this.#missingBytes, this.#chunk.length - this.#position);
    this.#position += bytes;
    this.#missingBytes -= bytes;
    if (this.#missingBytes === 0) this.#state = 'header';
  }

  /** @returns undefined when the chunk ended before the payload did */
  #takePayload(): Payload | undefined {
    const piece = this.#chunk.subarray(this.#position, this.#position + this.#missingBytes);
    this.#position += piece.length;
    const owned = this.#gather.lengthBytes > 0 || piece.length < this.#missingBytes;
    if (owned) this.#gather.add(piece, this.#header.sizeBytes);
    this.#missingBytes -= piece.length;
    if (this.#missingBytes > 0) return undefined;
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

  /** What one whole element says. */
  #events(payload: Payload): MatroskaEvent[] {
    const { id, data, offset, dataOffset, endOffset } = payload;
    switch (id) {
      case ids.ebml:
        return [{ type: 'header', docType: readEbmlHeader(data, dataOffset), offset, endOffset }];
      case ids.segment:
        this.#timing = { clusterTicks: 0, msPerTick: 1, frameDurationMs: new Map() };
        return [{ type: 'segment', offset, endOffset }];
      case ids.info:
        this.#timing.msPerTick = readMsPerTick(data, dataOffset);
        return [];
      case ids.tracks:
        return [this.#tracks(payload)];
      case ids.tags:
        return [{ type: 'tags', tags: readTags(data, dataOffset), offset, endOffset }];
      case ids.cluster:
        this.#clusterOffset = offset;
        this.#clusterHasTimecode = false;
        return [];
      case ids.timecode:
        return [this.#cluster(payload)];
      case ids.simpleBlock:
      case ids.blockGroup:
        return this.#frames(payload).map(frame => ({ type: 'frame', frame, offset, endOffset }));
      default:
        return [];
    }
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
    return id === ids.simpleBlock
      ? framesOfBlock(lasting, dataOffset, this.#timing)
      : framesOfBlockGroup(lasting, dataOffset, this.#timing);
  }
}

/** Whether an element's children are read one by one, or it is taken as a whole, under which limit, or skipped. */
function treatmentOf(id: number): 'enter' | 'header' | 'block' | 'skip' {
  switch (id) {
    case ids.segment:
    case ids.cluster:
      return 'enter';
    case ids.ebml:
    case ids.info:
    case ids.tracks:
    case ids.tags:
    case ids.timecode:
      return 'header';
    case ids.simpleBlock:
    case ids.blockGroup:
      return 'block';
    default:
      return 'skip';
  }
}

/** The events of a whole stream. @throws AgentError as MatroskaReader does, and whatever `chunks` throws */
export async function* readMatroska(
  chunks: AsyncIterable<Uint8Array>,
  limits?: ReadLimits,
): AsyncGenerator<MatroskaEvent> {
  const reader = new MatroskaReader(limits);
  // Not `yield*`, which makes each event of a synchronous iterator wait several turns.
  for await (const chunk of chunks) for (const event of reader.push(chunk)) yield event;
  reader.end();
}
