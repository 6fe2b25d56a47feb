// Bytes of an RTSP connection → messages and interleaved frames (RFC 2326 10.12), whatever way they are cut into chunks.
// The hot path: a frame that lies within one chunk is handed on as a view, and only what is cut is copied. Bytes that are
// neither are passed over up to the next thing that can be one. Memory is bounded by the limits below.
import { type MessageHead, type RtspMessage, readHead } from './message.ts';

export type WireReader = {
  /** `data` is only valid during the call: the caller of `push` reuses its chunks. */
  frame(channel: number, data: Uint8Array): void;
  message(message: RtspMessage): void;
};

const dollar = 0x24;
const frameHeaderBytes = 4;
const maxHeadBytes = 65_536;
const maxBodyBytes = 1_048_576;
/** A camera that sends this much rubbish in a row does not speak RTSP. */
const maxGarbageBytes = 1_048_576;
const maxResyncChannel = 7;
/** An answer, or what a server may ask of a client (RFC 2326 chapter 10). */
const firstWords = ['RTSP/', 'OPTIONS ', 'ANNOUNCE ', 'SET_PARAMETER ', 'GET_PARAMETER ', 'REDIRECT ', 'TEARDOWN '];

/** What cannot be RTSP any more. */
export class WireError extends Error {}

export class RtspWire {
  readonly #reader: WireReader;
  /** What is left of a message or frame that was cut; `#pending.length` grows, `#pendingBytes` says what is in it. */
  #pending: Uint8Array = new Uint8Array(2048);
  #pendingBytes = 0;
  #head: MessageHead | undefined;
  #garbageBytes = 0;

  constructor(reader: WireReader) {
    this.#reader = reader;
  }

  /** @throws WireError when what comes is not RTSP, or larger than anything RTSP has */
  push(chunk: Uint8Array): void {
    let position = 0;
    while (this.#pendingBytes > 0 && position < chunk.length) position = this.#continue(chunk, position);
    while (position < chunk.length) {
      const used = this.#take(chunk, position);
      if (used === 0) {
        this.#keep(chunk, position);
        return;
      }
      position += used;
    }
  }

  /** Adds to what was cut no more than it takes to know how long it is, and then no more than it is long. */
  #continue(chunk: Uint8Array, position: number): number {
    const before = this.#pendingBytes;
    const wanted = this.#missing(chunk, position);
    const end = Math.min(chunk.length, position + wanted);
    this.#append(chunk.subarray(position, end));
    const pending = this.#pending.subarray(0, this.#pendingBytes);
    const used = this.#take(pending, 0);
    if (used === 0) return end;
    if (used < before) {
      // Rubbish at the front of what was kept: the rest of it may begin something.
      this.#pending.copyWithin(0, used, before);
      this.#pendingBytes = before - used;
      return position;
    }
    this.#pendingBytes = 0;
    // Of a message head that ended in this chunk, what came after its end is read from the chunk itself.
    return position + used - before;
  }

