// Fragments safe on disk until the service confirmed them. The only place where push (cameras) and pull (uploader) meet.
//
// Invariants, each with a test in test/spool:
//  1. A fragment counts only when its file is whole: written under a temporary name → file synced → renamed → folder
//     synced → row in the index → `fragment.spooled`. In this order. (Memory-first mode: when it is whole in memory.)
//  2. A fragment's file is a playable MKV (header and one cluster) named by camera and start time.
//  3. Files are the truth. A missing or damaged index is set aside and rebuilt; then every fragment waits and may have
//     been sent, so the uploader looks each up before it sends anything twice.
//  4. What a crash left growing is kept up to its last whole block.
//  5. A row whose file is gone becomes history: in the cloud when it was persisted, otherwise lost with its reason.
//  6. After an unclean end every waiting fragment may have been sent: commits of the last moments may be missing.
//  7. The files stay under the limits (bytes, age, room on the disk): persisted ones leave first, then refused ones, then
//     waiting ones, from the camera that holds most, oldest first; what was lost stays in the footage with its reason.
//     Only fragments that still grow come on top. With deny-new nothing that waits leaves: new fragments are lost.
//  8. A disk that fails costs fragments, never the process: each lost span is kept, in memory while the disk takes nothing.
//  9. Every moment since a camera's first fragment is in the cloud, on disk, lost, without video, or without an agent.
// 10. Between the newest fragment that waits and the present, the next one in time can be followed while it grows.
// 11. Memory-first: what is confirmed in time is never written; everything else is, at the latest when the agent stops.
// 12. What was recorded before the device knew the time gets its right time, in its order, also through kills (retime.ts).
// 13. What the service refused is set aside with its reason, survives a lost index, and can be taken back.
import type { FootageSpan } from '../../shared/api.ts';
import type { AgentError } from '../errors.ts';
import type { FragmentPart } from '../fragmenter/fragment-part.ts';
import { CameraWriter } from './camera-writer.ts';
import { Changes } from './changes.ts';
import { diskError, spoolFull } from './disk-errors.ts';
import { footageOf } from './footage-of.ts';
import { ensureFolder } from './fragment-file.ts';
import { FragmentReader } from './fragment-reader.ts';
import type { FragmentRecord } from './fragment-record.ts';
import { FragmentStore } from './fragment-store.ts';
import type { BeginOptions, FragmentSink, NewFragment } from './fragment-tally.ts';
import { type GrowingFragment, GrowingFragments, type GrowingFrames } from './growing-fragment.ts';
import { LostSpans } from './lost-spans.ts';
import { RoomMaker } from './make-room.ts';
import { openIndex } from './open-index.ts';
import { Presence } from './presence.ts';
import { type Recovery, recover } from './recovery.ts';
import { RejectedFragments } from './rejected-fragments.ts';
import { finishRetiming, retime } from './retime.ts';
import type { SpoolIndex } from './spool-index.ts';
import { limitsOf, memoryOf, type SpoolOptions } from './spool-options.ts';
import { historyMs, Upkeep } from './upkeep.ts';

/** Freed from persisted fragments when the disk is full, so that not every fragment runs into it again. */
const reliefBytes = 32 * 1024 * 1024;

type Opened = { index: SpoolIndex; recovery: Recovery; room: RoomMaker };

/** Methods that ask or change the index throw a `disk-…` AgentError when the disk fails them. */
export class Spool implements AsyncDisposable {
  /** What was found when the spool opened. */
  readonly recovery: Recovery;
  /** What the service refused for good. */
  readonly #rejected: RejectedFragments;
  readonly #options: SpoolOptions;
  readonly #index: SpoolIndex;
  readonly #store: FragmentStore;
  readonly #reader: FragmentReader;
  readonly #room: RoomMaker;
  readonly #lost: LostSpans;
  readonly #presence: Presence;
  readonly #upkeep: Upkeep;
  readonly #changes = new Changes();
  readonly #growing = new GrowingFragments();
  #unrecordedBytes = 0;

