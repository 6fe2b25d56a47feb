// Between the file and the upload: fragments that were cut and are not confirmed yet. Bounded, so that a fast disk waits
// for a slow link; what a broken connection may have lost is still here and is sent again.
import type { Progress } from '../uploader/in-flight.ts';
import type { RecordedFragment } from './cut-file.ts';

type Entry = RecordedFragment & { sendBegun: boolean; received: boolean; sentMs?: number };

export class Window {
  readonly #maxBytes: number;
  /** By start time, in time order. */
  readonly #entries = new Map<number, Entry>();
  #bytes = 0;
  #ended = false;
  #wakers: (() => void)[] = [];

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Resolves when there is room for the fragment, and takes it. One larger than the window has it for itself. */
  async add(fragment: RecordedFragment, signal: AbortSignal): Promise<void> {
    while (this.#bytes > 0 && this.#bytes + fragment.record.bytes > this.#maxBytes) await this.#change(signal);
    this.#entries.set(fragment.record.startMs, { ...fragment, sendBegun: false, received: false });
    this.#bytes += fragment.record.bytes;
    this.#announce();
  }

  /** Nothing more is added. */
  end(): void {
    this.#ended = true;
    this.#announce();
  }

  /** The first fragment after a time, waited for; undefined when none will come. */
  async next(afterStartMs: number, signal: AbortSignal): Promise<RecordedFragment | undefined> {
    for (;;) {
      for (const entry of this.#entries.values()) if (entry.record.startMs > afterStartMs) return entry;
      if (this.#ended) return undefined;
      await this.#change(signal);
    }
  }

  /** Before the first byte is sent. */
  sendBegun(startMs: number): void {
    const entry = this.#entries.get(startMs);
    if (entry) entry.sendBegun = true;
  }

  /** The last byte was handed to the connection. Monotonic. */
  sent(startMs: number, nowMs: number): void {
    const entry = this.#entries.get(startMs);
    if (entry) entry.sentMs = nowMs;
  }

  received(startMs: number): void {
    const entry = this.#entries.get(startMs);
    if (entry) entry.received = true;
  }

  /** The service is done with it: stored or refused. Undefined when it is not here. */
  take(startMs: number): RecordedFragment | undefined {
    const entry = this.#entries.get(startMs);
    if (!entry) return undefined;
    this.#entries.delete(startMs);
    this.#bytes -= entry.record.bytes;
    this.#announce();
    return entry;
  }

  /** What was sent, at least in part, and not confirmed. */
  doubtful(): RecordedFragment[] {
    return [...this.#entries.values()].filter(entry => entry.sendBegun);
  }

  /** The service does not have it: it is sent as if for the first time. */
  notSent(startMs: number): void {
    const entry = this.#entries.get(startMs);
    if (entry)
      this.#entries.set(startMs, { record: entry.record, media: entry.media, sendBegun: false, received: false });
  }

  /** Resolves when nothing sent is unconfirmed. */
  async confirmed(signal: AbortSignal): Promise<void> {
    while (this.doubtful().length > 0) await this.#change(signal);
  }

  /** The fragment an error that names none must be about. */
  oldestNotReceived(): number | undefined {
    return this.doubtful().find(({ record }) => !this.#entries.get(record.startMs)?.received)?.record.startMs;
  }

  get progress(): Pick<Progress, 'oldestSentMs'> {
    const oldest = this.#entries.values().next().value;
    return oldest?.sentMs === undefined ? {} : { oldestSentMs: oldest.sentMs };
  }

  #announce(): void {
    const wakers = this.#wakers;
    this.#wakers = [];
    for (const wake of wakers) wake();
  }

  #change(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason);
      const abort = () => reject(signal.reason);
      signal.addEventListener('abort', abort, { once: true });
      this.#wakers.push(() => {
        signal.removeEventListener('abort', abort);
        resolve();
      });
    });
  }
}
