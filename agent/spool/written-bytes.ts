// How much goes to the disk each day: a card wears out by it. Counted in memory and kept in the index with the next fragment,
// so that counting costs no commit of its own.
import type { Clock } from '../clock.ts';
import type { Past } from './past.ts';

export class WrittenBytes {
  readonly #past: Past;
  readonly #clock: Clock;
  #unrecordedBytes = 0;

  constructor(past: Past, clock: Clock) {
    this.#past = past;
    this.#clock = clock;
  }

  add(bytes: number): void {
    this.#unrecordedBytes += bytes;
  }

  /** Moves what was counted to the index. Throws SQLite's own errors; then it is tried again the next time. */
  record(): void {
    if (this.#unrecordedBytes === 0) return;
    this.#past.addWritten(this.#clock.nowMs(), this.#unrecordedBytes);
    this.#unrecordedBytes = 0;
  }

  /** Of the UTC day of `atMs`. Throws SQLite's own errors. */
  on(atMs: number): number {
    this.record();
    return this.#past.written(atMs);
  }
}
