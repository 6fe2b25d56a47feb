// What people and the console are told from the outbox. Changes nothing. Rows that cannot be read, such as those of a newer
// version, are left out: they must not hide the others.
import type { DatabaseSync } from 'node:sqlite';
import type { Alert, DeliveryAttempt, DeliveryState } from '../../shared/alert.ts';
import type { DestinationStatus } from '../../shared/destination-status.ts';
import { alertOf, attemptOf, deliveryOf } from './outbox-schema.ts';

export type AlertFilter = {
  limit: number;
  /** Producer timestamp. */
  beforeMs?: number | undefined;
  cameraId?: string | undefined;
  /** Alerts with at least one delivery in this state. */
  state?: DeliveryState | undefined;
};

export type AlertWithAttempts = { alert: Alert; attempts: DeliveryAttempt[] };

/** The deliveries to one destination. */
export type Line = Omit<DestinationStatus, 'id' | 'kind'>;

/** Newest first. */
export function listAlerts(database: DatabaseSync, filter: AlertFilter): Alert[] {
  const { limit, beforeMs = Number.MAX_SAFE_INTEGER, cameraId = null, state = null } = filter;
  const rows = database
    .prepare(
      `SELECT * FROM alert WHERE at_ms < ?1 AND (?2 IS NULL OR camera_id = ?2) AND (?3 IS NULL OR EXISTS
         (SELECT 1 FROM delivery WHERE delivery.alert = seq AND state = ?3)) ORDER BY at_ms DESC, seq DESC LIMIT ?4`,
    )
    .all(beforeMs, cameraId, state, limit);
  return readable(rows, row => withDeliveries(database, row));
}

export function readAlert(database: DatabaseSync, id: string): AlertWithAttempts | undefined {
  const rows = database.prepare('SELECT * FROM alert WHERE id = ?').all(id);
  const [alert] = readable(rows, row => withDeliveries(database, row));
  if (!alert) return undefined;
  const attempts = database
    .prepare(
      `SELECT attempt.* FROM attempt JOIN alert ON alert.seq = attempt.alert WHERE alert.id = ?
       ORDER BY tried_ms, destination, number`,
    )
    .all(id);
  return { alert, attempts: readable(attempts, attemptOf) };
}

/** @param sinceMs wall time from which on `recentlyDead` counts */
export function readLine(database: DatabaseSync, destination: string, sinceMs: number): Line {
  const counts = database
    .prepare(
      `SELECT
         (SELECT count(*) FROM delivery WHERE destination = ?1 AND state = 'waiting') AS waiting,
         (SELECT count(*) FROM delivery WHERE destination = ?1 AND state = 'dead') AS dead,
         (SELECT count(*) FROM delivery WHERE destination = ?1 AND state = 'dead' AND at_ms >= ?2) AS recentlyDead,
         (SELECT max(at_ms) FROM delivery WHERE destination = ?1 AND state = 'delivered') AS lastDeliveredMs`,
    )
    .get(destination, sinceMs);
  const oldest = database
    .prepare(
      `SELECT alert.at_ms AS atMs, delivery.at_ms AS dueMs FROM delivery JOIN alert ON alert.seq = delivery.alert
       WHERE destination = ? AND state = 'waiting' ORDER BY delivery.alert LIMIT 1`,
    )
    .get(destination);
  const problem = database
    .prepare(
      `SELECT problem, tried_ms AS atMs FROM attempt WHERE destination = ? AND problem IS NOT NULL
       ORDER BY tried_ms DESC LIMIT 1`,
    )
    .get(destination);
  const { waiting, dead, recentlyDead, lastDeliveredMs } = counts ?? {};
  return {
    ...{ waiting: Number(waiting), dead: Number(dead), recentlyDead: Number(recentlyDead) },
    ...(oldest ? { oldestWaitingMs: Number(oldest.atMs), nextTryMs: Number(oldest.dueMs) } : {}),
    ...(typeof lastDeliveredMs === 'number' ? { lastDeliveredMs } : {}),
    ...(problem ? { lastProblem: { atMs: Number(problem.atMs), message: String(problem.problem) } } : {}),
  };
}

function withDeliveries(database: DatabaseSync, row: unknown): Alert {
  const { seq, alert } = alertOf(row);
  const deliveries = database.prepare('SELECT * FROM delivery WHERE alert = ? ORDER BY destination').all(seq);
  return { ...alert, deliveries: deliveries.map(deliveryOf) };
}

function readable<T>(rows: readonly unknown[], read: (row: unknown) => T): T[] {
  return rows.flatMap(row => {
    try {
      return [read(row)];
    } catch (error) {
      // SQLite's own errors are about the database, not about a row.
      if (error instanceof Error && 'errcode' in error) throw error;
      return [];
    }
  });
}
