// Tracks and codec private data, kept once for all the fragments that share them.
import { createHash } from 'node:crypto';
import type { DatabaseSync } from 'node:sqlite';
import { z } from 'zod';
import type { Track } from '../../matroska/track.ts';
import { IndexDamage } from './index-damage.ts';

const shared = {
  number: z.number(),
  codecId: z.string(),
  codecPrivate: z.base64().transform(text => Uint8Array.from(Buffer.from(text, 'base64'))),
};
const tracksSchema = z.array(
  z.discriminatedUnion('type', [
    z.object({ type: z.literal('video'), ...shared, width: z.number(), height: z.number() }),
    z.object({ type: z.literal('audio'), ...shared, sampleRate: z.number(), channels: z.number() }),
  ]),
);

export type CodecEntry = { readonly codecKey: string; readonly tracks: readonly Track[] };

/** Of what is in memory, as text. Codec private data may be 1 MiB, and other in every session. */
const maxMemoryLength = 16 * 1024 * 1024;

export class CodecTable {
  readonly #db: Pick<DatabaseSync, 'prepare'>;
  /** Those that were met last, oldest first. */
  readonly #entries = new Map<string, CodecEntry & { readonly length: number }>();
  #length = 0;
  /** By identity: those of the sessions that send now. */
  readonly #keys = new WeakMap<readonly Track[], string>();

  /** @param db has a table `codecs (key, tracks)` */
  constructor(db: Pick<DatabaseSync, 'prepare'>) {
    this.#db = db;
  }

  /** The key of these tracks; new ones are added to the table. */
  keyOf(tracks: readonly Track[]): string {
    const known = this.#keys.get(tracks);
    if (known !== undefined) return known;
    const text = JSON.stringify(
      tracks.map(track => ({ ...track, codecPrivate: Buffer.from(track.codecPrivate).toString('base64') })),
    );
    const key = keyOf(text);
    this.#db.prepare('INSERT OR IGNORE INTO codecs VALUES (?, ?)').run(key, text);
    this.#remember({ codecKey: key, tracks, length: text.length });
    this.#keys.set(tracks, key);
    return key;
  }

  /**
   * The same strings and arrays for one key, as far as memory goes: thousands of fragments share them.
   * @throws IndexDamage
   */
  entry(key: string): CodecEntry {
    const known = this.#entries.get(key);
    if (known) return known;
    const text = String(this.#db.prepare('SELECT tracks FROM codecs WHERE key = ?').get(key)?.tracks);
    if (keyOf(text) !== key) throw new IndexDamage(`the codecs ${key} are missing or damaged`);
    return this.#remember({ codecKey: key, tracks: tracksSchema.parse(JSON.parse(text)), length: text.length });
  }

  #remember(entry: CodecEntry & { readonly length: number }): CodecEntry {
    const known = this.#entries.get(entry.codecKey);
    if (known) return known;
    this.#entries.set(entry.codecKey, entry);
    this.#length += entry.length;
    for (const [key, { length }] of this.#entries) {
      if (this.#length <= maxMemoryLength || key === entry.codecKey) break;
      this.#entries.delete(key);
      this.#length -= length;
    }
    return entry;
  }
}

/** Of fragments that are not kept any more. */
export function removeUnusedCodecs(db: Pick<DatabaseSync, 'exec'>): void {
  db.exec('DELETE FROM codecs WHERE key NOT IN (SELECT codec_key FROM fragments)');
}

/** Every fragment's codecs are there, and none was altered. */
export function hasAllCodecs(db: DatabaseSync): boolean {
  const missing = db.prepare('SELECT 1 FROM fragments WHERE codec_key NOT IN (SELECT key FROM codecs) LIMIT 1').get();
  const codecs = db.prepare('SELECT key, tracks FROM codecs').all();
  return !missing && codecs.every(({ key, tracks }) => keyOf(String(tracks)) === key);
}

function keyOf(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 32);
}
