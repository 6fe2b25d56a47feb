// Sightings in SQLite, and the frame each was seen on as a JPEG file beside it. Invariants:
// 1. A file never outlives its row: the row is written first and deleted last, so a crash leaves no stray pictures.
// 2. A picture that a crash cut short is not served: its size is not the one in the row.
// 3. Bounded: stills by number and bytes, sightings by number, both by age; the oldest go first.
import { mkdirSync } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { Sighting } from '../../shared/sighting.ts';
import type { Clock } from '../clock.ts';
import { systemCode } from '../errors.ts';
import type { Facts } from '../facts.ts';
import type { Still } from '../sampler/still.ts';
import { sightingsError } from './disk-errors.ts';
import { type StillRow, schemaSql, sightingOf, stillOf } from './sighting-schema.ts';

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

/** Every method throws or rejects with an AgentError `disk-*` when the disk does not play along. */
export class SightingStore implements Disposable {
  readonly #options: Required<SightingStoreOptions>;
  readonly #database: DatabaseSync;
  #additions = 0;

  constructor(options: SightingStoreOptions) {
    const bounds = { keepDays: 30, maxSightings: 500_000, maxStills: 20_000, maxStillBytes: 512 * 2 ** 20 };
    this.#options = { ...bounds, ...options };
    try {
      mkdirSync(options.dataDir, { recursive: true });
      this.#database = new DatabaseSync(join(options.dataDir, 'sightings.sqlite'), { timeout: 2_000 });
      this.#database.exec(schemaSql);
    } catch (error) {
      throw sightingsError(error, options.dataDir);
    }
  }

  /** Keeps what was seen on a still, and the still; publishes `sighting.seen` for each. Nothing to do without sightings. */
  async add(still: Still, sightings: Sighting[]): Promise<void> {
    if (sightings.length === 0) return;
    await this.#guard(async () => {
      this.#insert(still, sightings);
      await this.#write(still);
      if (this.#additions++ % additionsPerPrune === 0) await this.#prune();
    });
    for (const sighting of sightings) this.#options.facts.publish({ type: 'sighting.seen', sighting });
  }

  /** Of one camera, oldest first. */
  between(range: { cameraId: string; fromMs: number; toMs: number; limit: number }): Sighting[] {
    const { cameraId, fromMs, toMs, limit } = range;
    return this.#select('WHERE camera_id = ? AND at_ms >= ? AND at_ms < ? ORDER BY at_ms, seq LIMIT ?', [
      ...[cameraId, fromMs, toMs, limit],
    ]);
  }

  /** Of all cameras, newest first, only those before `beforeMs`. */
  newest({ limit, beforeMs = Number.MAX_SAFE_INTEGER }: { limit: number; beforeMs?: number | undefined }): Sighting[] {
    return this.#select('WHERE at_ms < ? ORDER BY at_ms DESC, seq DESC LIMIT ?', [beforeMs, limit]);
  }

  /** The frame the sighting was seen on; undefined when there is none or it was already pruned. */
  async still(sightingId: string): Promise<Uint8Array | undefined> {
    return this.#guard(async () => {
      const row = this.#database
        .prepare('SELECT still.* FROM sighting JOIN still USING (camera_id, at_ms) WHERE id = ?')
        .get(sightingId);
      if (row === undefined) return undefined;
      const still = stillOf(row);
      const jpeg = await readFile(this.#path(still)).catch(missingIsUndefined);
      return jpeg?.length === still.bytes ? jpeg : undefined;
    });
  }

  [Symbol.dispose](): void {
    if (this.#database.isOpen) this.#database.close();
  }

  #select(conditions: string, parameters: (string | number)[]): Sighting[] {
    try {
      return this.#database
        .prepare(`SELECT * FROM sighting ${conditions}`)
        .all(...parameters)
        .map(sightingOf);
    } catch (error) {
      throw sightingsError(error, this.#options.dataDir);
    }
  }

  #insert({ cameraId, atMs, jpeg }: Still, sightings: Sighting[]): void {
    this.#database.exec('BEGIN IMMEDIATE');
    try {
      this.#database.prepare('INSERT OR REPLACE INTO still VALUES (?, ?, ?)').run(cameraId, atMs, jpeg.length);
      const insert = this.#database.prepare(
        'INSERT INTO sighting (id, camera_id, at_ms, label, confidence, box) VALUES (?, ?, ?, ?, ?, ?)',
      );
      for (const { id, cameraId, atMs, label, confidence, box } of sightings) {
        insert.run(id, cameraId, atMs, label, confidence, box ? JSON.stringify(box) : null);
      }
      this.#database.exec('COMMIT');
    } catch (error) {
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK');
      throw error;
    }
  }

  async #write(still: Still): Promise<void> {
    await mkdir(join(this.#options.dataDir, 'stills', still.cameraId), { recursive: true });
    await writeFile(this.#path(still), still.jpeg);
  }

  async #prune(): Promise<void> {
    const { keepDays, maxSightings, clock } = this.#options;
    const database = this.#database;
    database.prepare('DELETE FROM sighting WHERE at_ms < ?').run(clock.nowMs() - keepDays * dayMs);
    const excess = 'SELECT max(0, count(*) - ?) FROM sighting';
    database
      .prepare(`DELETE FROM sighting WHERE seq IN (SELECT seq FROM sighting ORDER BY at_ms LIMIT (${excess}))`)
      .run(maxSightings);
    for (const still of this.#stillsTooMany()) {
      await rm(this.#path(still), { force: true });
      database.prepare('DELETE FROM still WHERE camera_id = ? AND at_ms = ?').run(still.cameraId, still.atMs);
    }
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
