// Sightings and their stills on disk: the tables, and what a row turns into.
import { z } from 'zod';
import type { Sighting } from '../../shared/sighting.ts';

/** `synchronous = NORMAL`: kill -9 loses nothing, a power cut at most the last sightings; spares the SD card. */
export const schemaSql = `
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = NORMAL;
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

const boxSchema = z.object({ left: z.number(), top: z.number(), width: z.number(), height: z.number() });

const rowSchema = z.object({
  id: z.string(),
  camera_id: z.string(),
  at_ms: z.int(),
  label: z.string(),
  confidence: z.number(),
  box: z.string().nullable(),
});

export function sightingOf(row: unknown): Sighting {
  const { id, camera_id: cameraId, at_ms: atMs, label, confidence, box } = rowSchema.parse(row);
  return { id, cameraId, atMs, label, confidence, ...(box === null ? {} : { box: boxSchema.parse(JSON.parse(box)) }) };
}

const stillSchema = z
  .object({ camera_id: z.string(), at_ms: z.int(), bytes: z.int() })
  .transform(({ camera_id: cameraId, at_ms: atMs, bytes }) => ({ cameraId, atMs, bytes }));

/** A still that is kept as a file. */
export type StillRow = z.output<typeof stillSchema>;

export function stillOf(row: unknown): StillRow {
  return stillSchema.parse(row);
}
