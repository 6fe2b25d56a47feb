// Cameras' parts become fragments that count. Each fragment that ends makes room for what comes; what the disk refuses is
// published and kept as lost footage, and the next fragment is tried again.
import type { Clock } from '../clock.ts';
import type { AgentError } from '../errors.ts';
import type { Facts } from '../facts.ts';
import type { FragmentPart } from '../fragmenter/fragment-part.ts';
import { CameraWriter } from './camera-writer.ts';
import type { Changes } from './changes.ts';
import { spoolFull } from './disk-errors.ts';
import type { DiskTrouble } from './disk-trouble.ts';
import type { FragmentReader } from './fragment-reader.ts';
import type { FragmentRecord } from './fragment-record.ts';
import type { FragmentStore } from './fragment-store.ts';
import type { BeginOptions, FragmentSink, NewFragment } from './fragment-tally.ts';
import type { GrowingFragments, GrowingFrames } from './growing-fragment.ts';
import type { LostSpans } from './lost-spans.ts';
import type { RoomMaker } from './make-room.ts';
import type { SendingStates } from './sending-states.ts';
import type { SpoolIndex } from './spool-index.ts';
import type { WrittenBytes } from './written-bytes.ts';

/** Freed from persisted fragments when the disk is full, so that not every fragment runs into it again. */
const reliefBytes = 32 * 1024 * 1024;

export type IntakeOptions = {
  dir: string;
  maxBytes: number;
  whenFull: 'delete-oldest' | 'deny-new';
  clock: Clock;
  facts: Facts;
  index: SpoolIndex;
  store: FragmentStore;
  reader: FragmentReader;
  room: RoomMaker;
  growing: GrowingFragments;
  lost: LostSpans;
  sending: SendingStates;
  written: WrittenBytes;
  changes: Changes;
  trouble: DiskTrouble;
};

export class Intake {
  readonly #options: IntakeOptions;

  constructor(options: IntakeOptions) {
    this.#options = options;
  }

  /** As `Spool.write`. */
  async write(cameraId: string, parts: AsyncIterable<FragmentPart>): Promise<void> {
    const { growing, reader, sending, trouble, changes } = this.#options;
    const writer = new CameraWriter({
      cameraId,
      begin: begin => this.#begin(begin),
      onBegun: fragment => {
        growing.add(fragment);
        changes.announce(cameraId);
      },
      onWhole: (fragment, file) => this.#count(fragment, file),
      onSettled: (fragment, record) => this.#settle(fragment, record),
      readBack: record => reader.read(record),
      onLateSend: id => sending.begun(id),
      onFailed: error => trouble.publish(cameraId, error),
      onLost: (span, error) => this.#giveUp(cameraId, span, error),
    });
    await writer.write(parts);
  }

  /** As `Spool.recordLost`. */
  recordLost(cameraId: string, span: { startMs: number; endMs: number }, reason: string): void {
    if (span.startMs >= span.endMs) return;
    this.#options.lost.add(cameraId, span, reason);
    this.#options.changes.announce(cameraId);
  }

  async #begin(begin: BeginOptions): Promise<FragmentSink> {
    const { index, store } = this.#options;
    const { cameraId, startMs } = begin;
    if (index.has(cameraId, startMs)) throw new Error(`${cameraId} has a fragment that starts at ${startMs} already`);
    await this.#mustHaveRoom(0);
    return store.begin(begin);
  }

  async #count(fragment: NewFragment, file: Uint8Array | undefined): Promise<FragmentRecord> {
    const { store, lost, clock, facts } = this.#options;
    const { cameraId, startMs, endMs, bytes } = fragment;
    await this.#mustHaveRoom(bytes);
    const record = store.count(fragment, file, clock.monotonicMs());
    lost.record();
    facts.publish({ type: 'fragment.spooled', cameraId, fragmentId: record.id, startMs, endMs, bytes });
    return record;
  }

  /** With delete-oldest there always is: what is over the limits goes when the fragment counts. */
  async #mustHaveRoom(bytes: number): Promise<void> {
    const { dir, whenFull, maxBytes, room } = this.#options;
    if (whenFull === 'deny-new' && !(await room.hasRoom(bytes))) throw spoolFull(dir, maxBytes);
  }

  async #settle(fragment: GrowingFrames, record: FragmentRecord | undefined): Promise<void> {
    const { growing, changes, trouble, written, store, room, clock } = this.#options;
    const { cameraId } = fragment;
    growing.remove(fragment);
    fragment.settle(record);
    changes.announce(cameraId);
    if (!record) return;
    // A file that cannot be deleted is disk trouble, not a reason to give up the fragment just written.
    await trouble.attempt(cameraId, async () => {
      written.record();
      await store.writeDue(clock.monotonicMs());
      await room.keepUnder();
    });
  }

  async #giveUp(cameraId: string, span: { startMs: number; endMs: number }, error: AgentError): Promise<void> {
    if (error.code === 'disk-full') await this.#options.trouble.attempt(cameraId, () => this.#relieve());
    this.recordLost(cameraId, span, error.code);
  }

  /** What is freed, and what the fragment in hand gave back, is all the room there may be. */
  async #relieve(): Promise<void> {
    await this.#options.room.freePersisted(reliefBytes);
    this.#options.index.takeNoMoreRoom();
  }
}
