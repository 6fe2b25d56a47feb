// A camera whose parts come one by one, when a test says so.
import { PassThrough } from 'node:stream';
import type { FragmentPart } from '../../agent/fragmenter/fragment-part.ts';
import type { Track } from '../../agent/matroska/track.ts';
import { video } from '../spool/parts.ts';

export class LiveCamera {
  readonly #parts = new PassThrough({ objectMode: true, highWaterMark: 10_000 });
  readonly #written: Promise<void>;

  constructor(write: (parts: AsyncIterable<FragmentPart>) => Promise<void>) {
    this.#written = write(this.#parts);
  }

  begin(startMs: number, tracks: Track[] = [video]): void {
    this.#push({ type: 'begin', tracks, startMs });
  }

  frame(timecodeMs: number, { keyFrame = false, trackNumber = 1, bytes = 1000 } = {}): void {
    const data = new Uint8Array(bytes).fill(timecodeMs % 256);
    this.#push({ type: 'frame', frame: { trackNumber, timecodeMs, keyFrame, data } });
  }

  end(nextStartMs?: number): void {
    this.#push({ type: 'end', ...(nextStartMs === undefined ? {} : { nextStartMs }) });
  }

  /** A fragment of five frames, all at once. */
  fragment(startMs: number, nextStartMs = startMs + 200): void {
    this.begin(startMs);
    for (let index = 0; index < 5; index++) this.frame(startMs + index * 40, { keyFrame: index === 0 });
    this.end(nextStartMs);
  }

  /** The camera goes away; resolves when what it gave is on disk. */
  async stop(): Promise<void> {
    this.#parts.end();
    await this.#written;
  }

  #push(part: FragmentPart): void {
    this.#parts.write(part);
  }
}
