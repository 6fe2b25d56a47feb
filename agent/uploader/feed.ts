// What of a camera goes to the service next, in time order: fragments that wait on disk, then the one that grows.
import { unlessAborted } from '../aborted.ts';
import { AgentError } from '../errors.ts';
import type { FragmentRecord } from '../spool/fragment-record.ts';
import type { GrowingFragment } from '../spool/growing-fragment.ts';
import { fromCamera, fromDisk, type Outgoing, type OutgoingContext } from './outgoing.ts';

const anyStart = Number.MIN_SAFE_INTEGER;

export class Feed {
  readonly #cameraId: string;
  readonly #context: OutgoingContext;

  constructor(cameraId: string, context: OutgoingContext) {
    this.#cameraId = cameraId;
    this.#context = context;
  }

  get isEmpty(): boolean {
    return this.#next(anyStart) === undefined;
  }

  /** Whether something older than `startMs` is to be sent: somebody asked for a fragment again that was set aside. */
  hasOlderThan(startMs: number): boolean {
    const next = this.#next(anyStart);
    return next !== undefined && next.startMs < startMs;
  }

  /**
   * The first fragment that starts after `afterStartMs`, as soon as there is one that can be sent. Rejects with the
   * signal's reason, or with a `disk-…` AgentError.
   */
  async upcoming(signal: AbortSignal, afterStartMs = anyStart): Promise<Outgoing> {
    for (;;) {
      signal.throwIfAborted();
      const next = this.#next(afterStartMs);
      if (!next) await this.#context.spool.changed(this.#cameraId, signal);
      const outgoing = next && ('whole' in next ? await this.#grown(next, signal) : await this.#read(next));
      if (outgoing) return outgoing;
    }
  }

  #next(afterStartMs: number): FragmentRecord | GrowingFragment | undefined {
    const { spool, early } = this.#context;
    for (let after = afterStartMs; ; ) {
      const next = spool.nextWaiting(this.#cameraId, after) ?? spool.growing(this.#cameraId, after);
      if (!next || !early.has(next.startMs)) return next;
      after = next.startMs;
    }
  }

  /** Undefined when the fragment was evicted or its file lost meanwhile: it waits no more, the next one is sent. */
  async #read(record: FragmentRecord): Promise<Outgoing | undefined> {
    try {
      return fromDisk(this.#context, record, await this.#context.spool.readFragment(record));
    } catch (error) {
      if (error instanceof AgentError && error.code === 'fragment-missing') return undefined;
      throw error;
    }
  }

  /**
   * The service refuses a fragment without frames for a declared track, so nothing is sent before each has shown one.
   * Undefined for a fragment that ended without: it comes from the disk then, with a header of what it has.
   */
  async #grown(growing: GrowingFragment, signal: AbortSignal): Promise<Outgoing | undefined> {
    const silent = new Set(growing.tracks.map(track => track.number));
    for await (const { trackNumber } of growing.frames(signal)) {
      silent.delete(trackNumber);
      if (silent.size === 0) return fromCamera(this.#context, growing);
    }
    await unlessAborted(growing.whole, signal);
    return undefined;
  }
}
