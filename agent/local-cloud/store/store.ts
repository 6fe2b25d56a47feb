// Streams and fragments on disk. What it promises:
// 1. A fragment exists when, and only when, its whole file is synced under its own name; only then it is in the index.
// 2. Fragment numbers of a stream strictly increase, across restarts too.
// 3. The process may be killed at any moment: the next start finds every fragment that existed, and nothing half.

import { EventEmitter } from 'node:events';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../../clock.ts';
import { AgentError } from '../../errors.ts';
import { WireError } from '../wire-error.ts';
import { diskError } from './disk-error.ts';
import { makeFolderDurably } from './durable-files.ts';
import { type Evicted, Evictions } from './evictions.ts';
import { FragmentFiles } from './fragment-files.ts';
import { FragmentIndex } from './fragment-index.ts';
import { HealingIndex } from './healing-index.ts';
import { type Arrival, type ArrivedContent, type Arriving, Intake } from './intake.ts';
import type { FragmentQuery, MediaStore, StoredFragment, StoredStream } from './media-store.ts';
import { reconcile } from './reconcile.ts';
import { Retention } from './retention.ts';
import { type Disk, diskOf, oldestIn, Room, type RoomLimits } from './room.ts';
import { StreamRecords } from './stream-records.ts';

export type StoreOptions = RoomLimits & {
  dataDir: string;
  clock: Clock;
  random: () => number;
  /** Retention works in the background; what goes wrong there is told here. */
  onProblem: (error: AgentError) => void;
  /** Told in a sentence when media begins to leave before its time, and of damage that was found and mended. */
  onNotice?: ((sentence: string) => void) | undefined;
  /** For tests: what the disk is to have. */
  disk?: (() => Promise<Disk | undefined>) | undefined;
};

/** How full the store is. */
export type StorageState = {
  bytes: number;
  maxBytes?: number | undefined;
  freeBytes?: number | undefined;
  minFreeBytes?: number | undefined;
  evicted: Evicted;
};

export class Store implements MediaStore {
  readonly #options: StoreOptions;
  readonly #streams: StreamRecords;
  readonly #index: HealingIndex;
  readonly #files: FragmentFiles;
  readonly #intake: Intake;
  #changes: Promise<void> = Promise.resolve();
  /** An event a stream, named as the stream with a letter before it: 'error' is a name too. */
  readonly #news = new EventEmitter<Record<`~${string}`, []>>().setMaxListeners(0);
  readonly #retention: Retention;
  readonly #room: Room;
  readonly #evictions: Evictions;

