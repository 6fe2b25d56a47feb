// Which fragments there are, in SQLite. An index only: it can be rebuilt from the fragments' files, so it is synced
// lazily and thrown away when it is damaged. Locked for one process, which also keeps two servers off one data folder.
import { rmSync } from 'node:fs';
import { DatabaseSync, type SQLInputValue, type SQLOutputValue } from 'node:sqlite';
import { AgentError } from '../../errors.ts';
import { CodecTable, hasAllCodecs } from './codec-table.ts';
import { sqliteCode, sqliteCodes } from './disk-error.ts';
import type { FragmentQuery, StoredFragment } from './media-store.ts';
import { PreparedDatabase } from './prepared.ts';

const schemaVersion = 1;
const schema = `
  CREATE TABLE fragments (
    stream TEXT NOT NULL, number TEXT NOT NULL, producer_ms INTEGER NOT NULL, server_ms INTEGER NOT NULL,
    length_ms INTEGER NOT NULL, bytes INTEGER NOT NULL, frames INTEGER NOT NULL, timeline_ms INTEGER NOT NULL,
    codec_key TEXT NOT NULL, PRIMARY KEY (stream, number)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX fragments_by_producer ON fragments (stream, producer_ms, number);
  CREATE INDEX fragments_by_server ON fragments (stream, server_ms, number);
  CREATE TABLE codecs (key TEXT PRIMARY KEY, tracks TEXT NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE sequences (stream TEXT PRIMARY KEY, last INTEGER NOT NULL) STRICT, WITHOUT ROWID;
  PRAGMA user_version = ${schemaVersion};`;

/** In the order in which `#fragment` takes them. */
const columns = 'number, producer_ms, server_ms, length_ms, bytes, frames, timeline_ms, codec_key';

export class FragmentIndex {
  readonly #db: PreparedDatabase;
  readonly #codecs: CodecTable;
  /** It knows nothing of what was before: there was none, or it was damaged. */
  readonly isNew: boolean;

  /** @throws AgentError when another process has the index */
  constructor(path: string) {
    const { db, isNew } = openOrReplace(path);
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

  /** Returns the bytes it had. */
  removeStream(stream: string): number {
    const bytes = this.bytes(stream);
    this.#db.prepare('DELETE FROM fragments WHERE stream = ?').run(stream);
    this.#db.prepare('DELETE FROM sequences WHERE stream = ?').run(stream);
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

type Opened = { db: DatabaseSync; isNew: boolean };

function openOrReplace(path: string): Opened {
  try {
    return openDatabase(path);
  } catch (error) {
    if (sqliteCode(error) === sqliteCodes.busy)
      throw new AgentError({
        code: 'disk-failed',
        kind: 'unavailable',
        retry: 'later',
        message: 'Another local-cloud uses this data folder. Stop that one, or name another folder with --data.',
        cause: error,
      });
    if (!isDamage(error)) throw error;
    for (const suffix of ['', '-wal', '-shm']) rmSync(`${path}${suffix}`, { force: true });
    return openDatabase(path);
  }
}

function openDatabase(path: string): Opened {
  const db = new DatabaseSync(path);
  try {
    db.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;');
    const version = Number(db.prepare('PRAGMA user_version').get()?.user_version);
    const isNew = version === 0;
    if (isNew) db.exec(schema);
    else if (version !== schemaVersion) throw new Unusable(`the index has version ${version}`);
    else checkWhole(db);
    return { db, isNew };
  } catch (error) {
    db.close();
    throw error;
  }
}

/** Reads all of it, a second for some hundred megabytes: a page that is found damaged later ends in failures until then. */
function checkWhole(db: DatabaseSync): void {
  const result = db.prepare('PRAGMA integrity_check(1)').get()?.integrity_check;
  if (result !== 'ok') throw new Unusable(`the index is damaged: ${result}`);
  if (!hasAllCodecs(db)) throw new Unusable('the index has codecs that are missing or damaged');
}

/** Damaged, or written by another version of this server: rebuilt in both cases. */
class Unusable extends Error {}

function isDamage(error: unknown): boolean {
  const code = sqliteCode(error);
  // A file that is cut short can look like any failure to read, and even like one without the tables.
  const damages: (number | undefined)[] = [
    sqliteCodes.corrupt,
    sqliteCodes.notADatabase,
    sqliteCodes.error,
    sqliteCodes.ioError,
  ];
  return error instanceof Unusable || damages.includes(code);
}
