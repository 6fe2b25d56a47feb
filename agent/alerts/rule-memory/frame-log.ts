// What rules were shown, frame by frame: a replay decides on exactly what was decided on. A thing that is where it was, as it
// was, takes a few bytes a frame. Written now and then, all at once; bounded, the oldest frames go first.
import type { DatabaseSync } from 'node:sqlite';
import { z } from 'zod';
import type { Clock } from '../../clock.ts';
import type { RuleFrame } from '../../rules/evaluate.ts';
import { type FrameEntry, frameText, readFrameText } from './frame-text.ts';
import type { RuleDatabase } from './rule-database.ts';

const maxUnwritten = 5_000;
const writesPerPrune = 100;
/** Every thing is written in full so often: whoever begins to read in the middle knows it after that. */
const fullEveryMs = 10 * 60_000;
const maxThings = 2_000;
const pageRows = 2_000;
const hourMs = 3_600_000;

export type FrameLogOptions = {
  database: RuleDatabase;
  clock: Clock;
  /** Default 1,000,000. */
  maxFrames?: number;
  /** Default 7 days. */
  keepHours?: number;
};

type Thing = { seq: number; fullAtMs: number; told: string };

const frameRow = z.object({ seq: z.int(), camera_id: z.string(), at_ms: z.int(), seen: z.string() });
const thingRow = z.object({ seq: z.int(), id: z.string(), camera_id: z.string(), label: z.string(), at_ms: z.int() });

export class FrameLog {
  readonly #options: Required<FrameLogOptions>;
  readonly #things = new Map<string, Thing>();
  #unwritten: RuleFrame[] = [];
  #writes = 0;

  constructor(options: FrameLogOptions) {
    this.#options = { maxFrames: 1_000_000, keepHours: 168, ...options };
  }

