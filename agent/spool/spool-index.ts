// The index beside the files: one row a fragment, and the past of those whose file is gone.
// Every statement is synchronous and small; media never passes through here.
import type { FragmentRecord, FragmentState } from './fragment-record.ts';
import type { NewFragment } from './fragment-tally.ts';
import { IndexDatabase, type Row } from './index-database.ts';
import { IndexFootage } from './index-footage.ts';
import { Past } from './past.ts';
import { TimeShift } from './time-shift.ts';

/** Methods throw SQLite's own errors; `diskError` says what they mean. */
export class SpoolIndex implements Disposable {
  readonly past: Past;
  readonly footage: IndexFootage;
  readonly timeShift: TimeShift;
  readonly #database: IndexDatabase;
  #bytes: number;

  /** Opens or makes the index. Throws when it is damaged or of another version. */
  constructor(path: string) {
    this.#database = new IndexDatabase(path);
    this.past = new Past(this.#database);
    this.footage = new IndexFootage(this.#database);
    this.timeShift = new TimeShift(this.#database);
    this.#bytes = Number(
      this.#database.get('SELECT coalesce(sum(bytes), 0) AS bytes FROM fragments WHERE in_memory = 0')?.bytes,
    );
  }

  /** Whether the process that used the index before ended by closing it. */
  get closedCleanly(): boolean {
    return this.#database.closedCleanly;
  }

  /** On a disk that is nearly full: the index takes no more of it than it has (index-database.ts). */
  takeNoMoreRoom(): void {
    this.#database.emptyLog();
  }

  /** Of all fragment files together. */
  get bytes(): number {
    return this.#bytes;
  }

  insert(fragment: NewFragment, { inMemory = false } = {}): FragmentRecord {
    const { cameraId, startMs, endMs, bytes, headerBytes, frames, codecKey, trackNumbers, state } = fragment;
    const { lastInsertRowid } = this.#database.run(
      `INSERT INTO fragments (camera_id, start_ms, end_ms, bytes, header_bytes, frames, codec_key, track_numbers, state,
       reason, send_begun, in_memory) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      ...[cameraId, startMs, endMs, bytes, headerBytes, frames, codecKey, trackNumbers.join(), state],
      ...[fragment.reason ?? null, Number(fragment.sendBegun), Number(inMemory)],
    );
    if (!inMemory) this.#bytes += bytes;
    return { ...fragment, id: Number(lastInsertRowid) };
  }

  /** What was in memory only has its file now. */
  markWritten(id: number): void {
    const row = this.#database.get(
      'UPDATE fragments SET in_memory = 0 WHERE id = ? AND in_memory = 1 RETURNING bytes',
      id,
    );
    this.#bytes += Number(row?.bytes ?? 0);
  }

  /** Drops the row of a file that is gone and keeps its span: in the cloud when persisted, otherwise lost for `reason`. */
  forget(record: FragmentRecord, reason: string): void {
    const { cameraId, startMs, endMs, state } = record;
    this.#database.transaction(() => {
      if (state === 'persisted') this.past.addHistory(cameraId, { startMs, endMs, at: 'cloud' });
      else this.past.addHistory(cameraId, { startMs, endMs, at: 'lost', reason: record.reason ?? reason });
      this.drop(record);
    });
  }

  /** Drops the row of a fragment whose file is about to be read again. */
  drop(record: FragmentRecord): void {
    const row = this.#database.get('DELETE FROM fragments WHERE id = ? RETURNING bytes, in_memory', record.id);
    if (row?.in_memory === 0) this.#bytes -= Number(row.bytes);
  }

  setState(id: number, state: FragmentState, details: { reason?: string; fragmentNumber?: string } = {}): void {
    this.#database.run(
      'UPDATE fragments SET state = ?, reason = ?, fragment_number = ? WHERE id = ?',
      ...[state, details.reason ?? null, details.fragmentNumber ?? null, id],
    );
  }

  setSendBegun(id: number, begun: boolean): void {
    this.#database.run('UPDATE fragments SET send_begun = ? WHERE id = ?', Number(begun), id);
  }

  /** Every waiting fragment may have been sent: what an unclean end leaves us with. */
  doubtAllWaiting(): void {
    this.#database.run("UPDATE fragments SET send_begun = 1 WHERE state = 'waiting'");
  }

  byId(id: number): FragmentRecord | undefined {
    return this.#record('SELECT * FROM fragments WHERE id = ?', id);
  }

  has(cameraId: string, startMs: number): boolean {
    const sql = 'SELECT 1 FROM fragments WHERE camera_id = ? AND start_ms = ?';
    return this.#database.get(sql, cameraId, startMs) !== undefined;
  }

  /** The fragment whose time contains `timecodeMs`. */
  at(cameraId: string, timecodeMs: number): FragmentRecord | undefined {
    const record = this.#record(
      'SELECT * FROM fragments WHERE camera_id = ? AND start_ms <= ? ORDER BY start_ms DESC LIMIT 1',
      ...[cameraId, timecodeMs],
    );
    return record && timecodeMs < record.endMs ? record : undefined;
  }

  newest(cameraId: string): FragmentRecord | undefined {
    return this.#record('SELECT * FROM fragments WHERE camera_id = ? ORDER BY start_ms DESC LIMIT 1', cameraId);
  }

  nextWaiting(cameraId: string, afterStartMs: number): FragmentRecord | undefined {
    return this.#record(
      `SELECT * FROM fragments WHERE camera_id = ? AND state = 'waiting' AND start_ms > ? ORDER BY start_ms LIMIT 1`,
      ...[cameraId, afterStartMs],
    );
  }

  doubtful(cameraId: string, limit: number): FragmentRecord[] {
    return this.#records(
      `SELECT * FROM fragments WHERE camera_id = ? AND state = 'waiting' AND send_begun = 1 ORDER BY start_ms LIMIT ?`,
      ...[cameraId, limit],
    );
  }

  waiting(cameraId: string): { fragments: number; bytes: number; oldestMs?: number } {
    const row = this.#database.get(
      `SELECT count(*) AS fragments, coalesce(sum(bytes), 0) AS bytes, min(start_ms) AS oldest
       FROM fragments WHERE camera_id = ? AND state = 'waiting'`,
      cameraId,
    );
    const oldest = row?.oldest;
    return {
      fragments: Number(row?.fragments),
      bytes: Number(row?.bytes),
      ...(typeof oldest === 'number' ? { oldestMs: oldest } : {}),
    };
  }

  /** The oldest that have a file, of one camera in one state. */
  oldest(cameraId: string, state: FragmentState, limit: number): FragmentRecord[] {
    return this.#records(
      'SELECT * FROM fragments WHERE camera_id = ? AND state = ? AND in_memory = 0 ORDER BY start_ms LIMIT ?',
      ...[cameraId, state, limit],
    );
  }

  /** Bytes of fragment files by camera. */
  heldBytes(): Map<string, number> {
    const rows = this.#database.all(
      'SELECT camera_id, sum(bytes) AS bytes FROM fragments WHERE in_memory = 0 GROUP BY camera_id',
    );
    return new Map(rows.map(row => [String(row.camera_id), Number(row.bytes)]));
  }

  /** Bytes of the files of refused fragments. Asked with every new fragment: an index of its own answers. */
  rejectedBytes(): number {
    const sql = `SELECT coalesce(sum(bytes), 0) AS bytes FROM fragments WHERE state = 'rejected' AND in_memory = 0`;
    return Number(this.#database.get(sql)?.bytes);
  }

  rejected(cameraId?: string): FragmentRecord[] {
    return this.#records(
      `SELECT * FROM fragments WHERE state = 'rejected' AND (?1 IS NULL OR camera_id = ?1) ORDER BY camera_id, start_ms`,
      cameraId ?? null,
    );
  }

  ofCamera(cameraId: string): FragmentRecord[] {
    return this.#records('SELECT * FROM fragments WHERE camera_id = ? ORDER BY start_ms', cameraId);
  }

  /** Those of which a crash left nothing but the row, unless their file was just written. */
  inMemory(cameraId: string): FragmentRecord[] {
    return this.#records('SELECT * FROM fragments WHERE camera_id = ? AND in_memory = 1', cameraId);
  }

  cameraIds(): string[] {
    return this.#database.all('SELECT DISTINCT camera_id FROM fragments').map(row => String(row.camera_id));
  }

  [Symbol.dispose](): void {
    this.#database[Symbol.dispose]();
  }

  #record(sql: string, ...values: (string | number)[]): FragmentRecord | undefined {
    const row = this.#database.get(sql, ...values);
    return row && toRecord(row);
  }

  #records(sql: string, ...values: (string | number | null)[]): FragmentRecord[] {
    return this.#database.all(sql, ...values).map(toRecord);
  }
}

function toRecord(row: Row): FragmentRecord {
  return {
    id: Number(row.id),
    cameraId: String(row.camera_id),
    startMs: Number(row.start_ms),
    endMs: Number(row.end_ms),
    bytes: Number(row.bytes),
    headerBytes: Number(row.header_bytes),
    frames: Number(row.frames),
    codecKey: String(row.codec_key),
    trackNumbers: String(row.track_numbers).split(',').map(Number),
    state: row.state as FragmentState,
    ...(typeof row.reason === 'string' ? { reason: row.reason } : {}),
    ...(typeof row.fragment_number === 'string' ? { fragmentNumber: row.fragment_number } : {}),
    sendBegun: row.send_begun === 1,
  };
}
