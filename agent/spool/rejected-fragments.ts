// What the service refused for good: set aside, looked at, exported, or given another try by a person.
import { writeFile } from 'node:fs/promises';
import { AgentError } from '../errors.ts';
import { exportFailed } from './disk-errors.ts';
import type { FragmentRecord } from './fragment-record.ts';
import { setAside, takeBack } from './rejected-files.ts';
import type { SpoolIndex } from './spool-index.ts';

export class RejectedFragments {
  readonly #dir: string;
  readonly #index: SpoolIndex;

  constructor(dir: string, index: SpoolIndex) {
    this.#dir = dir;
    this.#index = index;
  }

  /** The row first: a crash in between leaves a file in its old place, and the next start sends it once more. */
  setAside(record: FragmentRecord, reason: string): void {
    this.#index.setState(record.id, 'rejected', { reason });
    setAside({ dir: this.#dir, ...record }, reason);
  }

  /** The file first: what waits in the folder waits in the index after the next start at the latest. */
  takeBack(record: FragmentRecord): void {
    takeBack({ dir: this.#dir, ...record });
    this.#index.setState(record.id, 'waiting');
    this.#index.setSendBegun(record.id, false);
  }

  /** Throws `fragment-missing` when there is no refused fragment of that id. */
  get(id: number): FragmentRecord {
    const record = this.#index.byId(id);
    if (record?.state === 'rejected') return record;
    throw new AgentError({
      code: 'fragment-missing',
      kind: 'invalid',
      retry: 'never',
      message: `There is no refused fragment with the number ${id}: "kvs-edge spool list" shows those there are.`,
    });
  }

  /** Never overwrites. Rejects with a `disk-…` AgentError that names the file. */
  async export(file: Uint8Array, path: string): Promise<void> {
    try {
      await writeFile(path, file, { flag: 'wx' });
    } catch (error) {
      throw exportFailed(error, path);
    }
  }
}
