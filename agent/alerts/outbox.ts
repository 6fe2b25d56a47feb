// Alerts on their way out, kept in SQLite. Invariants, each with a test:
// 1. An alert, its deliveries and the start of its cooldown are one transaction: kill -9 leaves all of them or none.
// 2. A delivery is `waiting` until a sink took it or it was given up; what came in between is tried again (at least once).
// 3. A destination gets its alerts in the order they were raised; the first that waits holds back the others.
// 4. At most `maxAlerts` are kept; finished ones go first, and one that had to go unsent is reported as dead.
import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { Alert, Delivery } from '../../shared/alert.ts';
import type { Clock } from '../clock.ts';
import { AgentError } from '../errors.ts';
import type { Facts } from '../facts.ts';
import type { Firing } from '../rules/evaluate.ts';
import { outboxError } from './disk-errors.ts';
import { alertOf, type Due, deliveryOf, dueOf, migrate } from './outbox-schema.ts';
import type { Settlement } from './retry.ts';

const defaultMaxAlerts = 10_000;
/** A new alert is a reason to try the destination again, but not more often than this. */
const shortestEagerMs = 60_000;

const outboxFull = 'The outbox is full, and this alert was the oldest in it.';
const noLongerNamed = 'No rule in the settings names this destination any more.';

export type OutboxOptions = {
  /** The database; its folder is made when missing. */
  file: string;
  clock: Clock;
  facts: Facts;
  /** Makes the ids of alerts: unique, also across restarts. */
  newId: () => string;
  maxAlerts?: number;
};

export type Attempt = {
  alertId: string;
  destination: string;
  /** Wall time. */
  triedMs: number;
};

/** Every method throws an AgentError `disk-*` when the database cannot be used. */
export class Outbox implements Disposable {
  readonly #options: OutboxOptions;
  readonly #database: DatabaseSync;
  readonly #listeners = new Set<() => void>();

  constructor(options: OutboxOptions) {
    this.#options = options;
    try {
      mkdirSync(dirname(options.file), { recursive: true });
      this.#database = new DatabaseSync(options.file, { timeout: 2_000 });
      migrate(this.#database);
    } catch (error) {
      throw outboxError(error, options.file);
    }
  }

  /** Keeps the alert for every destination, starts the rule's cooldown and publishes `alert.raised`. */
  raise(firing: Firing, destinations: string[]): Alert {
    const nowMs = this.#options.clock.nowMs();
    const deliveries: Delivery[] = [...new Set(destinations)].map(destination => ({
      destination,
      state: 'waiting',
      attempts: 0,
      atMs: nowMs,
    }));
    const alert: Alert = { id: this.#options.newId(), ...firing, deliveries };
    const dropped = this.#transaction(() => {
      this.#insert(alert);
      for (const { destination } of deliveries) this.#hurry(destination, nowMs);
      return this.#trim();
    });
    this.#options.facts.publish({ type: 'alert.raised', alert });
    for (const delivery of dropped) this.#publishDead(delivery, outboxFull);
    for (const listener of this.#listeners) listener();
    return alert;
  }

  /** Producer timestamp of the last alert raised for the rule on the camera, also before a restart. */
  lastFiredMs(ruleId: string, cameraId: string): number | undefined {
    const row = this.#guard(() =>
      this.#database
        .prepare('SELECT at_ms AS atMs FROM firing WHERE rule_id = ? AND camera_id = ?')
        .get(ruleId, cameraId),
    );
    return row === undefined ? undefined : Number(row.atMs);
  }

