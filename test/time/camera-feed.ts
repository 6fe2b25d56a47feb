// Cameras whose frames arrive when the test says so, through the real fragmenter into a real spool.
import { fragmentItems } from '../../agent/fragmenter/fragment-items.ts';
import type { SourceItem } from '../../agent/source/source.ts';
import type { Spool } from '../../agent/spool/spool.ts';
import type { TrustedClock } from '../../agent/time/trusted-clock.ts';
import { delta, key, tracks, video } from '../fragmenter/camera-script.ts';

/** Time between two frames, and between two key frames. */
export const frameMs = 200;
export const gopMs = 4_000;

export class CameraFeed {
  readonly written: Promise<void>;
  readonly #waiting: SourceItem[] = [tracks(video)];
  #sent = 0;
  #wake = () => {};
  #taken = Promise.withResolvers<void>();
  #ended = false;

  constructor(cameraId: string, { clock, spool }: { clock: TrustedClock; spool: Spool }) {
    const options = { clock, cameraId, correctionMs: () => clock.correctionMs };
    this.written = spool.write(cameraId, fragmentItems(this.#items(), options));
  }

  /** Resolves when the frame is in its fragment. */
  async frame(): Promise<void> {
    const ptsMs = this.#sent++ * frameMs;
    this.#taken = Promise.withResolvers();
    this.#waiting.push(ptsMs % gopMs === 0 ? key(ptsMs) : delta(ptsMs));
    this.#wake();
    await this.#taken.promise;
  }

  async end(): Promise<void> {
    this.#ended = true;
    this.#wake();
    await this.written;
  }

  async *#items(): AsyncGenerator<SourceItem> {
    for (;;) {
      const item = this.#waiting.shift();
      if (item) yield item;
      else {
        this.#taken.resolve();
        if (this.#ended) return;
        const { promise, resolve } = Promise.withResolvers<void>();
        this.#wake = resolve;
        if (this.#waiting.length === 0) await promise;
      }
    }
  }
}
