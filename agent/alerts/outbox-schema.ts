// The outbox on disk: its tables, and what their rows turn into.
import type { DatabaseSync } from 'node:sqlite';
import { z } from 'zod';
import type { Alert, Delivery } from '../../shared/alert.ts';

/**
 * `firing` is the memory of the cooldowns: it outlives the alerts that are trimmed. `synchronous = FULL`, because an
 * alert that was raised must outlive a power cut; there are few of them, so the sync costs nothing. A `camera_id` of '' is none.
 */
const tablesSql = `
  CREATE TABLE IF NOT EXISTS alert (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    rule_id TEXT NOT NULL,
    camera_id TEXT NOT NULL,
    at_ms INTEGER NOT NULL,
    sightings TEXT NOT NULL
  ) STRICT;
  CREATE INDEX IF NOT EXISTS alert_at ON alert (at_ms);
  CREATE TABLE IF NOT EXISTS delivery (
    alert INTEGER NOT NULL REFERENCES alert (seq) ON DELETE CASCADE,
    destination TEXT NOT NULL,
    state TEXT NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'delivered', 'dead')),
    attempts INTEGER NOT NULL DEFAULT 0,
    first_tried_ms INTEGER,
    tried_ms INTEGER,
    at_ms INTEGER NOT NULL,
    problem TEXT,
    PRIMARY KEY (alert, destination)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS delivery_waiting ON delivery (destination, alert) WHERE state = 'waiting';
  CREATE TABLE IF NOT EXISTS firing (
    rule_id TEXT NOT NULL,
    camera_id TEXT NOT NULL,
    at_ms INTEGER NOT NULL,
    PRIMARY KEY (rule_id, camera_id)
  ) STRICT, WITHOUT ROWID;
`;

/** Each brings the database from the version that is its index to the next. */
const migrations = [
  tablesSql,
  `ALTER TABLE alert ADD COLUMN kind TEXT NOT NULL DEFAULT 'sighting';
   ALTER TABLE alert ADD COLUMN why TEXT NOT NULL DEFAULT '';
   ALTER TABLE alert ADD COLUMN detail TEXT NOT NULL DEFAULT '{}';`,
];

/** Makes the tables, or brings those of an older agent up to date; all of it or nothing. */
export function migrate(database: DatabaseSync): void {
  database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;');
  database.exec('BEGIN IMMEDIATE');
  const version = Number(database.prepare('PRAGMA user_version').get()?.user_version);
  for (const migration of migrations.slice(version)) database.exec(migration);
  database.exec(`PRAGMA user_version = ${Math.max(version, migrations.length)}; COMMIT;`);
}

const box = z.object({ left: z.number(), top: z.number(), width: z.number(), height: z.number() });

const sightings = z.array(
  z
    .object({
      id: z.string(),
      cameraId: z.string(),
      atMs: z.number(),
      label: z.string(),
      confidence: z.number(),
      untilMs: z.number().optional(),
      box: box.optional(),
    })
    .transform(({ box, untilMs, ...sighting }) => ({
      ...sighting,
      ...(untilMs === undefined ? {} : { untilMs }),
      ...(box ? { box } : {}),
    })),
);

/** Of the other kinds of alerts. */
const detail = z
  .object({
    counts: z
      .object({
        line: z.string(),
        fromMs: z.number(),
        toMs: z.number(),
        crossings: z.array(
          z.object({
            label: z.string(),
            direction: z.enum(['left-to-right', 'right-to-left']),
            count: z.number(),
          }),
        ),
      })
      .optional(),
    health: z
      .object({
        about: z.enum(['camera-offline', 'backlog', 'disk', 'clock', 'budget', 'temperature', 'lost-video']),
        value: z.number().optional(),
        limit: z.number().optional(),
      })
      .transform(({ about, value, limit }) => ({
        about,
        ...(value === undefined ? {} : { value }),
        ...(limit === undefined ? {} : { limit }),
      }))
      .optional(),
  })
  .transform(({ counts, health }) => ({ ...(counts ? { counts } : {}), ...(health ? { health } : {}) }));

const alertRow = z.object({
  seq: z.int(),
  id: z.string(),
  rule_id: z.string(),
  camera_id: z.string(),
  at_ms: z.int(),
  sightings: z.string(),
  kind: z.enum(['sighting', 'count', 'health', 'test']),
  why: z.string(),
  detail: z.string(),
});

const deliveryRow = z.object({
  destination: z.string(),
  state: z.enum(['waiting', 'delivered', 'dead']),
  attempts: z.int(),
  at_ms: z.int(),
  problem: z.string().nullable(),
});

const dueRow = alertRow.extend({
  attempts: z.int(),
  due_ms: z.int(),
  first_tried_ms: z.int().nullable(),
});

/** The oldest alert that waits for a destination. */
export type Due = {
  alert: Alert;
  attempts: number;
  /** When it should be tried, wall time. */
  dueMs: number;
  /** When it was first tried, wall time; absent before that. */
  firstTriedMs?: number;
};

/** An alert without its deliveries, and its place in the outbox. */
export function alertOf(row: unknown): { seq: number; alert: Alert } {
  const { seq, camera_id: cameraId, ...read } = alertRow.parse(row);
  const alert: Alert = {
    ...{ id: read.id, kind: read.kind, ruleId: read.rule_id, atMs: read.at_ms, why: read.why },
    ...(cameraId === '' ? {} : { cameraId }),
    sightings: sightings.parse(JSON.parse(read.sightings)),
    ...detail.parse(JSON.parse(read.detail)),
    deliveries: [],
  };
  return { seq, alert };
}

export function deliveryOf(row: unknown): Delivery {
  const { destination, state, attempts, at_ms: atMs, problem } = deliveryRow.parse(row);
  return { destination, state, attempts, atMs, ...(problem === null ? {} : { problem }) };
}

export function dueOf(row: unknown): Due {
  const { attempts, due_ms: dueMs, first_tried_ms: firstTriedMs } = dueRow.parse(row);
  return { alert: alertOf(row).alert, attempts, dueMs, ...(firstTriedMs === null ? {} : { firstTriedMs }) };
}
