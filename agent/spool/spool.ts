// Fragments safe on disk until the service confirmed them. The only place where push (cameras) and pull (uploader) meet.
//
// Invariants, each with a test in test/spool:
//  1. A fragment counts only when its file is whole: written under a temporary name → file synced → renamed → folder
//     synced → row in the index → `fragment.spooled`. In this order.
//  2. A fragment's file is a playable MKV (header and one cluster) named by camera and start time.
//  3. Files are the truth. A missing or damaged index is set aside and rebuilt; then every fragment waits and may have
//     been sent, so the uploader looks each up before it sends anything twice.
//  4. What a crash left growing is kept up to its last whole block.
//  5. A row whose file is gone becomes history: in the cloud when it was persisted, otherwise lost with its reason.
//  6. After an unclean end every waiting fragment may have been sent: commits of the last moments may be missing.
//  7. The files stay under the cap: persisted ones leave first, then refused ones, then waiting ones, oldest first; what
//     was lost stays in the footage with its reason. Only fragments that still grow come on top of the cap.
//  8. A disk that fails costs fragments, never the process: each lost span is kept, in memory while the disk takes nothing.
import { readFile, rename } from 'node:fs/promises';
import type { FootageSpan } from '../../shared/api.ts';
import type { Clock } from '../clock.ts';
import { AgentError, systemCode } from '../errors.ts';
import type { Facts } from '../facts.ts';
import type { FragmentPart } from '../fragmenter/fragment-part.ts';
import { CameraWriter } from './camera-writer.ts';
import { Changes } from './changes.ts';
import { diskError } from './disk-errors.ts';
import { mergeSpans, spanOf } from './footage.ts';
import { ensureFolder, fragmentPath } from './fragment-file.ts';
import type { FragmentRecord } from './fragment-record.ts';
import type { NewFragment } from './growing-file.ts';
import { type GrowingFragment, GrowingFragments, type GrowingFrames } from './growing-fragment.ts';
import { LostSpans } from './lost-spans.ts';
import { RoomMaker } from './make-room.ts';
import { openIndex } from './open-index.ts';
import { fileDamaged, fileMissing, type Recovery, recover } from './recovery.ts';
import type { SpoolIndex } from './spool-index.ts';

/** How long the footage remembers fragments whose file is gone. */
const historyMs = 60 * 24 * 3_600_000;
/** Freed from persisted fragments when the disk is full, so that not every fragment runs into it again. */
const reliefBytes = 32 * 1024 * 1024;

export type SpoolOptions = { dir: string; maxBytes: number; clock: Clock; facts: Facts };

/** Methods that ask or change the index throw a `disk-…` AgentError when the disk fails them. */
export class Spool implements AsyncDisposable {
  /** What was found when the spool opened. */
  readonly recovery: Recovery;
  readonly #options: SpoolOptions;
  readonly #index: SpoolIndex;
  readonly #room: RoomMaker;
  readonly #lost: LostSpans;
  readonly #changes = new Changes();
  readonly #growing = new GrowingFragments();

  private constructor(options: SpoolOptions, index: SpoolIndex, recovery: Recovery) {
    this.#options = options;
    this.#index = index;
    this.recovery = recovery;
    this.#room = new RoomMaker(options.dir, index, options.facts);
    this.#lost = new LostSpans(index);
  }

  /** Opens and recovers. Rejects with a `disk-…` or `spool-in-use` AgentError. Dispose after all `write` calls ended. */
  static async open(options: SpoolOptions): Promise<Spool> {
    const { dir, clock } = options;
    try {
      await ensureFolder(dir);
      const { index, isNew } = await openIndex(dir, clock.nowMs());
      try {
        const spool = new Spool(options, index, await recover(dir, index, isNew));
        index.pruneHistory(clock.nowMs() - historyMs);
        await spool.#room.keepUnder(options.maxBytes);
        return spool;
      } catch (error) {
        index[Symbol.dispose]();
        throw error;
      }
    } catch (error) {
      throw diskError(error, dir);
    }
  }

