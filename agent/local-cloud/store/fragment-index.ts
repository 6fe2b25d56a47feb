// Which fragments there are, in SQLite. An index only: it can be rebuilt from the fragments' files, so it is synced
// lazily and thrown away when it is damaged.
import type { SQLInputValue, SQLOutputValue } from 'node:sqlite';
import { CodecTable } from './codec-table.ts';
import { openOrReplaceIndex } from './index-file.ts';
import type { FragmentQuery, StoredFragment } from './media-store.ts';
import { PreparedDatabase } from './prepared.ts';

/** In the order in which `#fragment` takes them. */
const columns = 'number, producer_ms, server_ms, length_ms, bytes, frames, timeline_ms, codec_key';

export class FragmentIndex {
  readonly #db: PreparedDatabase;
  readonly #codecs: CodecTable;
  /** It knows nothing of what was before: there was none, or it was damaged. */
  readonly isNew: boolean;

  /** @throws AgentError when another process has the index */
  constructor(path: string) {
    const { db, isNew } = openOrReplaceIndex(path);
    this.#db = new PreparedDatabase(db);
    this.isNew = isNew;
    this.#codecs = new CodecTable(this.#db);
  }

  add(fragment: Omit<StoredFragment, 'codecKey'>): StoredFragment {
    const { streamName, number, producerMs, serverMs, lengthMs, bytes, frames, timelineMs } = fragment;
    const codecKey = this.#codecs.keyOf(fragment.tracks);
    this.#db
      .prepare('INSERT OR REPLACE INTO fragments VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)')
      .run(streamName, number, producerMs, serverMs, lengthMs, bytes, frames, timelineMs, codecKey);
    return { ...fragment, codecKey, tracks: this.#codecs.entry(codecKey).tracks };
  }

  /** Returns the bytes it had; 0 when it was not there. */
  remove(stream: string, number: string): number {
    const row = this.#db
      .prepare('DELETE FROM fragments WHERE stream = ? AND number = ? RETURNING bytes')
      .get(stream, number);
    return Number(row?.bytes ?? 0);
  }

  /** Of all fragments together, or of one stream's. Reads them all. */
  bytes(stream?: string): number {
    const sum = 'SELECT coalesce(sum(bytes), 0) AS bytes FROM fragments';
    const row =
      stream === undefined ? this.#db.prepare(sum).get() : this.#db.prepare(`${sum} WHERE stream = ?`).get(stream);
    return Number(row?.bytes);
  }

  /** Returns the bytes it had. When it throws, it has them still. */
  removeStream(stream: string): number {
    const bytes = this.bytes(stream);
    this.#db.prepare('DELETE FROM sequences WHERE stream = ?').run(stream);
    this.#db.prepare('DELETE FROM fragments WHERE stream = ?').run(stream);
    return bytes;
  }

  find(stream: string, number: string): StoredFragment | undefined {
    return this.#fragments(stream, 'number = ?', number)[0];
  }

  list({ stream, by, fromMs, toMs, limit, after }: FragmentQuery): StoredFragment[] {
    const time = by === 'producer' ? 'producer_ms' : 'server_ms';
    const which = `${time} BETWEEN ? AND ? AND (${time}, number) > (?, ?) ORDER BY ${time}, number LIMIT ?`;
    // SQLite finds the range by the first comparison: a page begins where the one before ended, not at the first page.
    const beginMs = Math.max(fromMs, after?.ms ?? fromMs);
    const position = [ticks(after?.ms ?? -Infinity), after?.number ?? ''];
    return this.#fragments(stream, which, ticks(beginMs), ticks(toMs), ...position, limit);
  }

  newest(stream: string, count: number): StoredFragment[] {
    return this.#fragments(stream, 'true ORDER BY number DESC LIMIT ?', count).reverse();
  }

  after(stream: string, number: string, limit: number): StoredFragment[] {
    return this.#fragments(stream, 'number > ? ORDER BY number LIMIT ?', number, limit);
  }

  /** Numbers of the oldest fragments, without which the others are no more than `maxBytes` together. */
  beyond(stream: string, maxBytes: number): string[] {
    return this.#db
      .prepare(
        `SELECT number FROM (SELECT number, sum(bytes) OVER (ORDER BY number DESC) AS total FROM fragments WHERE stream = ?)
         WHERE total > ? ORDER BY number`,
      )
      .all(stream, maxBytes)
      .map(row => String(row.number));
  }

  numbers(stream: string): string[] {
    return this.#db
      .prepare('SELECT number FROM fragments WHERE stream = ? ORDER BY number')
      .all(stream)
      .map(row => String(row.number));
  }

  streams(): string[] {
    return this.#db
      .prepare('SELECT DISTINCT stream FROM fragments')
      .all()
      .map(row => String(row.stream));
  }

  /** The next number of the stream's counter; none is given twice, also across restarts. */
  nextSequence(stream: string): number {
    const row = this.#db
      .prepare(`INSERT INTO sequences VALUES (?, 1) ON CONFLICT (stream) DO UPDATE SET last = last + 1 RETURNING last`)
      .get(stream);
    return Number(row?.last);
  }

  /** Makes sure the counter is past `sequence`, for fragments the index did not know. */
  skipSequence(stream: string, sequence: number): void {
    this.#db
      .prepare('INSERT INTO sequences VALUES (?, ?) ON CONFLICT (stream) DO UPDATE SET last = max(last, excluded.last)')
      .run(stream, sequence);
  }

  close(): void {
    this.#db.close();
  }

  #fragments(stream: string, which: string, ...values: SQLInputValue[]): StoredFragment[] {
    const sql = `SELECT ${columns} FROM fragments WHERE stream = ? AND ${which}`;
    return this.#db.rows(sql, stream, ...values).map(row => this.#fragment(stream, row));
  }

  #fragment(streamName: string, row: readonly SQLOutputValue[]): StoredFragment {
    const [number, producerMs, serverMs, lengthMs, bytes, frames, timelineMs, key] = row;
    // One string for all fragments: there are thousands of them in a session.
    const { codecKey, tracks } = this.#codecs.entry(String(key));
    return {
      streamName,
      number: String(number),
      producerMs: Number(producerMs),
      serverMs: Number(serverMs),
      lengthMs: Number(lengthMs),
      bytes: Number(bytes),
      frames: Number(frames),
      timelineMs: Number(timelineMs),
      codecKey,
      tracks,
    };
  }
}

/** SQLite compares whole numbers; times beyond what it holds mean "no bound". */
function ticks(ms: number): number {
  return Math.round(Math.min(Math.max(ms, Number.MIN_SAFE_INTEGER), Number.MAX_SAFE_INTEGER));
}
