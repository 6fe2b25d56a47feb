// Reads a whole fragment, and takes one whose file is gone or unreadable out of the way of the rest.
import { rename } from 'node:fs/promises';
import { AgentError, systemCode } from '../errors.ts';
import type { Facts } from '../facts.ts';
import type { Changes } from './changes.ts';
import { diskError } from './disk-errors.ts';
import { filePath } from './fragment-file.ts';
import type { FragmentRecord } from './fragment-record.ts';
import type { FragmentStore } from './fragment-store.ts';
import { giveUp } from './give-up.ts';
import { fileDamaged, fileMissing } from './recovery.ts';
import type { SpoolIndex } from './spool-index.ts';

export type ReaderOptions = { dir: string; index: SpoolIndex; store: FragmentStore; facts: Facts; changes: Changes };

export class FragmentReader {
  readonly #options: ReaderOptions;

  constructor(options: ReaderOptions) {
    this.#options = options;
  }

  /** As `Spool.readFragment`. */
  async read(record: FragmentRecord): Promise<Uint8Array> {
    const { dir, index, store } = this.#options;
    const known = index.byId(record.id) ?? record;
    try {
      return await store.read(known);
    } catch (error) {
      // Confirmed, refused or given its right time meanwhile, its file has another place.
      const moved = index.byId(record.id);
      if (moved && filePath(dir, moved) !== filePath(dir, known)) return this.read(moved);
      const errno = systemCode(error);
      if (errno !== 'ENOENT' && errno !== 'EIO') throw diskError(error, dir);
      await this.#drop(record.id, errno);
      throw missing(known, error);
    }
  }

  async #drop(id: number, errno: 'ENOENT' | 'EIO'): Promise<void> {
    const { dir, index, facts, changes } = this.#options;
    const known = index.byId(id);
    if (!known) return;
    const path = filePath(dir, known);
    if (errno === 'EIO') await rename(path, `${path}.damaged`).catch(() => undefined);
    const reason = errno === 'EIO' ? fileDamaged : fileMissing;
    giveUp({ index, facts }, known, reason);
    changes.announce(known.cameraId);
  }
}

function missing({ cameraId, startMs }: FragmentRecord, cause: unknown): AgentError {
  return new AgentError({
    code: 'fragment-missing',
    kind: 'data-loss',
    retry: 'never',
    message: `The recording of ${cameraId} from ${new Date(startMs).toISOString()} can no longer be read from the disk.`,
    cause,
  });
}
