// Who is signed in. A session is a random token in the browser's cookie; here only its hash is kept, in memory and on
// disk, so that a restart of the agent signs nobody out and a stolen file signs nobody in.
import { createHash, randomBytes } from 'node:crypto';
import { z } from 'zod';
import type { Clock } from '../clock.ts';
import { readPrivateFile, writePrivateFile } from '../settings/private-file.ts';

/** A session ends when it was not used for this long. */
export const idleMs = 30 * 86_400_000;
const maxSessions = 100;
/** How old the time of last use on disk may be: flash storage wears out by writing. */
const staleMs = 86_400_000;

const stored = z.object({ passwordId: z.string(), lastUsedMs: z.record(z.string(), z.number()) });

export type SessionsOptions = {
  file: string;
  clock: Clock;
  /** Sessions opened with another password are dropped. */
  passwordId: string;
};

export class Sessions {
  readonly #options: SessionsOptions;
  /** By token hash; in the order of use, so that the first is the one to drop. */
  readonly #lastUsedMs: Map<string, number>;
  #written: Promise<void> = Promise.resolve();

  private constructor(options: SessionsOptions, lastUsedMs: Map<string, number>) {
    this.#options = options;
    this.#lastUsedMs = lastUsedMs;
  }

  /** A file that cannot be read means that everybody signs in again, not that nobody can. */
  static async open(options: SessionsOptions): Promise<Sessions> {
    try {
      const { passwordId, lastUsedMs } = stored.parse(JSON.parse((await readPrivateFile(options.file)) ?? ''));
      return new Sessions(options, new Map(passwordId === options.passwordId ? Object.entries(lastUsedMs) : []));
    } catch {
      return new Sessions(options, new Map());
    }
  }

  /** The token of a new session. */
  async begin(): Promise<string> {
    const token = randomBytes(32).toString('base64url');
    const [oldest] = this.#lastUsedMs.keys();
    if (this.#lastUsedMs.size >= maxSessions && oldest) this.#lastUsedMs.delete(oldest);
    this.#lastUsedMs.set(hashOf(token), this.#options.clock.nowMs());
    await this.#save();
    return token;
  }

  /** Whether the token's session is open; it stays open for another 30 days. */
  use(token: string): boolean {
    const hash = hashOf(token);
    const lastUsedMs = this.#lastUsedMs.get(hash);
    if (lastUsedMs === undefined) return false;
    const nowMs = this.#options.clock.nowMs();
    if (nowMs - lastUsedMs > idleMs) {
      this.#lastUsedMs.delete(hash);
      return false;
    }
    if (Math.abs(nowMs - lastUsedMs) > staleMs) {
      this.#lastUsedMs.delete(hash);
      this.#lastUsedMs.set(hash, nowMs);
      void this.#save();
    }
    return true;
  }

  async end(token: string): Promise<void> {
    if (this.#lastUsedMs.delete(hashOf(token))) await this.#save();
  }

  /** One write after the other. On a full or read-only disk sessions simply end with the process. */
  #save(): Promise<void> {
    const { file, passwordId } = this.#options;
    this.#written = this.#written
      .then(() =>
        writePrivateFile(file, JSON.stringify({ passwordId, lastUsedMs: Object.fromEntries(this.#lastUsedMs) })),
      )
      .catch(() => undefined);
    return this.#written;
  }
}

function hashOf(token: string): string {
  return createHash('sha256').update(token).digest('base64url');
}
