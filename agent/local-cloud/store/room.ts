// How much the stored media may take: a cap on all of it together, and room on the disk that is left to others. When either
// is reached the oldest fragments go first, of whatever stream, before their retention is over: what just happened is worth
// more than what happened first, and a recorder that stops recording is worth nothing.
// Invariants: media that is indexed never exceeds the cap, because room is made before a fragment counts; the sum is that
// of the index, taken once, and again when the index is made again, and kept with every change.
import { statfs } from 'node:fs/promises';
import type { MediaStore, StoredFragment } from './media-store.ts';

/** Looked for in one go; the oldest of all are among the oldest of each. */
const batch = 64;
/** The disk is asked again after so much was written, or earlier when it is nearly full. */
const remeasureBytes = 64_000_000;
const defaultMinFreeBytes = 256 * 2 ** 20;
/** Of a small disk the default leaves no more than this share. */
const defaultMinFreeShare = 0.05;

export type RoomLimits = {
  /** Left out: only the disk sets a limit. */
  maxBytes?: number | undefined;
  /** Default 256 MiB, on small disks a twentieth. 0 leaves nothing. */
  minFreeBytes?: number | undefined;
};

/** Why fragments leave before their time. */
export type Shortage = 'over-cap' | 'disk-crowded';

export type Disk = { freeBytes: number; sizeBytes: number };

export type RoomOptions = RoomLimits & {
  /** What is stored when this begins. */
  bytes: number;
  streams: () => readonly { name: string }[];
  oldest: (stream: string, limit: number) => StoredFragment[];
  /** Deletes the file and forgets it; calls `removed` with its size. */
  evict: (fragment: StoredFragment) => Promise<void>;
  onEvicted: (fragment: StoredFragment, shortage: Shortage) => void;
  /** Undefined when the system does not tell. */
  disk: () => Promise<Disk | undefined>;
};

export class Room {
  readonly #options: RoomOptions;
  #bytes: number;
  /** Of fragments that are on disk but not in the index yet. */
  #expectedBytes = 0;
  #writtenBytes = 0;
  #measureAtBytes = 0;
  /** The oldest of all, in the order they leave. What arrives is newer, so it stays right until it is used up. */
  #next: StoredFragment[] = [];
  #last: Promise<unknown> = Promise.resolve();

  constructor(options: RoomOptions) {
    this.#options = options;
    this.#bytes = options.bytes;
  }

  /** Of all fragments in the index. */
  get bytes(): number {
    return this.#bytes;
  }

  get maxBytes(): number | undefined {
    return this.#options.maxBytes;
  }

  /** Something was deleted, for whatever reason. */
  removed(bytes: number): void {
    this.#bytes -= bytes;
  }

  /** The index was made again: so many bytes are in it. */
  recount(bytes: number): void {
    this.#bytes = bytes;
    this.#next = [];
  }

  /**
   * Makes room for a fragment that is written and about to be indexed. `work` indexes it; on failure it does not count.
   * Rejects as `work` does, or when there is no room and an old file cannot be deleted.
   */
  async take(bytes: number, work: () => Promise<StoredFragment>): Promise<StoredFragment> {
    this.#expectedBytes += bytes;
    this.#writtenBytes += bytes;
    const fragment = await this.#count(bytes, work);
    // Several that came at once and are larger than the cap together. This one is kept, whatever becomes of older ones:
    // what cannot be deleted now is tried again, and told, every minute.
    if (this.#bytes > this.#maxBytes) await this.keep().catch(() => undefined);
    return fragment;
  }

  async #count(bytes: number, work: () => Promise<StoredFragment>): Promise<StoredFragment> {
    try {
      await this.keep();
      const fragment = await work();
      this.#bytes += bytes;
      // It began to arrive before something that is to leave soon.
      if (fragment.serverMs < (this.#next.at(-1)?.serverMs ?? 0)) this.#next = [];
      return fragment;
    } catch (error) {
      // Perhaps the disk is full: look at once.
      this.#measureAtBytes = 0;
      throw error;
    } finally {
      this.#expectedBytes -= bytes;
    }
  }

  /** Brings what is stored under the limits. @param fresh asks the disk in any case */
  keep({ fresh = false } = {}): Promise<void> {
    const run = this.#last.then(() => this.#keep(fresh));
    this.#last = run.catch(() => undefined);
    return run;
  }

  /** How much of the disk is left, and how much is to be. */
  async diskState(): Promise<{ freeBytes: number; minFreeBytes: number } | undefined> {
    const disk = await this.#options.disk();
    return disk && { freeBytes: disk.freeBytes, minFreeBytes: this.#minFreeBytes(disk) };
  }

  async #keep(fresh: boolean): Promise<void> {
    await this.#evict('over-cap', () => this.#bytes + this.#expectedBytes > this.#maxBytes);
    if (!fresh && this.#writtenBytes < this.#measureAtBytes) return;
    const state = await this.diskState();
    if (!state) return;
    const spareBytes = state.freeBytes - state.minFreeBytes;
    this.#measureAtBytes = this.#writtenBytes + Math.min(remeasureBytes, Math.max(0, spareBytes / 2));
    // Asked once: room that a deletion frees may show late. When all of it would not do, others have filled the disk.
    const targetBytes = this.#bytes + spareBytes;
    if (spareBytes < 0 && targetBytes >= 0) await this.#evict('disk-crowded', () => this.#bytes > targetBytes);
  }

  async #evict(shortage: Shortage, isShort: () => boolean): Promise<void> {
    while (isShort()) {
      if (this.#next.length === 0) this.#next = this.#oldestOfAll();
      const fragment = this.#next.shift();
      if (!fragment) return;
      const before = this.#bytes;
      await this.#options.evict(fragment);
      // Retention, or the end of its stream, may have been quicker.
      if (this.#bytes < before) this.#options.onEvicted(fragment, shortage);
    }
  }

  #oldestOfAll(): StoredFragment[] {
    const { streams, oldest } = this.#options;
    return streams()
      .flatMap(({ name }) => oldest(name, batch))
      .sort((a, b) => a.serverMs - b.serverMs || (a.number < b.number ? -1 : 1))
      .slice(0, batch);
  }

  get #maxBytes(): number {
    return this.#options.maxBytes ?? Number.POSITIVE_INFINITY;
  }

  #minFreeBytes({ sizeBytes }: Disk): number {
    return this.#options.minFreeBytes ?? Math.min(defaultMinFreeBytes, sizeBytes * defaultMinFreeShare);
  }
}

/** Of the disk a folder is on, for users like this one. */
export async function diskOf(folder: string): Promise<Disk | undefined> {
  try {
    const { bavail, blocks, bsize } = await statfs(folder);
    return { freeBytes: bavail * bsize, sizeBytes: blocks * bsize };
  } catch {
    return undefined;
  }
}

/** As the room asks for them, from what the store offers to others. */
export function oldestIn(store: Pick<MediaStore, 'arrivedAfter'>): RoomOptions['oldest'] {
  return (stream, limit) => store.arrivedAfter(stream, '', limit);
}
