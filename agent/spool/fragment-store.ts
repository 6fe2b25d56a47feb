// Where a fragment's bytes are: in its file or, in memory-first mode, in memory until they must be written — not confirmed
// in time, too much of it, or the agent stops. What is confirmed before that never reaches the disk.
import { readFile } from 'node:fs/promises';
import type { AgentError } from '../errors.ts';
import type { Facts } from '../facts.ts';
import type { DiskTrouble } from './disk-trouble.ts';
import { filePath, moveIntoPlace, writeWhole } from './fragment-file.ts';
import type { FragmentRecord } from './fragment-record.ts';
import type { BeginOptions, FragmentSink, NewFragment } from './fragment-tally.ts';
import { giveUp } from './give-up.ts';
import { GrowingFile } from './growing-file.ts';
import { GrowingMemory } from './growing-memory.ts';
import { MemoryFragments } from './memory-fragments.ts';
import type { SpoolIndex } from './spool-index.ts';

export type StoreOptions = {
  dir: string;
  index: SpoolIndex;
  facts: Facts;
  trouble: DiskTrouble;
  /** Memory-first: how long a fragment may stay unwritten, and how much of all cameras. Left out: disk-first. */
  memory?: { keepMs: number; maxBytes: number };
  /** Earlier times are provisional: such fragments wait long, and get their right times as files. */
  provisionalBeforeMs: number;
  /** Whether a persisted fragment of that camera must stay on the device. */
  isRetained: (cameraId: string) => boolean;
  onWritten: (bytes: number) => void;
};

export class FragmentStore {
  readonly #options: StoreOptions;
  readonly #memory = new MemoryFragments();
  #writing: Promise<void> = Promise.resolve();

  constructor(options: StoreOptions) {
    this.#options = options;
  }

  /** Rejects with the system's error. */
  async begin(begin: BeginOptions): Promise<FragmentSink> {
    const { memory, provisionalBeforeMs } = this.#options;
    return memory && begin.startMs >= provisionalBeforeMs
      ? new GrowingMemory(begin)
      : GrowingFile.begin(begin, this.#options);
  }

  /** Adds the row of a whole fragment; `file` when its bytes are in memory only. Throws SQLite's own errors. */
  count(fragment: NewFragment, file: Uint8Array | undefined, monotonicMs: number): FragmentRecord {
    const record = this.#options.index.insert(fragment, { inMemory: file !== undefined });
    if (file) this.#memory.add(record.id, file, monotonicMs);
    return record;
  }

  /** Rejects with the system's error. */
  async read(record: FragmentRecord): Promise<Uint8Array> {
    const file = this.#memory.read(record.id);
    return file ?? readFile(filePath(this.#options.dir, record));
  }

  /** Writes what was in memory long enough or is too much. Never rejects: what the disk refuses is tried again. */
  async writeDue(monotonicMs: number): Promise<void> {
    const { memory } = this.#options;
    if (!memory) return;
    await this.#inTurn(async () => {
      await this.#writeEach(this.#memory.wholeBefore(monotonicMs - memory.keepMs));
      for (const id of this.#pressed()) {
        if (this.#memory.bytes <= memory.maxBytes) return;
        const failure = await this.#writeEach([id]);
        if (failure) this.#giveUp(id, failure.code);
      }
    });
  }

  /** Writes everything. Never rejects. */
  async writeAll(): Promise<void> {
    await this.#inTurn(async () => {
      await this.#writeEach(this.#memory.all());
    });
  }

  /** One that the index fails too is published, and the next one tries again. */
  #inTurn(work: () => Promise<void>): Promise<void> {
    this.#writing = this.#writing.then(() => this.#options.trouble.attempt('', work));
    return this.#writing;
  }

  /** What the service has first: dropping it costs nothing. Then oldest first. */
  #pressed(): number[] {
    const isPersisted = (id: number) => this.#options.index.byId(id)?.state === 'persisted';
    return this.#memory.all().sort((a, b) => Number(isPersisted(b)) - Number(isPersisted(a)));
  }

  /** Stops at the first that the disk refuses and returns why. */
  async #writeEach(ids: readonly number[]): Promise<AgentError | undefined> {
    for (const id of ids) {
      try {
        await this.#write(id);
      } catch (thrown) {
        const cameraId = this.#options.index.byId(id)?.cameraId ?? '';
        return this.#options.trouble.publish(cameraId, thrown);
      }
    }
    return undefined;
  }

  async #write(id: number): Promise<void> {
    const { index, dir, isRetained, onWritten } = this.#options;
    const record = index.byId(id);
    const file = this.#memory.read(id);
    if (record && file) {
      if (record.state === 'persisted' && !isRetained(record.cameraId)) index.forget(record, '');
      else {
        await writeWhole(filePath(dir, record), file);
        onWritten(file.length);
        await this.#follow(record);
        index.markWritten(id);
      }
    }
    this.#memory.drop(id);
  }

  /** The service may have refused it while it was being written. */
  async #follow(written: FragmentRecord): Promise<void> {
    const { index, dir } = this.#options;
    const record = index.byId(written.id) ?? written;
    if (record.state === 'rejected' && written.state !== 'rejected')
      await moveIntoPlace(filePath(dir, written), filePath(dir, record));
  }

  #giveUp(id: number, reason: string): void {
    const record = this.#options.index.byId(id);
    this.#memory.drop(id);
    if (record) giveUp(this.#options, record, reason);
  }
}
