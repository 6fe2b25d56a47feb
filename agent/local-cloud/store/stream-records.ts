// The streams and their settings: one folder each, with a `stream.json` in it. The files are the truth; what is in
// memory is a copy. Folder names are made from the stream's name and a hash of it, so that no name can reach outside,
// be too long, or be taken for another on a disk that ignores case.
import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rm, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { AgentError, systemCode } from '../../errors.ts';
import { syncFolder } from '../../folders.ts';
import { entries } from '../entries.ts';
import { makeFolderDurably, renameDurably, writeDurably } from './durable-files.ts';
import type { StoredStream } from './media-store.ts';

const recordName = 'stream.json';
const deletedSuffix = '.deleted';

const streamSchema = z.object({
  name: z.string(),
  arn: z.string(),
  createdMs: z.number(),
  version: z.string(),
  retentionHours: z.number(),
  deviceName: z.string().optional(),
  mediaType: z.string().optional(),
  kmsKeyId: z.string().optional(),
  tags: entries(z.string(), z.string()),
  storageTier: z.enum(['HOT', 'WARM']).optional(),
  imageGeneration: z.record(z.string(), z.unknown()).optional(),
  notification: z.record(z.string(), z.unknown()).optional(),
});

/** The safe folder name of a stream. */
export function folderName(streamName: string): string {
  const hash = createHash('sha256').update(streamName).digest('hex').slice(0, 16);
  return `${streamName.slice(0, 64)}~${hash}`;
}

export class StreamRecords {
  readonly #root: string;
  readonly #byName = new Map<string, StoredStream>();

  private constructor(root: string) {
    this.#root = root;
  }

  /** Reads what is there; finishes deletions that were interrupted. */
  static async open(root: string): Promise<StreamRecords> {
    const records = new StreamRecords(root);
    await makeFolderDurably(root);
    for (const entry of await readdir(root, { withFileTypes: true })) {
      if (!entry.isDirectory()) continue;
      if (entry.name.endsWith(deletedSuffix)) await rm(join(root, entry.name), { recursive: true, force: true });
      else await records.#load(join(root, entry.name));
    }
    return records;
  }

  async #load(folder: string): Promise<void> {
    const text = await readFile(join(folder, recordName), 'utf8').catch(error => {
      // A folder without a record was being created when the power went: nothing was promised about it.
      if (systemCode(error) === 'ENOENT') return undefined;
      throw error;
    });
    if (text === undefined) return;
    const stream = parseRecord(text);
    if (!stream)
      throw new AgentError({
        code: 'disk-failed',
        kind: 'data-loss',
        retry: 'never',
        message: `The stream record ${join(folder, recordName)} is damaged. Repair it, or move that folder away to start without it.`,
      });
    this.#byName.set(stream.name, stream);
  }

  /** By name. */
  all(): StoredStream[] {
    return [...this.#byName.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  find(nameOrArn: string): StoredStream | undefined {
    if (!nameOrArn.startsWith('arn:')) return this.#byName.get(nameOrArn);
    const stream = this.#byName.get(nameOrArn.split('/')[1] ?? '');
    return stream?.arn === nameOrArn ? stream : undefined;
  }

  folder(streamName: string): string {
    return join(this.#root, folderName(streamName));
  }

  /** On disk when it returns. Replaces the record of the same name. */
  async save(stream: StoredStream): Promise<void> {
    const folder = this.folder(stream.name);
    await this.#makeFolder(folder);
    await writeDurably(join(folder, recordName), JSON.stringify(stream, null, 2));
    await syncFolder(this.#root);
    this.#byName.set(stream.name, stream);
  }

  /** Makes the folder of a stream again that somebody took away; false when it is there. */
  async restore(streamName: string): Promise<boolean> {
    const stream = this.#byName.get(streamName);
    if (!stream) return false;
    const folder = this.folder(streamName);
    if (!(await this.#makeFolder(folder))) return false;
    try {
      await this.save(stream);
    } catch (error) {
      // The next start would not know whose the fragments are that came into it.
      await rmdir(folder).catch(() => undefined);
      throw error;
    }
    return true;
  }

  /** False when it is there. Nothing above it is made: a disk that was taken away may come back. */
  async #makeFolder(folder: string): Promise<boolean> {
    try {
      await mkdir(folder);
      return true;
    } catch (error) {
      if (systemCode(error) === 'EEXIST') return false;
      throw error;
    }
  }

  /** Gone at once for whoever asks, and on disk when it returns; its media is still to be cleared. */
  async retire(streamName: string): Promise<void> {
    const stream = this.#byName.get(streamName);
    const folder = this.folder(streamName);
    // First: what fails in a folder that is being renamed fails because the stream is gone.
    this.#byName.delete(streamName);
    try {
      await rm(`${folder}${deletedSuffix}`, { recursive: true, force: true });
      // An interrupted deletion must not leave half a stream, nor meet a new one of the same name.
      await renameDurably(folder, `${folder}${deletedSuffix}`);
    } catch (error) {
      // Somebody took the folder away: so it is gone.
      if (systemCode(error) === 'ENOENT') return;
      if (stream) this.#byName.set(streamName, stream);
      throw error;
    }
  }

  /** Removes the media of a stream that was retired. What cannot be removed now is removed at the next start. */
  async clear(streamName: string): Promise<void> {
    await rm(`${this.folder(streamName)}${deletedSuffix}`, { recursive: true, force: true }).catch(() => undefined);
  }
}

function parseRecord(text: string): StoredStream | undefined {
  try {
    return streamSchema.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}
