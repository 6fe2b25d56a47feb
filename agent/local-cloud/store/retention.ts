// Deletes what is older than its stream's retention, and of streams without one what KVS would not buffer any more. Looks
// once a minute, at the same time at the limits of the disk.
import type { Clock } from '../../clock.ts';
import type { FragmentQuery, MediaStore, StoredFragment, StoredStream } from './media-store.ts';

const hourMs = 3_600_000;
/** What KVS buffers of a stream without retention. */
const bufferMs = 5 * 60_000;
const bufferBytes = 200_000_000;
const intervalMs = 60_000;
const batch = 500;

export type RetentionOptions = {
  clock: Clock;
  streams: () => readonly StoredStream[];
  fragments: MediaStore['fragments'];
  /** Numbers of the oldest fragments, without which the others are no more than `maxBytes` together. */
  beyond: (stream: string, maxBytes: number) => string[];
  remove: (stream: string, number: string) => Promise<unknown>;
  /** Done as well, every time. */
  keepRoom: () => Promise<void>;
  onProblem: (error: unknown) => void;
};

export class Retention {
  readonly #options: RetentionOptions;
  #cancel: () => void = () => undefined;
  #running: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(options: RetentionOptions) {
    this.#options = options;
  }

  /** Once now, then every minute. What cannot be deleted is told every time, and nothing waits for it. */
  async start(): Promise<void> {
    await this.enforce().catch(this.#options.onProblem);
    this.#schedule();
  }

  /** The part of a stream without retention that is beyond KVS's buffer. */
  async limitBuffer(stream: string): Promise<void> {
    for (const number of this.#options.beyond(stream, bufferBytes)) await this.#options.remove(stream, number);
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#cancel();
    await this.#running;
  }

  /** Once, now. Rejects when something could not be deleted, after all else was. */
  async enforce(): Promise<void> {
    const outcomes = [];
    for (const stream of this.#options.streams())
      outcomes.push(...(await Promise.allSettled([this.#enforceOf(stream)])));
    await this.#options.keepRoom();
    for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
  }

  async #enforceOf(stream: StoredStream): Promise<void> {
    for (let old = this.#expired(stream); old.length > 0; old = this.#expired(stream))
      for (const { number } of old) await this.#options.remove(stream.name, number);
    if (stream.retentionHours === 0) await this.limitBuffer(stream.name);
  }

  #expired({ name, retentionHours }: StoredStream): StoredFragment[] {
    const keptMs = retentionHours === 0 ? bufferMs : retentionHours * hourMs;
    const toMs = this.#options.clock.nowMs() - keptMs - 1;
    const query: FragmentQuery = { stream: name, by: 'server', fromMs: -Infinity, toMs, limit: batch };
    return this.#options.fragments(query);
  }

  #schedule(): void {
    if (this.#closed) return;
    this.#cancel = this.#options.clock.after(intervalMs, () => {
      this.#running = this.enforce()
        .catch(this.#options.onProblem)
        .then(() => this.#schedule());
    });
  }
}