  /**
   * Takes a camera's parts until they end. Rejects only with the iterable's own error: what the disk refuses is published
   * as `spool.failed` and kept as lost footage.
   */
  async write(cameraId: string, parts: AsyncIterable<FragmentPart>): Promise<void> {
    const writer = new CameraWriter({
      dir: this.#options.dir,
      cameraId,
      isTaken: startMs => this.#index.has(cameraId, startMs),
      onBegun: growing => {
        this.#growing.add(growing);
        this.#changes.announce(cameraId);
      },
      onWhole: fragment => this.#count(fragment),
      onSettled: (growing, record) => this.#settle(growing, record),
      onLateSend: id => this.markSendBegun(id),
      onFailed: error => this.#options.facts.publish({ type: 'spool.failed', cameraId, error }),
      onLost: (span, error) => this.#giveUp(cameraId, span, error),
    });
    await writer.write(parts);
  }

  /**
   * The oldest fragment that starts after `afterStartMs` and does not count yet: it grows, or grew until now and is being
   * synced. What waits on disk is older. Ask for it after `nextWaiting`, without an `await` between: no fragment is missed.
   */
  growing(cameraId: string, afterStartMs = Number.MIN_SAFE_INTEGER): GrowingFragment | undefined {
    return this.#growing.next(cameraId, afterStartMs);
  }

  /** What the service has not confirmed. */
  waiting(cameraId: string): { fragments: number; bytes: number; oldestMs?: number } {
    return this.#ask(() => this.#index.waiting(cameraId));
  }

  /** The oldest waiting fragment that starts after `afterStartMs`. */
  nextWaiting(cameraId: string, afterStartMs = Number.MIN_SAFE_INTEGER): FragmentRecord | undefined {
    return this.#ask(() => this.#index.nextWaiting(cameraId, afterStartMs));
  }

  /** The oldest waiting fragments whose sending was begun and not confirmed: the service may have them. */
  doubtful(cameraId: string, limit: number): FragmentRecord[] {
    return this.#ask(() => this.#index.doubtful(cameraId, limit));
  }

  newest(cameraId: string): FragmentRecord | undefined {
    return this.#ask(() => this.#index.newest(cameraId));
  }

  /** The fragment whose time contains `timecodeMs`, when its file is still here. */
  fragmentAt(cameraId: string, timecodeMs: number): FragmentRecord | undefined {
    return this.#ask(() => this.#index.at(cameraId, timecodeMs));
  }

  /**
   * The whole file. Rejects with `fragment-missing` when it is gone or unreadable — the record then no longer waits and
   * its span is lost — and with a `disk-…` AgentError when trying again can help.
   */
  async readFragment(record: FragmentRecord): Promise<Uint8Array> {
    const path = fragmentPath(this.#options.dir, record.cameraId, record.startMs);
    try {
      return await readFile(path);
    } catch (error) {
      const errno = systemCode(error);
      if (errno !== 'ENOENT' && errno !== 'EIO') throw diskError(error, this.#options.dir);
      await this.#dropUnreadable(record, path, errno);
      throw new AgentError({
        code: 'fragment-missing',
        kind: 'data-loss',
        retry: 'never',
        message: `The recording of ${record.cameraId} from ${new Date(record.startMs).toISOString()} can no longer be read from the disk.`,
        cause: error,
      });
    }
  }

  /** Footage of a range: in the cloud, on disk, or lost and why; neighbours merged. */
  spans(cameraId: string, fromMs: number, toMs: number): FootageSpan[] {
    const spans = this.#ask(() => [
      ...this.#index.overlapping(cameraId, fromMs, toMs).map(spanOf),
      ...this.#index.history(cameraId, fromMs, toMs),
      ...this.#lost.unrecorded(cameraId),
    ]);
    return mergeSpans(spans, fromMs, toMs);
  }

