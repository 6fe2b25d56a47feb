// Tracks and codec private data, kept once for all the fragments that share them.
import { createHash } from 'node:crypto';
import type { DatabaseSync } from 'node:sqlite';
import { z } from 'zod';
import type { Track } from '../../matroska/track.ts';

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

export class CodecTable {
  readonly #db: DatabaseSync;
  readonly #tracks = new Map<string, readonly Track[]>();

  /** @param db has a table `codecs (key, tracks)` */
  constructor(db: DatabaseSync) {
    this.#db = db;
  }

  /** The key of these tracks; new ones are added to the table. */
  keyOf(tracks: readonly Track[]): string {
    const text = JSON.stringify(
      tracks.map(track => ({ ...track, codecPrivate: Buffer.from(track.codecPrivate).toString('base64') })),
    );
    const key = keyOf(text);
    if (!this.#tracks.has(key)) {
      this.#db.prepare('INSERT OR IGNORE INTO codecs VALUES (?, ?)').run(key, text);
      this.#tracks.set(key, tracks);
    }
    return key;
  }

  /** The same array every time for one key. */
  tracks(key: string): readonly Track[] {
    const known = this.#tracks.get(key);
    if (known) return known;
    const row = this.#db.prepare('SELECT tracks FROM codecs WHERE key = ?').get(key);
    const tracks = tracksSchema.parse(JSON.parse(String(row?.tracks)));
    this.#tracks.set(key, tracks);
    return tracks;
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
