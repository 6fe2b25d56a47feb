// Sightings and their stills on disk: the tables, and what a row turns into.
import type { DatabaseSync } from 'node:sqlite';
import { z } from 'zod';
import type { Sighting } from '../../shared/sighting.ts';
import { migrate } from '../sqlite/migrate.ts';

const tablesSql = `
  CREATE TABLE IF NOT EXISTS still (
    camera_id TEXT NOT NULL,
    at_ms INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    PRIMARY KEY (camera_id, at_ms)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS still_at ON still (at_ms);
  CREATE TABLE IF NOT EXISTS sighting (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    camera_id TEXT NOT NULL,
    at_ms INTEGER NOT NULL,
    label TEXT NOT NULL,
    confidence REAL NOT NULL,
    box TEXT
  ) STRICT;
  CREATE INDEX IF NOT EXISTS sighting_camera ON sighting (camera_id, at_ms);
  CREATE INDEX IF NOT EXISTS sighting_at ON sighting (at_ms);
`;

/**
 * Each brings the database from the version that is its index to the next. NULL in the columns that came later means what was
 * true before them: seen on one frame only, the one of `at_ms`, in one place.
 */
const migrations = [
  tablesSql,
  `ALTER TABLE sighting ADD COLUMN until_ms INTEGER;
   ALTER TABLE sighting ADD COLUMN still_ms INTEGER;
   ALTER TABLE sighting ADD COLUMN path TEXT;
   CREATE INDEX sighting_until ON sighting (camera_id, coalesce(until_ms, at_ms), at_ms);
   CREATE INDEX sighting_still ON sighting (camera_id, coalesce(still_ms, at_ms));`,
];

/**
 * Makes the tables, or brings those of an older agent up to date; all of it or nothing. `synchronous = NORMAL`: kill -9 loses
 * nothing, a power cut at most the last sightings; spares the SD card.
 */
export function prepareTables(database: DatabaseSync): void {
  database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;');
  migrate(database, migrations);
}

const boxSchema = z.object({ left: z.number(), top: z.number(), width: z.number(), height: z.number() });

const pathSchema = z.array(
  z
    .object({ atMs: z.int(), untilMs: z.int().optional(), confidence: z.number(), box: boxSchema.optional() })
    .transform(({ untilMs, box, ...rest }) => ({
      ...rest,
      ...(untilMs === undefined ? {} : { untilMs }),
      ...(box ? { box } : {}),
    })),
);

const rowSchema = z.object({
  id: z.string(),
  camera_id: z.string(),
  at_ms: z.int(),
  until_ms: z.int().nullable(),
  label: z.string(),
  confidence: z.number(),
  box: z.string().nullable(),
  path: z.string().nullable().optional(),
});

/** All that `sightingOf` takes but the path, which may be long. */
export const sightingColumns = 'id, camera_id, at_ms, until_ms, label, confidence, box';

/** With its path when the row has that column. */
export function sightingOf(row: unknown): Sighting {
  const {
    id,
    camera_id: cameraId,
    at_ms: atMs,
    until_ms: untilMs,
    label,
    confidence,
    box,
    path,
  } = rowSchema.parse(row);
  return {
    ...{ id, cameraId, atMs },
    ...(untilMs === null ? {} : { untilMs }),
    ...{ label, confidence },
    ...(box === null ? {} : { box: boxSchema.parse(JSON.parse(box)) }),
    ...(path ? { path: pathSchema.parse(JSON.parse(path)) } : {}),
  };
}

const stillSchema = z
  .object({ camera_id: z.string(), at_ms: z.int(), bytes: z.int() })
  .transform(({ camera_id: cameraId, at_ms: atMs, bytes }) => ({ cameraId, atMs, bytes }));

/** A still that is kept as a file. */
export type StillRow = z.output<typeof stillSchema>;

export function stillOf(row: unknown): StillRow {
  return stillSchema.parse(row);
}
