// Streams and fragments on disk. What it promises:
// 1. A fragment exists when, and only when, its whole file is synced under its own name; only then it is in the index.
// 2. Fragment numbers of a stream strictly increase, across restarts too.
// 3. The process may be killed at any moment: the next start finds every fragment that existed, and nothing half.

import { EventEmitter } from 'node:events';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../../clock.ts';
import { AgentError, systemCode } from '../../errors.ts';
import { makeFolder } from '../../folders.ts';
import type { Track } from '../../matroska/track.ts';
import { WireError } from '../wire-error.ts';
import { ArrivalTimes } from './arrival-times.ts';
import { diskError } from './disk-error.ts';
import { type Evicted, Evictions } from './evictions.ts';
import { FragmentIndex } from './fragment-index.ts';
import { fragmentNumber } from './fragment-number.ts';
import { FragmentWriter } from './fragment-writer.ts';
import type { FragmentQuery, MediaStore, StoredFragment, StoredStream } from './media-store.ts';
import { readWhole } from './read-whole.ts';
import { fragmentSuffix, reconcile } from './reconcile.ts';
import { Retention } from './retention.ts';
import { type Disk, diskOf, oldestIn, Room, type RoomLimits } from './room.ts';
import { StreamRecords } from './stream-records.ts';

export type StoreOptions = RoomLimits & {
  dataDir: string;
  clock: Clock;
  random: () => number;
  /** Retention works in the background; what goes wrong there is told here. */
  onProblem: (error: AgentError) => void;
  /** Told in a sentence when media begins to leave before its time. */
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

/** A fragment that is arriving. */
export type Arrival = {
  number: string;
  serverMs: number;
  /** The stream's; another may have its name later. */
  arn: string | undefined;
  writer: FragmentWriter;
};

export class Store implements MediaStore {
  readonly #options: StoreOptions;
  readonly #streams: StreamRecords;
  readonly #index: FragmentIndex;
  #changes: Promise<void> = Promise.resolve();
  readonly #arrivals = new ArrivalTimes();
  /** An event a stream, named as the stream with a letter before it: 'error' is a name too. */
  readonly #news = new EventEmitter<Record<`~${string}`, []>>().setMaxListeners(0);
  readonly #retention: Retention;
  readonly #room: Room;
  readonly #evictions: Evictions;

  private constructor(options: StoreOptions, streams: StreamRecords, index: FragmentIndex) {
    this.#options = options;
    this.#streams = streams;
    this.#index = index;
    const { dataDir, clock, maxBytes, minFreeBytes } = options;
    this.#evictions = new Evictions(clock, sentence => options.onNotice?.(sentence));
    this.#room = new Room({
      ...{ maxBytes, minFreeBytes, bytes: index.bytes(), oldest: oldestIn(this) },
      streams: () => this.streams(),
      evict: ({ streamName, number }) => this.#removeFragment(streamName, number),
      onEvicted: (fragment, shortage) => this.#evictions.add(fragment, shortage),
      disk: options.disk ?? (() => diskOf(dataDir)),
    });
    this.#retention = new Retention({
      clock,
      streams: () => this.streams(),
      fragments: query => this.fragments(query),
      beyond: (stream, bytes) => index.beyond(stream, bytes),
      remove: (stream, number) => this.#removeFragment(stream, number),
      keepRoom: () => this.#room.keep({ fresh: true }),
      onProblem: error => options.onProblem(diskError(error, 'delete old fragments')),
    });
  }

  /** @throws AgentError when the folder cannot be used */
  static async open(options: StoreOptions): Promise<Store> {
    let index: FragmentIndex | undefined;
    try {
      await makeFolder(options.dataDir);
      index = new FragmentIndex(join(options.dataDir, 'index.sqlite'));
      const streams = await StreamRecords.open(join(options.dataDir, 'streams'));
      await reconcile(streams, index, options.clock.nowMs());
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

  /** New, or with changed settings. */
  async saveStream(stream: StoredStream): Promise<void> {
    // Nothing of an earlier one of that name, whose deletion a full disk may have cut short.
    if (!this.findStream(stream.name)) this.#room.removed(this.#index.removeStream(stream.name));
    await this.#streams.save(stream);
  }

  /** With all its media. When it rejects, nothing was deleted. */
  async removeStream(stream: string): Promise<void> {
    await this.#streams.retire(stream);
    this.#arrivals.forget(stream);
    this.#room.removed(this.#index.removeStream(stream));
    this.#news.emit(`~${stream}`);
    await this.#streams.clear(stream);
  }

  /** Begins to receive a fragment: it gets its number and the time of its arrival. */
  async receive(arriving: {
    stream: string;
    producerMs: number;
    header: Uint8Array;
    tags: Uint8Array[];
  }): Promise<Arrival> {
    const newestMs = () => this.newest(arriving.stream, 1)[0]?.serverMs;
    const serverMs = this.#arrivals.next(arriving.stream, Math.round(this.#options.clock.nowMs()), newestMs);
    const sequence = this.#index.nextSequence(arriving.stream);
    const number = fragmentNumber({ sequence, serverMs, random: this.#options.random() });
    const identity = { number, serverMs, producerMs: arriving.producerMs };
    const arn = this.findStream(arriving.stream)?.arn;
    const writer = await FragmentWriter.open(this.#path(arriving.stream, number), identity, arriving);
    return { number, serverMs, arn, writer };
  }

  /** The fragment survives a power cut when this returns. On failure it is forgotten. */
  async persist(
    arrival: Arrival,
    content: {
      streamName: string;
      producerMs: number;
      lengthMs: number;
      frames: number;
      timelineMs: number;
      tracks: readonly Track[];
    },
  ): Promise<StoredFragment> {
    const { number, serverMs, arn, writer } = arrival;
    const fragment = await this.#room
      .take(writer.bytes, async () => {
        await writer.commit();
        return this.#enterIndex({ ...content, number, serverMs, bytes: writer.bytes }, arn);
      })
      .catch(async error => {
        await writer.discard();
        throw error;
      });
    this.#news.emit(`~${content.streamName}`);
    if (this.findStream(content.streamName)?.retentionHours === 0)
      await this.#retention
        .limitBuffer(content.streamName)
        .catch(error => this.#options.onProblem(diskError(error, 'delete old fragments')));
    return fragment;
  }

  /** @param arn of the stream that the fragment arrived for */
  async #enterIndex(fragment: Omit<StoredFragment, 'codecKey'>, arn: string | undefined): Promise<StoredFragment> {
    try {
      if (this.findStream(fragment.streamName)?.arn !== arn) throw new Error('the stream was deleted meanwhile');
      return this.#index.add(fragment);
    } catch (error) {
      // The producer will send it again: a file left here would be found at the next start and count twice.
      await rm(this.#path(fragment.streamName, fragment.number), { force: true }).catch(() => undefined);
      throw error;
    }
  }

  fragments(query: FragmentQuery): StoredFragment[] {
    return this.#index.list(query);
  }

  newest(stream: string, count: number): StoredFragment[] {
    return this.#index.newest(stream, count);
  }

  fragment(stream: string, number: string): StoredFragment | undefined {
    return this.#index.find(stream, number);
  }

  arrivedAfter(stream: string, number: string, limit: number): StoredFragment[] {
    return this.#index.after(stream, number, limit);
  }

  watch(stream: string, callback: () => void): () => void {
    this.#news.on(`~${stream}`, callback);
    return () => this.#news.off(`~${stream}`, callback);
  }

  async readFragment({ streamName, number, bytes }: StoredFragment): Promise<Uint8Array> {
    try {
      return await readWhole(this.#path(streamName, number), bytes);
    } catch (error) {
      if (systemCode(error) === 'ENOENT')
        throw new WireError('ResourceNotFoundException', `The fragment ${number} is not kept any more.`);
      throw diskError(error, `read the fragment ${number}`);
    }
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

  async #removeFragment(stream: string, number: string): Promise<void> {
    await rm(this.#path(stream, number), { force: true });
    this.#room.removed(this.#index.remove(stream, number));
  }

  async close(): Promise<void> {
    await this.#retention.close();
    this.#index.close();
  }

  #path(stream: string, number: string): string {
    return join(this.#streams.folder(stream), `${number}${fragmentSuffix}`);
  }
}