  private constructor(options: SpoolOptions, { index, recovery, room }: Opened) {
    const { dir, facts, clock, provisionalBeforeMs = 0 } = options;
    const limits = limitsOf(options);
    const memory = memoryOf(options);
    this.#options = options;
    this.#index = index;
    this.recovery = recovery;
    this.#room = room;
    this.#lost = new LostSpans(index);
    this.#presence = new Presence(index.past, clock);
    this.#rejected = new RejectedFragments(dir, index);
    this.#store = new FragmentStore({
      ...{ dir, index, facts, provisionalBeforeMs, ...(memory ? { memory } : {}) },
      isRetained: cameraId => limits.retentionMs(cameraId) > 0,
      onWritten: bytes => {
        this.#unrecordedBytes += bytes;
      },
    });
    this.#reader = new FragmentReader({ dir, index, facts, store: this.#store, changes: this.#changes });
    this.#upkeep = new Upkeep({
      ...{ index, clock, store: this.#store, room: this.#room, presence: this.#presence },
      ...{ hasMemory: memory !== undefined, provisionalBeforeMs },
      onFailed: (cameraId, error) => this.#failed(cameraId, error),
    });
  }

  /** Opens and recovers. Rejects with a `disk-…` or `spool-in-use` AgentError. Dispose after all `write` calls ended. */
  static async open(options: SpoolOptions): Promise<Spool> {
    const { dir, clock, facts, provisionalBeforeMs = 0 } = options;
    try {
      await ensureFolder(dir);
      const { index, isNew } = await openIndex(dir, clock.nowMs());
      try {
        await finishRetiming({ dir, index, beforeMs: provisionalBeforeMs });
        const recovery = await recover({ dir, index, isNew, nowMs: clock.nowMs() });
        if (!index.timeShift.hasBefore(provisionalBeforeMs)) index.past.prune(clock.nowMs() - historyMs);
        const room = new RoomMaker({ dir, index, facts, limits: limitsOf(options) });
        await room.keepUnder();
        return new Spool(options, { index, recovery, room });
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
      cameraId,
      begin: begin => this.#begin(begin),
      onBegun: growing => {
        this.#growing.add(growing);
        this.#changes.announce(cameraId);
      },
      onWhole: (fragment, file) => this.#count(fragment, file),
      onSettled: (growing, record) => this.#settle(growing, record),
      readBack: record => this.readFragment(record),
      onLateSend: id => this.markSendBegun(id),
      onFailed: error => this.#failed(cameraId, error),
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

  /** The fragment whose time contains `timecodeMs`, when its bytes are still here. */
  fragmentAt(cameraId: string, timecodeMs: number): FragmentRecord | undefined {
    return this.#ask(() => this.#index.at(cameraId, timecodeMs));
  }

  /**
   * The whole file. Rejects with `fragment-missing` when it is gone or unreadable — the record then no longer waits and
   * its span is lost — and with a `disk-…` AgentError when trying again can help.
   */
  readFragment(record: FragmentRecord): Promise<Uint8Array> {
    return this.#reader.read(record);
  }

  /**
   * What became of every moment of a range: in the cloud, on disk (or just growing), lost, without video, without an agent,
   * each with its reason. Without a hole from the camera's first fragment to its newest frame or, offline, to now.
   */
  spans(cameraId: string, fromMs: number, toMs: number): FootageSpan[] {
    const sources = {
      index: this.#index,
      lost: this.#lost,
      growing: this.#growing,
      nowMs: this.#options.clock.nowMs(),
    };
    return this.#ask(() => footageOf(sources, cameraId, { fromMs, toMs }));
  }

  /** Milliseconds of footage given up within the last 60 days. */
  lostMs(cameraId: string): number {
    const unrecorded = this.#lost.unrecorded(cameraId).reduce((sum, { startMs, endMs }) => sum + endMs - startMs, 0);
    return this.#ask(() => this.#index.lostMs(cameraId)) + unrecorded;
  }

  /** Bytes of fragments written to the disk on the UTC day of `atMs`. */
  bytesWritten(atMs: number): number {
    return this.#ask(() => {
      this.#recordWritten();
      return this.#index.past.written(atMs);
    });
  }

  /**
   * Resolves when a fragment of the camera begins to grow, counts, or changes its state; rejects with the signal's reason.
   * Look first, then wait, without an `await` between: nothing is missed.
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

  /** The service refused it for good: it is set aside, never sent again, and its span is lost for `reason`. */
  markRejected(id: number, reason: string): void {
    this.#change(id, record => this.#rejected.setAside(record, reason));
  }

  /** What the service refused and is still here, by camera, oldest first. */
  rejected(cameraId?: string): FragmentRecord[] {
    return this.#ask(() => this.#index.rejected(cameraId));
  }

  /** Copies a refused fragment to a new file. Rejects with `fragment-missing`, or with what the disk says of `path`. */
  async exportRejected(id: number, path: string): Promise<void> {
    const record = this.#ask(() => this.#rejected.get(id));
    await this.#rejected.export(await this.readFragment(record), path);
  }

  /** Lets a refused fragment wait again. Throws `fragment-missing` when there is none of that id. */
  retryRejected(id: number): void {
    this.#ask(() => this.#rejected.get(id));
    this.#change(id, record => this.#rejected.takeBack(record));
  }

  /** Footage that never became a fragment. Never throws. */
  recordLost(cameraId: string, span: { startMs: number; endMs: number }, reason: string): void {
    if (span.startMs >= span.endMs) return;
    this.#lost.add(cameraId, span, reason);
    this.#changes.announce(cameraId);
  }

  /** The latest provisional moment anything is known of; 0 when there is none. */
  newestProvisionalMs(): number {
    return this.#ask(() => this.#index.timeShift.newestBefore(this.#options.provisionalBeforeMs ?? 0) ?? 0);
  }

  /**
   * Adds `byMs` to every provisional time. Returns how many fragments are left: they grow, or came meanwhile. Rejects with
   * a `disk-…` AgentError; called again, it goes on where it was.
   */
  async retime(byMs: number): Promise<number> {
    const { dir, provisionalBeforeMs: beforeMs = 0 } = this.#options;
    const { timeShift } = this.#index;
    this.#presence.beat();
    try {
      if (timeShift.hasBefore(beforeMs)) await retime({ dir, index: this.#index, beforeMs, byMs });
      else timeShift.moveSpans(beforeMs, byMs);
      const cameraIds = this.#index.cameraIds();
      for (const cameraId of cameraIds) this.#changes.announce(cameraId);
      return timeShift.fragmentsBefore(beforeMs).length + this.#growing.countBefore(beforeMs);
    } catch (error) {
      throw diskError(error, dir);
    }
  }

  /** The camera gives no video since then; told again for another reason, another outage begins. Never throws. */
  noteOffline(cameraId: string, fromMs: number, reason: string): void {
    this.#presence.offline(cameraId, fromMs, reason);
  }

  /** The camera gives video. Never throws. */
  noteOnline(cameraId: string, atMs: number): void {
    this.#presence.online(cameraId, atMs);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#upkeep[Symbol.asyncDispose]();
    await this.#store.writeAll();
    this.#lost.record();
    this.#presence.beat();
    try {
      this.#recordWritten();
    } catch {
      // A disk that takes nothing: how much was written to it today is told too low.
    }
    this.#index[Symbol.dispose]();
  }

  /** Does nothing for a fragment that left the spool meanwhile. */
  #change(id: number, change: (record: FragmentRecord) => void): void {
    const record = this.#ask(() => this.#index.byId(id));
    if (!record) return;
    this.#ask(() => change(record));
    this.#changes.announce(record.cameraId);
  }

  #ask<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      throw diskError(error, this.#options.dir);
    }
  }

  async #begin(begin: BeginOptions): Promise<FragmentSink> {
    const { cameraId, startMs } = begin;
    const { dir, whenFull, maxBytes } = this.#options;
    if (this.#index.has(cameraId, startMs))
      throw new Error(`${cameraId} has a fragment that starts at ${startMs} already`);
    if (whenFull === 'deny-new' && !(await this.#room.hasRoom(0))) throw spoolFull(dir, maxBytes);
    return this.#store.begin(begin);
  }

  async #count(fragment: NewFragment, file: Uint8Array | undefined): Promise<FragmentRecord> {
    const { dir, whenFull, maxBytes, clock, facts } = this.#options;
    const { cameraId, startMs, endMs, bytes } = fragment;
    if (whenFull === 'deny-new' && !(await this.#room.hasRoom(bytes))) throw spoolFull(dir, maxBytes);
    const record = this.#store.count(fragment, file, clock.monotonicMs());
    this.#lost.record();
    facts.publish({ type: 'fragment.spooled', cameraId, fragmentId: record.id, startMs, endMs, bytes });
    return record;
  }

  async #settle(growing: GrowingFrames, record: FragmentRecord | undefined): Promise<void> {
    const { cameraId } = growing;
    this.#growing.remove(growing);
    growing.settle(record);
    this.#changes.announce(cameraId);
    if (!record) return;
    await this.#try(cameraId, async () => {
      this.#recordWritten();
      await this.#store.writeDue(this.#options.clock.monotonicMs());
      await this.#room.keepUnder();
    });
  }

  async #giveUp(cameraId: string, span: { startMs: number; endMs: number }, error: AgentError): Promise<void> {
    if (error.code === 'disk-full') await this.#try(cameraId, () => this.#relieve());
    this.recordLost(cameraId, span, error.code);
  }

  /** What is freed, and what the fragment in hand gave back, is all the room there may be. */
  async #relieve(): Promise<void> {
    await this.#room.freePersisted(reliefBytes);
    this.#index.takeNoMoreRoom();
  }

  /** Never rejects: a file that cannot be deleted is disk trouble, not a reason to give up the fragment just written. */
  async #try(cameraId: string, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.#failed(cameraId, error);
    }
  }

  #failed(cameraId: string, thrown: unknown): AgentError {
    const error = diskError(thrown, this.#options.dir);
    this.#options.facts.publish({ type: 'spool.failed', cameraId, error });
    return error;
  }

  #recordWritten(): void {
    if (this.#unrecordedBytes === 0) return;
    this.#index.past.addWritten(this.#options.clock.nowMs(), this.#unrecordedBytes);
    this.#unrecordedBytes = 0;
  }
}