  /** As `settled` leaves it. A frame that shows nothing is not kept: nothing depends on it. */
  add(frame: RuleFrame): void {
    if (frame.seen.length > 0 && this.#unwritten.length < maxUnwritten) this.#unwritten.push(frame);
  }

  /** What was not written yet stays when this throws. @throws AgentError `disk-*` */
  flush(): void {
    if (this.#unwritten.length === 0) return;
    try {
      this.#options.database.change(sql => this.#write(sql));
    } catch (error) {
      // What was noted of things was not written.
      this.#things.clear();
      throw error;
    }
    this.#unwritten = [];
    if (this.#things.size > maxThings) this.#things.clear();
  }

  /** In the order they were evaluated, `fromMs` ≤ time < `toMs`. @throws AgentError `disk-*` */
  *read({ fromMs, toMs }: { fromMs: number; toMs: number }): Generator<RuleFrame> {
    this.flush();
    const { database } = this.#options;
    const known = new Map<number, FrameEntry>();
    const things = new Map<number, z.infer<typeof thingRow> | undefined>();
    // A page at a time: the agent goes on writing between them.
    for (let after = this.#seqBefore(fromMs - fullEveryMs); ; ) {
      const rows = database.use(sql =>
        sql
          .prepare('SELECT * FROM frame WHERE seq > ? AND +at_ms >= ? AND +at_ms < ? ORDER BY seq LIMIT ?')
          .all(after, fromMs - fullEveryMs, toMs, pageRows)
          .map(row => frameRow.parse(row)),
      );
      for (const { seq, camera_id: cameraId, at_ms: atMs, seen } of rows) {
        after = seq;
        const entries = readFrameText(seen, known);
        if (atMs < fromMs) continue;
        const shown = entries.flatMap(entry => {
          if (!things.has(entry.thing)) things.set(entry.thing, this.#thingOf(entry.thing));
          const thing = things.get(entry.thing);
          return thing ? seenOf(entry, thing, atMs) : [];
        });
        if (shown.length > 0) yield { cameraId, atMs, seen: shown };
      }
      if (rows.length < pageRows) return;
    }
  }

  /** What was seen under this id, while a frame of it is kept. @throws AgentError `disk-*` */
  thing(id: string): { cameraId: string; label: string } | undefined {
    this.flush();
    const row = this.#options.database.use(sql => sql.prepare('SELECT * FROM thing WHERE id = ?').get(id));
    if (row === undefined) return undefined;
    const { camera_id: cameraId, label } = thingRow.parse(row);
    return { cameraId, label };
  }

  /** The time of the oldest frame. @throws AgentError `disk-*` */
  oldestMs(): number | undefined {
    const row = this.#options.database.use(sql => sql.prepare('SELECT min(at_ms) AS at FROM frame').get());
    return row === undefined || row.at === null ? undefined : Number(row.at);
  }

  #write(sql: DatabaseSync): void {
    const insert = sql.prepare('INSERT INTO frame (camera_id, at_ms, seen) VALUES (?, ?, ?)');
    const touch = sql.prepare('UPDATE thing SET last_frame = ? WHERE seq = ?');
    const last = new Map<number, number>();
    for (const frame of this.#unwritten) {
      const entries = frame.seen.map(seen => entryOf(sql, this.#things, { seen, frame }));
      const { lastInsertRowid } = insert.run(frame.cameraId, frame.atMs, frameText(entries));
      for (const { thing } of entries) last.set(thing, Number(lastInsertRowid));
    }
    for (const [thing, frame] of last) touch.run(frame, thing);
    if (this.#writes++ % writesPerPrune === 0) this.#prune(sql);
  }

  #seqBefore(atMs: number): number {
    const row = this.#options.database.use(sql =>
      sql.prepare('SELECT coalesce(min(seq), 0) - 1 AS seq FROM frame WHERE at_ms >= ?').get(atMs),
    );
    return Number(row?.seq);
  }

  #thingOf(seq: number): z.infer<typeof thingRow> | undefined {
    const row = this.#options.database.use(sql => sql.prepare('SELECT * FROM thing WHERE seq = ?').get(seq));
    return row === undefined ? undefined : thingRow.parse(row);
  }

  #prune(sql: DatabaseSync): void {
    const { maxFrames, keepHours, clock } = this.#options;
    sql.prepare('DELETE FROM frame WHERE at_ms < ?').run(clock.nowMs() - keepHours * hourMs);
    sql.prepare('DELETE FROM frame WHERE seq <= (SELECT max(seq) FROM frame) - ?').run(maxFrames);
    sql.exec('DELETE FROM thing WHERE last_frame < (SELECT coalesce(min(seq), 0) FROM frame)');
  }
}

type Shown = { seen: RuleFrame['seen'][number]; frame: RuleFrame };

function entryOf(sql: DatabaseSync, things: Map<string, Thing>, { seen, frame }: Shown): FrameEntry {
  const { id, label, atMs } = seen.sighting;
  const { confidence, box } = seen.observation;
  const thing = things.get(id) ?? newThing(sql, { id, label, atMs, cameraId: frame.cameraId });
  things.set(id, thing);
  const told = JSON.stringify([confidence, box]);
  const isFull = told !== thing.told || Math.abs(frame.atMs - thing.fullAtMs) >= fullEveryMs;
  if (isFull) Object.assign(thing, { told, fullAtMs: frame.atMs });
  return { thing: thing.seq, ...(isFull ? { look: { confidence, ...(box ? { box } : {}) } } : {}) };
}

type NewThing = { id: string; label: string; atMs: number; cameraId: string };

function newThing(sql: DatabaseSync, { id, label, atMs, cameraId }: NewThing): Thing {
  sql
    .prepare('INSERT OR IGNORE INTO thing (id, camera_id, label, at_ms, last_frame) VALUES (?, ?, ?, ?, 0)')
    .run(id, cameraId, label, atMs);
  const row = sql.prepare('SELECT seq FROM thing WHERE id = ?').get(id);
  return { seq: Number(row?.seq), fullAtMs: Number.NEGATIVE_INFINITY, told: '' };
}

function seenOf({ look }: FrameEntry, thing: z.infer<typeof thingRow>, atMs: number): RuleFrame['seen'] {
  if (!look) return [];
  const { id, camera_id: cameraId, label } = thing;
  return [
    { sighting: { id, cameraId, atMs: thing.at_ms, label, ...look }, observation: { atMs, ...look }, isNew: false },
  ];
}
