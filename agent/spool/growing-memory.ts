// One fragment that gathers in memory: nothing reaches the disk until it must.
import type { Frame } from '../matroska/track.ts';
import { type BeginOptions, type FragmentSink, FragmentTally, type NewFragment } from './fragment-tally.ts';

export class GrowingMemory implements FragmentSink {
  readonly tally: FragmentTally;
  #parts: Uint8Array[];

  constructor(begin: BeginOptions) {
    this.tally = new FragmentTally(begin);
    this.#parts = [...this.tally.start];
  }

  async append(frame: Frame): Promise<void> {
    this.#parts.push(...this.tally.add(frame));
  }

  async finish(nextStartMs: number | undefined): Promise<{ fragment: NewFragment; file: Uint8Array }> {
    const file = Buffer.concat(this.#parts);
    this.#parts = [];
    return { fragment: this.tally.fragment(nextStartMs), file };
  }

  async discard(): Promise<void> {
    this.#parts = [];
  }
}