  /** Newest first, only those before `beforeMs` (producer timestamps). */
  list({ limit, beforeMs = Number.MAX_SAFE_INTEGER }: { limit: number; beforeMs?: number | undefined }): Alert[] {
    return this.#guard(() => {
      const alerts = this.#database
        .prepare('SELECT * FROM alert WHERE at_ms < ? ORDER BY at_ms DESC, seq DESC LIMIT ?')
        .all(beforeMs, limit);
      const deliveries = this.#database.prepare('SELECT * FROM delivery WHERE alert = ? ORDER BY destination');
      return alerts.map(row => {
        const { seq, alert } = alertOf(row);
        return { ...alert, deliveries: deliveries.all(seq).map(deliveryOf) };
      });
    });
  }

  /** The oldest alert that waits for the destination, due or not. */
  next(destination: string): Due | undefined {
    const row = this.#guard(() =>
      this.#database
        .prepare(
          `SELECT alert.*, delivery.attempts, delivery.at_ms AS due_ms, delivery.first_tried_ms
           FROM delivery JOIN alert ON alert.seq = delivery.alert
           WHERE delivery.destination = ? AND delivery.state = 'waiting' ORDER BY delivery.alert LIMIT 1`,
        )
        .get(destination),
    );
    return row === undefined ? undefined : dueOf(row);
  }

  /** Records an attempt that was made at `triedMs` and how it ended. */
  settle({ alertId, destination, triedMs }: Attempt, { state, atMs, error }: Settlement): void {
    this.#guard(() =>
      this.#database
        .prepare(
          `UPDATE delivery SET state = ?, at_ms = ?, problem = ?, attempts = attempts + 1,
             first_tried_ms = coalesce(first_tried_ms, ?), tried_ms = ?
           WHERE destination = ? AND alert = (SELECT seq FROM alert WHERE id = ?)`,
        )
        .run(state, atMs, error?.message ?? null, triedMs, triedMs, destination, alertId),
    );
  }

  /** Gives up what waits for destinations that the settings no longer name. */
  giveUpExcept(destinations: string[]): void {
    const gone = this.#guard(() =>
      this.#database
        .prepare(
          `UPDATE delivery SET state = 'dead', at_ms = ?, problem = ? WHERE state = 'waiting'
             AND destination NOT IN (SELECT value FROM json_each(?))
           RETURNING destination, (SELECT id FROM alert WHERE seq = delivery.alert) AS alertId`,
        )
        .all(this.#options.clock.nowMs(), noLongerNamed, JSON.stringify(destinations)),
    );
    for (const row of gone) this.#publishDead(row, noLongerNamed);
  }

  /** Calls back after every new alert. The returned function ends it. */
  onRaised(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  [Symbol.dispose](): void {
    if (this.#database.isOpen) this.#database.close();
  }

  #insert({ id, kind, ruleId, cameraId = '', atMs, why, sightings, counts, health, deliveries }: Alert): void {
    const { lastInsertRowid: seq } = this.#database
      .prepare(
        'INSERT INTO alert (id, kind, rule_id, camera_id, at_ms, why, sightings, detail) VALUES (?, ?, ?, ?, ?, ?, ?, ?)',
      )
      .run(id, kind, ruleId, cameraId, atMs, why, JSON.stringify(sightings), JSON.stringify({ counts, health }));
    const insert = this.#database.prepare('INSERT INTO delivery (alert, destination, at_ms) VALUES (?, ?, ?)');
    for (const delivery of deliveries) insert.run(seq, delivery.destination, delivery.atMs);
    this.#database.prepare('INSERT OR REPLACE INTO firing VALUES (?, ?, ?)').run(ruleId, cameraId, atMs);
  }

  // Without this, a receiver that is back after a night would get the morning's first alert hours late: the alert
  // at the head of the line waits up to a day between attempts.
  #hurry(destination: string, nowMs: number): void {
    this.#database
      .prepare(
        `UPDATE delivery SET at_ms = min(at_ms, max(?, tried_ms + ?))
         WHERE destination = ? AND state = 'waiting' AND tried_ms IS NOT NULL`,
      )
      .run(nowMs, shortestEagerMs, destination);
  }

  /** Removes the alerts that are too many; returns the deliveries that were still waiting. */
  #trim(): Record<string, unknown>[] {
    const { maxAlerts = defaultMaxAlerts } = this.#options;
    const tooMany = `SELECT seq FROM alert
      ORDER BY EXISTS (SELECT 1 FROM delivery WHERE alert = seq AND state = 'waiting'), seq
      LIMIT max(0, (SELECT count(*) FROM alert) - ?)`;
    const waiting = this.#database
      .prepare(
        `SELECT alert.id AS alertId, destination FROM delivery JOIN alert ON alert.seq = delivery.alert
         WHERE state = 'waiting' AND alert IN (${tooMany})`,
      )
      .all(maxAlerts);
    this.#database.prepare(`DELETE FROM alert WHERE seq IN (${tooMany})`).run(maxAlerts);
    return waiting;
  }

  #publishDead({ alertId, destination }: Record<string, unknown>, message: string): void {
    const error = new AgentError({ code: 'delivery-failed', kind: 'exhausted', retry: 'never', message });
    this.#options.facts.publish({
      type: 'alert.delivery',
      alertId: String(alertId),
      destination: String(destination),
      state: 'dead',
      error,
    });
  }

  #transaction<T>(work: () => T): T {
    return this.#guard(() => {
      this.#database.exec('BEGIN IMMEDIATE');
      try {
        const result = work();
        this.#database.exec('COMMIT');
        return result;
      } catch (error) {
        if (this.#database.isTransaction) this.#database.exec('ROLLBACK');
        throw error;
      }
    });
  }

  #guard<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      throw outboxError(error, this.#options.file);
    }
  }
}
