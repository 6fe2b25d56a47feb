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
import type { FragmentPart } from '../fragmenter/fragment-part.ts';
import type { FragmentRecord } from './fragment-record.ts';
import type { GrowingFragment } from './growing-fragment.ts';
import type { Recovery } from './recovery.ts';
import type { SpoolOptions } from './spool-options.ts';
import { openParts, type SpoolParts } from './spool-parts.ts';

/** Methods that ask or change the index throw a `disk-…` AgentError when the disk fails them. */
export class Spool implements AsyncDisposable {
  readonly #parts: SpoolParts;

  private constructor(parts: SpoolParts) {
    this.#parts = parts;
  }

  /** Opens and recovers. Rejects with a `disk-…` or `spool-in-use` AgentError. Dispose after all `write` calls ended. */
  static async open(options: SpoolOptions): Promise<Spool> {
    return new Spool(await openParts(options));
  }

  /** What was found when the spool opened. */
  get recovery(): Recovery {
    return this.#parts.recovery;
  }

  /**
   * Takes a camera's parts until they end. Rejects only with the iterable's own error: what the disk refuses is published
   * as `spool.failed` and kept as lost footage.
   */
  write(cameraId: string, parts: AsyncIterable<FragmentPart>): Promise<void> {
    return this.#parts.intake.write(cameraId, parts);
  }

  /**
   * The oldest fragment that starts after `afterStartMs` and does not count yet: it grows, or grew until now and is being
   * synced. What waits on disk is older. Ask for it after `nextWaiting`, without an `await` between: no fragment is missed.
   */
  growing(cameraId: string, afterStartMs = Number.MIN_SAFE_INTEGER): GrowingFragment | undefined {
    return this.#parts.growing.next(cameraId, afterStartMs);
  }

  /** What the service has not confirmed. */
  waiting(cameraId: string): { fragments: number; bytes: number; oldestMs?: number } {
    return this.#ask(({ index }) => index.waiting(cameraId));
  }

  /** The oldest waiting fragment that starts after `afterStartMs`. */
  nextWaiting(cameraId: string, afterStartMs = Number.MIN_SAFE_INTEGER): FragmentRecord | undefined {
    return this.#ask(({ index }) => index.nextWaiting(cameraId, afterStartMs));
  }

  /** The oldest waiting fragments whose sending was begun and not confirmed: the service may have them. */
  doubtful(cameraId: string, limit: number): FragmentRecord[] {
    return this.#ask(({ index }) => index.doubtful(cameraId, limit));
  }

  newest(cameraId: string): FragmentRecord | undefined {
    return this.#ask(({ index }) => index.newest(cameraId));
  }

  /** The fragment whose time contains `timecodeMs`, when its bytes are still here. */
  fragmentAt(cameraId: string, timecodeMs: number): FragmentRecord | undefined {
    return this.#ask(({ index }) => index.at(cameraId, timecodeMs));
  }

  /**
   * The whole file. Rejects with `fragment-missing` when it is gone or unreadable — the record then no longer waits and
   * its span is lost — and with a `disk-…` AgentError when trying again can help.
   */
  readFragment(record: FragmentRecord): Promise<Uint8Array> {
    return this.#parts.reader.read(record);
  }

  /**
   * What became of every moment of a range: in the cloud, on disk (or just growing), lost, without video, without an agent,
   * each with its reason. Without a hole from the camera's first fragment to its newest frame or, offline, to now.
   */
  spans(cameraId: string, fromMs: number, toMs: number): FootageSpan[] {
    return this.#ask(({ footage }) => footage.spans(cameraId, fromMs, toMs));
  }

  /** Milliseconds of footage given up within the last 60 days. */
  lostMs(cameraId: string): number {
    return this.#ask(({ footage }) => footage.lostMs(cameraId));
  }

  /** Bytes of fragments written to the disk on the UTC day of `atMs`. */
  bytesWritten(atMs: number): number {
    return this.#ask(({ written }) => written.on(atMs));
  }

  /**
   * Resolves when a fragment of the camera begins to grow, counts, or changes its state; rejects with the signal's reason.
   * Look first, then wait, without an `await` between: nothing is missed.
   */
  changed(cameraId: string, signal: AbortSignal): Promise<void> {
    return this.#parts.changes.next(cameraId, signal);
  }

  /** Before the first byte is sent. After a crash such a fragment is looked up before it is sent again. */
  markSendBegun(id: number): void {
    this.#parts.sending.begun(id);
  }

  /** The service was asked and does not have it. */
  markNotSent(id: number): void {
    this.#parts.sending.notSent(id);
  }

  /** The service has it: from now on its file may be deleted at any time. */
  markPersisted(id: number, fragmentNumber: string): void {
    this.#parts.sending.persisted(id, fragmentNumber);
  }

  /** The service refused it for good: it is set aside, never sent again, and its span is lost for `reason`. */
  markRejected(id: number, reason: string): void {
    this.#parts.sending.rejected(id, reason);
  }

  /** What the service refused and is still here, by camera, oldest first. */
  rejected(cameraId?: string): FragmentRecord[] {
    return this.#ask(({ index }) => index.rejected(cameraId));
  }

  /** Copies a refused fragment to a new file. Rejects with `fragment-missing`, or with what the disk says of `path`. */
  async exportRejected(id: number, path: string): Promise<void> {
    const record = this.#ask(({ rejected }) => rejected.get(id));
    await this.#parts.rejected.export(await this.readFragment(record), path);
  }

  /** Lets a refused fragment wait again. Throws `fragment-missing` when there is none of that id. */
  retryRejected(id: number): void {
    this.#parts.sending.retry(id);
  }

  /** Footage that never became a fragment. Never throws. */
  recordLost(cameraId: string, span: { startMs: number; endMs: number }, reason: string): void {
    this.#parts.intake.recordLost(cameraId, span, reason);
  }

  /** The latest provisional moment anything is known of; 0 when there is none. */
  newestProvisionalMs(): number {
    return this.#ask(({ provisional }) => provisional.newestMs());
  }

  /**
   * Adds `byMs` to every provisional time. Returns how many fragments are left: they grow, or came meanwhile. Rejects with
   * a `disk-…` AgentError; called again, it goes on where it was.
   */
  retime(byMs: number): Promise<number> {
    return this.#parts.provisional.retime(byMs);
  }

  /** The camera gives no video since then; told again for another reason, another outage begins. Never throws. */
  noteOffline(cameraId: string, fromMs: number, reason: string): void {
    this.#parts.presence.offline(cameraId, fromMs, reason);
  }

  /** The camera gives video. Never throws. */
  noteOnline(cameraId: string, atMs: number): void {
    this.#parts.presence.online(cameraId, atMs);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const { index, store, lost, presence, written, upkeep } = this.#parts;
    await upkeep[Symbol.asyncDispose]();
    await store.writeAll();
    lost.record();
    presence.beat();
    try {
      written.record();
    } catch {
      // A disk that takes nothing: how much was written to it today is told too low.
    }
    index[Symbol.dispose]();
  }

  #ask<T>(work: (parts: SpoolParts) => T): T {
    return this.#parts.trouble.ask(() => work(this.#parts));
  }
}
