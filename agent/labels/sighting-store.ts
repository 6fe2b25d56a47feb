// Sightings in SQLite, and for each the frame it was seen best on as a JPEG file beside it. Invariants:
// 1. A file never outlives its row: the row is written first and deleted last, so a crash leaves no stray pictures.
// 2. A picture that a crash cut short is not served: its size is not the one in the row.
// 3. Bounded: stills by number and bytes, sightings by number, both by age; the oldest go first.
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { Sighting } from '../../shared/sighting.ts';
import type { Clock } from '../clock.ts';
import { systemCode } from '../errors.ts';
import type { Facts } from '../facts.ts';
import { makeFolder, makeFolderSync } from '../folders.ts';
import type { Still } from '../sampler/still.ts';
import { transaction } from '../sqlite/transaction.ts';
import { sightingsError } from './disk-errors.ts';
import { withLastPlace } from './sighting-of.ts';
import { prepareTables, type StillRow, sightingColumns, sightingOf, stillOf } from './sighting-schema.ts';

const dayMs = 86_400_000;
/** Counting rows takes a slow card a while: the bounds are looked at once in so many additions. */
const additionsPerPrune = 50;
/** Stills deleted at a time, so that a bound that was lowered does not stop the agent for seconds. */
const pruneBatch = 500;

export type SightingStoreOptions = {
  /** Holds `sightings.sqlite` and `stills/`; made when missing. */
  dataDir: string;
  clock: Clock;
  facts: Facts;
  /** Default 30 days. */
  keepDays?: number;
  /** Default 500,000. */
  maxSightings?: number;
  /** Default 20,000. */
  maxStills?: number;
  /** Default 512 MiB. */
  maxStillBytes?: number;
};

export type SightingChange = {
  /** As it is now; kept with its path. */
  sighting: Sighting;
  isNew: boolean;
  /** The still shows it better than any before. */
  better: boolean;
};

type Selection = { parameters: (string | number)[]; paths?: boolean };

/** Every method throws or rejects with an AgentError `disk-*` when the disk does not play along. */
export class SightingStore implements Disposable {
  readonly #options: Required<SightingStoreOptions>;
  readonly #database: DatabaseSync;
  #additions = 0;

  constructor(options: SightingStoreOptions) {
    const bounds = { keepDays: 30, maxSightings: 500_000, maxStills: 20_000, maxStillBytes: 512 * 2 ** 20 };
    this.#options = { ...bounds, ...options };
    try {
      makeFolderSync(options.dataDir);
      this.#database = new DatabaseSync(join(options.dataDir, 'sightings.sqlite'), { timeout: 2_000 });
      prepareTables(this.#database);
    } catch (error) {
      throw sightingsError(error, options.dataDir);
    }
  }

  /**
   * Keeps what the still shows: things that are new, and what there is to know of others by now; their paths too. The still
   * becomes the picture of those that are new and of those never seen better. Publishes `sighting.seen` for the new and
   * `sighting.updated` for the others. Nothing to do without sightings.
   */
  async keep(still: Still, changes: readonly SightingChange[]): Promise<void> {
    if (changes.length === 0) return;
    const pictured = changes.filter(({ isNew, better }) => isNew || better);
    await this.#guard(async () => {
      const replaced = this.#insert(still, changes);
      if (pictured.length > 0) await this.#write(still);
      for (const old of replaced) await this.#drop(old);
      if (pictured.length > 0 && this.#additions++ % additionsPerPrune === 0) await this.#prune();
    });
    for (const { sighting, isNew } of changes) {
      const type = isNew ? 'sighting.seen' : 'sighting.updated';
      this.#options.facts.publish({ type, sighting: withLastPlace(sighting) });
    }
  }

