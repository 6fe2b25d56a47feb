// The outbox on disk: its tables, and what their rows turn into.
import type { DatabaseSync } from 'node:sqlite';
import { z } from 'zod';
import type { Alert, Delivery, DeliveryAttempt } from '../../shared/alert.ts';
import { migrate } from '../sqlite/migrate.ts';

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

/**
 * `forgiven`: attempts before somebody asked to deliver it again; patience begins anew after them. `attempt` is the history
 * of the newest attempts of each delivery.
 */
const attemptsSql = `
  ALTER TABLE delivery ADD COLUMN forgiven INTEGER NOT NULL DEFAULT 0;
  CREATE INDEX delivery_state ON delivery (destination, state, at_ms);
  CREATE INDEX delivery_tried ON delivery (destination) WHERE state = 'waiting' AND tried_ms IS NOT NULL;
  CREATE TABLE attempt (
    alert INTEGER NOT NULL,
    destination TEXT NOT NULL,
    number INTEGER NOT NULL,
    tried_ms INTEGER NOT NULL,
    took_ms INTEGER NOT NULL,
    outcome TEXT NOT NULL CHECK (outcome IN ('waiting', 'delivered', 'dead')),
    problem TEXT,
    answer TEXT,
    PRIMARY KEY (alert, destination, number),
    FOREIGN KEY (alert, destination) REFERENCES delivery (alert, destination) ON DELETE CASCADE
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX attempt_problem ON attempt (destination, tried_ms) WHERE problem IS NOT NULL;
`;

/** Each brings the database from the version that is its index to the next. */
const migrations = [
  tablesSql,
  `ALTER TABLE alert ADD COLUMN kind TEXT NOT NULL DEFAULT 'sighting';
   ALTER TABLE alert ADD COLUMN why TEXT NOT NULL DEFAULT '';
   ALTER TABLE alert ADD COLUMN detail TEXT NOT NULL DEFAULT '{}';`,
  attemptsSql,
];

/** Makes the tables, or brings those of an older agent up to date; all of it or nothing. */
export function prepareTables(database: DatabaseSync): void {
  database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA journal_size_limit = 4194304;');
  migrate(database, migrations);
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
  forgiven: z.int(),
  due_ms: z.int(),
  first_tried_ms: z.int().nullable(),
  tried_ms: z.int().nullable(),
});

const attemptRow = z.object({
  destination: z.string(),
  number: z.int(),
  tried_ms: z.int(),
  took_ms: z.int(),
  outcome: z.enum(['waiting', 'delivered', 'dead']),
  problem: z.string().nullable(),
  answer: z.string().nullable(),
});

/** An alert that waits for a destination. */
export type Due = {
  alert: Alert;
  /** Since it was raised, or since somebody asked to deliver it again. */
  attempts: number;
  /** When it should be tried, wall time. */
  dueMs: number;
  /** When the first of these attempts was, wall time; absent before that. */
  firstTriedMs?: number;
  /** When it was last tried, wall time; absent before that. */
  triedMs?: number;
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
  const read = dueRow.parse(row);
  return {
    alert: alertOf(row).alert,
    attempts: read.attempts - read.forgiven,
    dueMs: read.due_ms,
    ...(read.first_tried_ms === null ? {} : { firstTriedMs: read.first_tried_ms }),
    ...(read.tried_ms === null ? {} : { triedMs: read.tried_ms }),
  };
}

export function attemptOf(row: unknown): DeliveryAttempt {
  const { destination, number, tried_ms: atMs, took_ms: tookMs, outcome, problem, answer } = attemptRow.parse(row);
  return {
    ...{ destination, number, atMs, tookMs, outcome },
    ...(problem === null ? {} : { problem }),
    ...(answer === null ? {} : { answer }),
  };
}