  private constructor(options: StoreOptions, streams: StreamRecords, index: FragmentIndex) {
    this.#options = options;
    this.#streams = streams;
    const { dataDir, clock, random, maxBytes, minFreeBytes } = options;
    const tell = (sentence: string) => options.onNotice?.(sentence);
    this.#index = this.#healing(index);
    this.#files = new FragmentFiles({
      ...{ streams, index: this.#index, tell },
      onRemoved: bytes => this.#room.removed(bytes),
    });
    this.#evictions = new Evictions(clock, tell);
    this.#room = new Room({
      ...{ maxBytes, minFreeBytes, bytes: index.bytes(), oldest: oldestIn(this) },
      streams: () => this.streams(),
      evict: ({ streamName, number }) => this.#files.remove(streamName, number),
      onEvicted: (fragment, shortage) => this.#evictions.add(fragment, shortage),
      disk: options.disk ?? (() => diskOf(dataDir)),
    });
    this.#retention = new Retention({
      clock,
      streams: () => this.streams(),
      fragments: query => this.fragments(query),
      beyond: (stream, bytes) => this.#index.askNow(known => known.beyond(stream, bytes)),
      remove: (stream, number) => this.#files.remove(stream, number),
      keepRoom: () => this.#room.keep({ fresh: true }),
      onProblem: error => this.#tellOfDeletion(error),
    });
    this.#intake = new Intake({
      ...{ clock, random, index: this.#index, files: this.#files, room: this.#room },
      findStream: name => this.findStream(name),
      restoreFolder: name => this.#restoreFolder(name),
    });
  }

  #healing(index: FragmentIndex): HealingIndex {
    const { dataDir, clock, onProblem, onNotice } = this.#options;
    return new HealingIndex(index, {
      ...{ path: indexPath(dataDir), clock },
      checkFiles: () => stat(streamsFolder(dataDir)),
      fill: (made, running) => reconcile(this.#streams, made, { nowMs: clock.nowMs(), running }),
      onDamage: () =>
        onNotice?.(
          'The index of fragments was damaged while the server ran: it is made again from their files, and what needs it ' +
            'is answered with ServiceUnavailable until then.',
        ),
      onHealed: made => this.#room.recount(made.bytes()),
      onFailure: error => onProblem(diskError(error, 'make the index of fragments again')),
    });
  }

  /** @throws AgentError when the folder cannot be used */
  static async open(options: StoreOptions): Promise<Store> {
    let index: FragmentIndex | undefined;
    try {
      await makeFolderDurably(options.dataDir);
      index = new FragmentIndex(indexPath(options.dataDir));
      const streams = await StreamRecords.open(streamsFolder(options.dataDir));
      await reconcile(streams, index, { nowMs: options.clock.nowMs() });
      const store = new Store(options, streams, index);
      await store.#retention.start();
      return store;
    } catch (error) {
      // Otherwise the next attempt would find it in use.
      index?.close();
      if (error instanceof AgentError) throw error;
      throw diskError(error, `use the data folder ${options.dataDir}`);
    }
  }

  streams(): StoredStream[] {
    return this.#streams.all();
  }

  findStream(nameOrArn: string): StoredStream | undefined {
    return this.#streams.find(nameOrArn);
  }

  /**
   * One after the other: who changes a stream's settings reads them first, and nobody else may change them in between.
   * Made for the control plane; `work` must not call this again.
   */
  exclusively<Result>(work: () => Promise<Result>): Promise<Result> {
    const result = this.#changes.then(work);
    this.#changes = result.then(
      () => undefined,
      () => undefined,
    );
    return result;
  }

  /** New, or with changed settings. @throws AgentError of the disk, WireError while the index is made again */
  async saveStream(stream: StoredStream): Promise<void> {
    // Nothing of an earlier one of that name, whose deletion a full disk may have cut short.
    if (!this.findStream(stream.name)) this.#room.removed(this.#index.askNow(known => known.removeStream(stream.name)));
    await this.#streams.save(stream).catch(error => {
      throw diskError(error, `keep the settings of the stream ${stream.name}`);
    });
  }

  /** With all its media. When it rejects, as `saveStream` does, nothing was deleted. */
  async removeStream(stream: string): Promise<void> {
    // Refused for the time being, rather than late.
    this.#index.askNow(known => known.newest(stream, 1));
    await this.#streams.retire(stream).catch(error => {
      throw diskError(error, `delete the stream ${stream}`);
    });
    this.#intake.forget(stream);
    const forget = async () => this.#room.removed(await this.#index.ask(known => known.removeStream(stream)));
    const isForgotten = await forget().then(
      () => true,
      () => false,
    );
    this.#news.emit(`~${stream}`);
    await this.#streams.clear(stream);
    // A full disk has room for it now. It is gone in any case: what the index keeps is found at the next start.
    if (!isForgotten) await forget().catch(error => this.#tellOfDeletion(error));
  }

  /** Begins to receive a fragment: it gets its number and the time of its arrival. */
  receive(arriving: Arriving): Promise<Arrival> {
    return this.#intake.receive(arriving);
  }

  /** The fragment survives a power cut when this returns. On failure it is forgotten. */
  async persist(arrival: Arrival, content: ArrivedContent): Promise<StoredFragment> {
    const fragment = await this.#intake.persist(arrival, content);
    this.#news.emit(`~${content.streamName}`);
    if (this.findStream(content.streamName)?.retentionHours === 0)
      await this.#retention.limitBuffer(content.streamName).catch(error => this.#tellOfDeletion(error));
    return fragment;
  }

  fragments(query: FragmentQuery): StoredFragment[] {
    return this.#index.askNow(known => known.list(query));
  }

  newest(stream: string, count: number): StoredFragment[] {
    return this.#index.askNow(known => known.newest(stream, count));
  }

  fragment(stream: string, number: string): StoredFragment | undefined {
    return this.#index.askNow(known => known.find(stream, number));
  }

  arrivedAfter(stream: string, number: string, limit: number): StoredFragment[] {
    return this.#index.askNow(known => known.after(stream, number, limit));
  }

  watch(stream: string, callback: () => void): () => void {
    this.#news.on(`~${stream}`, callback);
    return () => this.#news.off(`~${stream}`, callback);
  }

  readFragment(fragment: StoredFragment): Promise<Uint8Array> {
    return this.#files.read(fragment);
  }

  /** How full the store is, and what had to leave. */
  async storage(): Promise<StorageState> {
    const { bytes, maxBytes } = this.#room;
    return { bytes, maxBytes, ...(await this.#room.diskState()), evicted: this.#evictions.evicted };
  }

  /** Deletes what is older than its stream's retention. Runs by itself every minute. */
  enforceRetention(): Promise<void> {
    return this.#retention.enforce();
  }

  /** The end is near: nobody is to wait for files being read, to make the index again, any more. */
  closing(): void {
    this.#index.giveUpHealing();
  }

  async close(): Promise<void> {
    this.closing();
    await this.#retention.close();
    await this.#index.close();
  }

  async #restoreFolder(stream: string): Promise<void> {
    const isMade = await this.exclusively(() => this.#streams.restore(stream));
    if (isMade)
      this.#options.onNotice?.(
        `The folder of the stream ${stream} is made again: somebody took ${this.#streams.folder(stream)} away.`,
      );
    await this.#files.forgetMissing(stream);
  }

  #tellOfDeletion(error: unknown): void {
    // The index is being made again, which was told.
    if (error instanceof WireError) return;
    this.#options.onProblem(diskError(error, 'delete old fragments'));
  }
}

function indexPath(dataDir: string): string {
  return join(dataDir, 'index.sqlite');
}

function streamsFolder(dataDir: string): string {
  return join(dataDir, 'streams');
}
