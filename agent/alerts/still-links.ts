// Links to single pictures that open without signing in, until they expire: the picture's id and the moment of expiry,
// signed with a key that never leaves the device. Nothing is kept of them; a new key ends them all.
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { join } from 'node:path';
import { readPrivateFile, writePrivateFile } from '../settings/private-file.ts';
import type { StillLink } from './payload.ts';

const keyBytes = 32;
const validMs = 7 * 86_400_000;

export type SignedStill = {
  sightingId: string;
  /** Seconds since 1970, as text. */
  expires: string;
  signature: string;
};

export class StillLinks {
  readonly #key: Uint8Array;

  private constructor(key: Uint8Array) {
    this.#key = key;
  }

  /** Makes the key at the first start. Throws AgentError `disk-*`. */
  static async open({ dataDir }: { dataDir: string }): Promise<StillLinks> {
    const file = join(dataDir, 'still-link-key');
    const stored = Buffer.from((await readPrivateFile(file)) ?? '', 'base64url');
    if (stored.length === keyBytes) return new StillLinks(stored);
    const key = randomBytes(keyBytes);
    await writePrivateFile(file, `${key.toString('base64url')}\n`);
    return new StillLinks(key);
  }

  /** @param sightingId whose picture it is  @param place address of the console, and the wall time now */
  link(sightingId: string, { consoleUrl, nowMs }: { consoleUrl: string; nowMs: number }): StillLink {
    const expires = String(Math.floor((nowMs + validMs) / 1_000));
    const url = new URL(`/stills/${encodeURIComponent(sightingId)}.jpg`, consoleUrl);
    url.searchParams.set('expires', expires);
    url.searchParams.set('signature', this.#signatureOf(sightingId, expires).toString('base64url'));
    return { url: url.href, expiresMs: Number(expires) * 1_000 };
  }

  /** `wrong` for what was never signed here. */
  judge({ sightingId, expires, signature }: SignedStill, nowMs: number): 'valid' | 'expired' | 'wrong' {
    const expected = this.#signatureOf(sightingId, expires);
    const given = Buffer.from(signature, 'base64url');
    if (given.length !== expected.length || !timingSafeEqual(given, expected)) return 'wrong';
    return nowMs < Number(expires) * 1_000 ? 'valid' : 'expired';
  }

  #signatureOf(sightingId: string, expires: string): Buffer {
    return createHmac('sha256', this.#key).update(`still\n${expires}\n${sightingId}`).digest();
  }
}