  /** Milliseconds of footage given up within the last 60 days. */
  lostMs(cameraId: string): number {
    const unrecorded = this.#lost.unrecorded(cameraId).reduce((sum, { startMs, endMs }) => sum + endMs - startMs, 0);
    return this.#ask(() => this.#index.lostMs(cameraId)) + unrecorded;
  }

  /**
   * Resolves when a fragment of the camera begins to grow, counts, or changes its state; rejects with the signal's reason. Look first, then
   * wait, without an `await` between: nothing is missed.
   */
  changed(cameraId: string, signal: AbortSignal): Promise<void> {
    return this.#changes.next(cameraId, signal);
  }

  /** Before the first byte is sent. After a crash such a fragment is looked up before it is sent again. */
  markSendBegun(id: number): void {
    this.#change(id, () => this.#index.setSendBegun(id, true));
  }

  /** The service was asked and does not have it. */
  markNotSent(id: number): void {
    this.#change(id, () => this.#index.setSendBegun(id, false));
  }

  /** The service has it: from now on its file may be deleted at any time. */
  markPersisted(id: number, fragmentNumber: string): void {
    this.#change(id, () => this.#index.setState(id, 'persisted', { fragmentNumber }));
  }

  /** The service refused it for good: it is never sent again and its span is lost for `reason`. */
  markRejected(id: number, reason: string): void {
    this.#change(id, () => this.#index.setState(id, 'rejected', { reason }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#lost.record();
    this.#index[Symbol.dispose]();
  }

  /** Does nothing for a fragment that left the spool meanwhile. */
  #change(id: number, change: () => void): void {
    const record = this.#ask(() => this.#index.byId(id));
    if (!record) return;
    this.#ask(change);
    this.#changes.announce(record.cameraId);
  }

  #ask<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      throw diskError(error, this.#options.dir);
    }
  }

  #count(fragment: NewFragment): FragmentRecord {
    const { cameraId, startMs, endMs, bytes } = fragment;
    const record = this.#index.insert(fragment);
    this.#lost.record();
    this.#options.facts.publish({ type: 'fragment.spooled', cameraId, fragmentId: record.id, startMs, endMs, bytes });
    return record;
  }

  async #settle(growing: GrowingFrames, record: FragmentRecord | undefined): Promise<void> {
    const { cameraId } = growing;
    this.#growing.remove(growing);
    growing.settle(record);
    this.#changes.announce(cameraId);
    if (record) await this.#makeRoom(cameraId, () => this.#room.keepUnder(this.#options.maxBytes));
  }

  async #giveUp(cameraId: string, span: { startMs: number; endMs: number }, error: AgentError): Promise<void> {
    if (error.code === 'disk-full') await this.#makeRoom(cameraId, () => this.#room.freePersisted(reliefBytes));
    this.#lost.add(cameraId, span, error.code);
    this.#changes.announce(cameraId);
  }

  /** Never rejects: a file that cannot be deleted is disk trouble, not a reason to give up the fragment just written. */
  async #makeRoom(cameraId: string, work: () => Promise<void>): Promise<void> {
    try {
      await work();
      this.#index.pruneHistory(this.#options.clock.nowMs() - historyMs);
    } catch (error) {
      this.#options.facts.publish({ type: 'spool.failed', cameraId, error: diskError(error, this.#options.dir) });
    }
  }

  async #dropUnreadable(record: FragmentRecord, path: string, errno: 'ENOENT' | 'EIO'): Promise<void> {
    if (errno === 'EIO') await rename(path, `${path}.damaged`).catch(() => undefined);
    const known = this.#index.byId(record.id);
    if (!known) return;
    const reason = errno === 'EIO' ? fileDamaged : fileMissing;
    this.#index.forget(known, reason);
    const { cameraId, startMs, endMs, state } = known;
    if (state === 'waiting')
      this.#options.facts.publish({ type: 'fragment.evicted', cameraId, startMs, endMs, reason });
    this.#changes.announce(cameraId);
  }
}