  /** How many more bytes the cut thing needs before it is worth another look. */
  #missing(chunk: Uint8Array, position: number): number {
    if (this.#head) return this.#head.bodyBytes - this.#pendingBytes;
    if (this.#pending[0] !== dollar) return chunk.length - position;
    if (this.#pendingBytes < frameHeaderBytes) return frameHeaderBytes - this.#pendingBytes;
    return frameHeaderBytes + frameLength(this.#pending, 0) - this.#pendingBytes;
  }

  /** @returns bytes used, 0 when more are needed */
  #take(bytes: Uint8Array, position: number): number {
    if (this.#head) return this.#takeBody(this.#head, bytes, position);
    if (bytes[position] === dollar) return this.#takeFrame(bytes, position);
    return this.#takeHead(bytes, position);
  }

  #takeFrame(bytes: Uint8Array, position: number): number {
    if (bytes.length - position < frameHeaderBytes) return 0;
    // Lost among rubbish, a $ is believed only with a channel that is in use: a wrong length would swallow good frames.
    if (this.#garbageBytes > 0 && (bytes[position + 1] ?? 0) > maxResyncChannel) return this.#skip(1);
    const end = position + frameHeaderBytes + frameLength(bytes, position);
    if (end > bytes.length) return 0;
    this.#garbageBytes = 0;
    this.#reader.frame(bytes[position + 1] ?? 0, bytes.subarray(position + frameHeaderBytes, end));
    return end - position;
  }

  #takeHead(bytes: Uint8Array, position: number): number {
    const skipped = garbageAt(bytes, position);
    if (skipped > 0) return this.#skip(skipped);
    const end = headEnd(bytes, position);
    if (end === undefined) {
      if (bytes.length - position > maxHeadBytes) throw new WireError('a message head without an end');
      return 0;
    }
    const head = readHead(Buffer.from(bytes.buffer, bytes.byteOffset + position, end.textBytes).toString('latin1'));
    if (!head) return this.#skip(end.wholeBytes);
    if (head.bodyBytes > maxBodyBytes) throw new WireError('a message body larger than 1 MiB');
    this.#garbageBytes = 0;
    if (head.bodyBytes === 0) this.#deliver(head, new Uint8Array(0));
    else this.#head = head;
    return end.wholeBytes;
  }

  #takeBody(head: MessageHead, bytes: Uint8Array, position: number): number {
    if (bytes.length - position < head.bodyBytes) return 0;
    this.#head = undefined;
    this.#deliver(head, bytes.slice(position, position + head.bodyBytes));
    return head.bodyBytes;
  }

  #deliver({ bodyBytes: _, ...head }: MessageHead, body: Uint8Array): void {
    this.#reader.message({ ...head, body });
  }

  #skip(bytes: number): number {
    this.#garbageBytes += bytes;
    if (this.#garbageBytes > maxGarbageBytes) throw new WireError('bytes that are neither messages nor frames');
    return bytes;
  }

  #keep(chunk: Uint8Array, position: number): void {
    this.#pendingBytes = 0;
    this.#append(chunk.subarray(position));
  }

  #append(bytes: Uint8Array): void {
    const needed = this.#pendingBytes + bytes.length;
    if (needed > this.#pending.length) {
      const larger = new Uint8Array(2 ** Math.ceil(Math.log2(needed)));
      larger.set(this.#pending.subarray(0, this.#pendingBytes));
      this.#pending = larger;
    }
    this.#pending.set(bytes, this.#pendingBytes);
    this.#pendingBytes = needed;
  }
}

function frameLength(bytes: Uint8Array, position: number): number {
  return ((bytes[position + 2] ?? 0) << 8) | (bytes[position + 3] ?? 0);
}

/**
 * How many bytes at `position` can be no message's beginning: up to the next `$` or capital letter. After a frame whose
 * length was wrong that finds the way back within a packet or two.
 */
function garbageAt(bytes: Uint8Array, position: number): number {
  let end = position;
  while (end < bytes.length && !mayBegin(bytes, end)) end++;
  return end - position;
}

function mayBegin(bytes: Uint8Array, position: number): boolean {
  const byte = bytes[position] ?? 0;
  if (byte === dollar) return true;
  if (byte < 0x41 || byte > 0x5a) return false;
  const start = Buffer.from(bytes.buffer, bytes.byteOffset + position, Math.min(16, bytes.length - position));
  return canBeginMessage(start.toString('latin1'));
}

/** Whether the first line can begin so; of a cut one, whether it still can. */
function canBeginMessage(start: string): boolean {
  return firstWords.some(word => start.startsWith(word) || (start.length < word.length && word.startsWith(start)));
}

/** Where the empty line is: the bytes of the text before it, and of everything up to its end. */
function headEnd(bytes: Uint8Array, position: number): { textBytes: number; wholeBytes: number } | undefined {
  const limit = Math.min(bytes.length, position + maxHeadBytes);
  for (let at = bytes.indexOf(0x0a, position); at >= 0 && at < limit; at = bytes.indexOf(0x0a, at + 1)) {
    const next = bytes[at + 1] === 0x0d ? at + 2 : at + 1;
    if (bytes[next] === 0x0a) return { textBytes: at - position, wholeBytes: next + 1 - position };
  }
  return undefined;
}
