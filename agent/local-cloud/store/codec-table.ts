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

export class CodecTable {
  readonly #db: Pick<DatabaseSync, 'prepare'>;
  readonly #entries = new Map<string, CodecEntry>();
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
    if (!this.#entries.has(key)) {
      this.#db.prepare('INSERT OR IGNORE INTO codecs VALUES (?, ?)').run(key, text);
      this.#entries.set(key, { codecKey: key, tracks });
    }
    this.#keys.set(tracks, key);
    return key;
  }

  /**
   * The same strings and arrays every time for one key: thousands of fragments share them.
   * @throws IndexDamage
   */
  entry(key: string): CodecEntry {
    const known = this.#entries.get(key);
    if (known) return known;
    const text = String(this.#db.prepare('SELECT tracks FROM codecs WHERE key = ?').get(key)?.tracks);
    if (keyOf(text) !== key) throw new IndexDamage(`the codecs ${key} are missing or damaged`);
    const entry = { codecKey: key, tracks: tracksSchema.parse(JSON.parse(text)) };
    this.#entries.set(key, entry);
    return entry;
  }
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