  /** Of one camera, what was there at some time in `fromMs` ≤ time < `toMs`, the one that came first first. */
  between(range: { cameraId: string; fromMs: number; toMs: number; limit: number; paths?: boolean }): Sighting[] {
    const { cameraId, fromMs, toMs, limit, paths = false } = range;
    const conditions = `WHERE camera_id = ? AND coalesce(until_ms, at_ms) >= ? AND at_ms < ?`;
    return this.#select(`INDEXED BY sighting_until ${conditions} ORDER BY at_ms, seq LIMIT ?`, {
      ...{ parameters: [cameraId, fromMs, toMs, limit], paths },
    });
  }

  /** Of all cameras, newest first, only those that came before `beforeMs`. */
  newest({ limit, beforeMs = Number.MAX_SAFE_INTEGER }: { limit: number; beforeMs?: number | undefined }): Sighting[] {
    return this.#select('WHERE at_ms < ? ORDER BY at_ms DESC, seq DESC LIMIT ?', { parameters: [beforeMs, limit] });
  }

  /** Those of these that are still kept, in any order. */
  byIds(ids: readonly string[]): Sighting[] {
    return this.#select('WHERE id IN (SELECT value FROM json_each(?))', { parameters: [JSON.stringify(ids)] });
  }

  /** The frame the sighting was seen best on; undefined when there is none or it was already pruned. */
  async still(sightingId: string): Promise<Uint8Array | undefined> {
    return this.#guard(async () => {
      const still = this.#pictureOf(sightingId);
      if (!still) return undefined;
      const jpeg = await readFile(this.#path(still)).catch(missingIsUndefined);
      return jpeg?.length === still.bytes ? jpeg : undefined;
    });
  }

  [Symbol.dispose](): void {
    if (this.#database.isOpen) this.#database.close();
  }

  #select(conditions: string, { parameters, paths = false }: Selection): Sighting[] {
    try {
      return this.#database
        .prepare(`SELECT ${sightingColumns}${paths ? ', path' : ''} FROM sighting ${conditions}`)
        .all(...parameters)
        .map(sightingOf);
    } catch (error) {
      throw sightingsError(error, this.#options.dataDir);
    }
  }

  /** All rows or none. @returns the stills that are nobody's picture any more */
  #insert({ cameraId, atMs, jpeg }: Still, changes: readonly SightingChange[]): StillRow[] {
    return transaction(this.#database, () => {
      const replaced: StillRow[] = [];
      if (changes.some(({ isNew, better }) => isNew || better))
        this.#database.prepare('INSERT OR REPLACE INTO still VALUES (?, ?, ?)').run(cameraId, atMs, jpeg.length);
      for (const { sighting, isNew, better } of changes) {
        const before = isNew || better ? this.#pictureOf(sighting.id) : undefined;
        this.#put(sighting, isNew || better ? atMs : undefined);
        if (before && before.atMs !== atMs && !this.#isPictured(before)) replaced.push(before);
      }
      return replaced;
    });
  }

  /** A sighting that could not be kept when it was new is kept now. */
  #put({ id, cameraId, atMs, untilMs, label, confidence, box, path }: Sighting, stillMs: number | undefined): void {
    const columns = 'id, camera_id, at_ms, until_ms, still_ms, label, confidence, box, path';
    this.#database
      .prepare(
        `INSERT INTO sighting (${columns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET
           until_ms = excluded.until_ms, still_ms = coalesce(excluded.still_ms, still_ms),
           confidence = excluded.confidence, box = excluded.box, path = excluded.path`,
      )
      .run(
        ...[id, cameraId, atMs, untilMs ?? null, stillMs ?? null, label, confidence, box ? JSON.stringify(box) : null],
        path ? JSON.stringify(path) : null,
      );
  }

  #pictureOf(id: string): StillRow | undefined {
    const row = this.#database
      .prepare(
        `SELECT still.* FROM sighting JOIN still
           ON still.camera_id = sighting.camera_id AND still.at_ms = coalesce(still_ms, sighting.at_ms) WHERE id = ?`,
      )
      .get(id);
    return row && stillOf(row);
  }

  #isPictured({ cameraId, atMs }: StillRow): boolean {
    const sql = 'SELECT 1 FROM sighting WHERE camera_id = ? AND coalesce(still_ms, at_ms) = ? LIMIT 1';
    return this.#database.prepare(sql).get(cameraId, atMs) !== undefined;
  }

  async #write(still: Still): Promise<void> {
    await makeFolder(join(this.#options.dataDir, 'stills', still.cameraId));
    await writeFile(this.#path(still), still.jpeg);
  }

  async #prune(): Promise<void> {
    const { keepDays, maxSightings, clock } = this.#options;
    const database = this.#database;
    const keepFromMs = clock.nowMs() - keepDays * dayMs;
    const ended = 'at_ms < ? AND coalesce(until_ms, at_ms) < ?';
    database.prepare(`DELETE FROM sighting WHERE ${ended}`).run(keepFromMs, keepFromMs);
    const excess = 'SELECT max(0, count(*) - ?) FROM sighting';
    database
      .prepare(`DELETE FROM sighting WHERE seq IN (SELECT seq FROM sighting ORDER BY at_ms LIMIT (${excess}))`)
      .run(maxSightings);
    for (const still of this.#stillsTooMany()) await this.#drop(still);
  }

  async #drop(still: StillRow): Promise<void> {
    await rm(this.#path(still), { force: true });
    const sql = 'DELETE FROM still WHERE camera_id = ? AND at_ms = ?';
    this.#database.prepare(sql).run(still.cameraId, still.atMs);
  }

  /** The oldest stills, as many as the bounds are exceeded by. */
  #stillsTooMany(): StillRow[] {
    const { maxStills, maxStillBytes, keepDays, clock } = this.#options;
    const sums = this.#database.prepare('SELECT count(*) AS stills, coalesce(sum(bytes), 0) AS bytes FROM still').get();
    let stills = Number(sums?.stills);
    let bytes = Number(sums?.bytes);
    const oldest = this.#database.prepare('SELECT * FROM still ORDER BY at_ms LIMIT ?').all(pruneBatch).map(stillOf);
    const keepFromMs = clock.nowMs() - keepDays * dayMs;
    return oldest.filter(still => {
      const tooMany = stills > maxStills || bytes > maxStillBytes || still.atMs < keepFromMs;
      if (tooMany) {
        stills--;
        bytes -= still.bytes;
      }
      return tooMany;
    });
  }

  #path({ cameraId, atMs }: Pick<StillRow, 'cameraId' | 'atMs'>): string {
    return join(this.#options.dataDir, 'stills', cameraId, `${atMs}.jpg`);
  }

  async #guard<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw sightingsError(error, this.#options.dataDir);
    }
  }
}

function missingIsUndefined(error: unknown): undefined {
  if (systemCode(error) !== 'ENOENT') throw error;
}
