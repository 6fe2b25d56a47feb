// One fragment on its way to disk. Until `commit` returns it does not exist: its file has another name, and whatever
// ends the process before leaves nothing but that file, which is removed at the next start.
import type { FileHandle } from 'node:fs/promises';
import { open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { unfinishedSuffix } from './durable-files.ts';
import type { FragmentIdentity } from './fragment-file.ts';
import { clusterHeader, identityTags } from './fragment-file.ts';

const flushBytes = 256 * 1024;

export class FragmentWriter {
  readonly #path: string;
  readonly #file: FileHandle;
  readonly #clusterOffset: number;
  #pending: Uint8Array[];
  #pendingBytes: number;
  #bytes: number;

  private constructor(path: string, file: FileHandle, prologue: Uint8Array[]) {
    this.#path = path;
    this.#file = file;
    const headerBytes = lengthOf(prologue);
    this.#clusterOffset = headerBytes;
    this.#pending = [...prologue, clusterHeader(0)];
    this.#pendingBytes = lengthOf(this.#pending);
    this.#bytes = this.#pendingBytes;
  }

  /** @param prologue the session's header, and the producer's tags for this fragment */
  static async open(
    path: string,
    identity: FragmentIdentity,
    prologue: { header: Uint8Array; tags: Uint8Array[] },
  ): Promise<FragmentWriter> {
    const file = await open(`${path}${unfinishedSuffix}`, 'w');
    return new FragmentWriter(path, file, [prologue.header, identityTags(identity), ...prologue.tags]);
  }

  /** Size of the file so far. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Adds to the cluster. The bytes must not change until the writer is committed or discarded. */
  async append(pieces: readonly Uint8Array[]): Promise<void> {
    const bytes = lengthOf(pieces);
    this.#pending.push(...pieces);
    this.#pendingBytes += bytes;
    this.#bytes += bytes;
    if (this.#pendingBytes >= flushBytes) await this.#flush();
  }

  /** The file is whole, synced and under its own name when this returns. On failure the writer is discarded. */
  async commit(): Promise<void> {
    // Opened meanwhile; whether that worked is asked for when it is needed.
    const folder = open(dirname(this.#path), 'r');
    folder.catch(() => undefined);
    try {
      const size = clusterHeader(this.#bytes - this.#clusterOffset - clusterHeader(0).length);
      // Its place may be among what was not flushed yet.
      await this.#flush();
      await this.#file.write(size, 0, size.length, this.#clusterOffset);
      await this.#file.sync();
      // Synced: nothing can go wrong with it any more, and nobody needs to wait.
      void this.#file.close().catch(() => undefined);
      await rename(`${this.#path}${unfinishedSuffix}`, this.#path);
      await (await folder).sync();
    } catch (error) {
      await this.discard();
      // Under its own name, but perhaps not for long: the producer will send it again, and it must not be found then.
      await rm(this.#path, { force: true }).catch(() => undefined);
      throw error;
    } finally {
      void folder.then(handle => handle.close()).catch(() => undefined);
    }
  }

  /** Forgets the fragment. Never rejects: what cannot be removed now is removed at the next start. */
  async discard(): Promise<void> {
    this.#pending = [];
    await this.#file.close().catch(() => undefined);
    await rm(`${this.#path}${unfinishedSuffix}`, { force: true }).catch(() => undefined);
  }

  async #flush(): Promise<void> {
    const pieces = this.#pending;
    let missing = this.#pendingBytes;
    this.#pending = [];
    this.#pendingBytes = 0;
    const { bytesWritten } = await this.#file.writev(pieces);
    missing -= bytesWritten;
    // A nearly full disk may take a part only; the next write then says why.
    if (missing > 0) await this.#file.writeFile(Buffer.concat(pieces).subarray(bytesWritten));
  }
}

function lengthOf(pieces: readonly Uint8Array[]): number {
  return pieces.reduce((sum, piece) => sum + piece.length, 0);
}
