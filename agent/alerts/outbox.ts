// Alerts on their way out, kept in SQLite. Invariants, each with a test:
// 1. An alert, its deliveries and the start of its cooldown are one transaction: kill -9 leaves all of them or none.
// 2. A delivery is `waiting` until a sink took it or it was given up; what came in between is tried again (at least once).
// 3. A destination gets its alerts in the order they were raised; the first that waits holds back the others.
// 4. At most `maxAlerts` are kept, in at most `maxBytes`; finished ones go first, and one that had to go unsent is
//    reported as dead. Of each delivery the newest attempts are kept.
// 5. Delivering again keeps the alert's id, its place in the order and its history.
import type { DatabaseSync } from 'node:sqlite';
import type { Alert, Delivery } from '../../shared/alert.ts';
import type { Clock } from '../clock.ts';
import { AgentError } from '../errors.ts';
import type { Facts } from '../facts.ts';
import type { Firing } from '../rules/evaluate.ts';
import type { Attempt } from './attempt.ts';
import { OutboxDatabase } from './outbox-database.ts';
import {
  type AlertFilter,
  type AlertWithAttempts,
  type Line,
  listAlerts,
  readAlert,
  readLine,
} from './outbox-reading.ts';
import { type Due, dueOf } from './outbox-schema.ts';
import { type Dropped, trim } from './outbox-trim.ts';

const defaultMaxAlerts = 10_000;
const defaultMaxBytes = 64 * 1024 * 1024;
const attemptsKept = 20;
/** A new alert is a reason to try the destination again, but not more often than this. */
const shortestEagerMs = 60_000;

const outboxFull = 'The outbox is full, and this alert was the oldest in it.';
const noLongerNamed = 'No rule in the settings names this destination any more.';
const unreadable = 'This alert cannot be read: another version of the agent has kept it.';

export type OutboxOptions = {
  /** The database; its folder is made when missing. */
  file: string;
  clock: Clock;
  facts: Facts;
  /** Makes the ids of alerts: unique, also across restarts. */
  newId: () => string;
  maxAlerts?: number;
  maxBytes?: number;
};

/** Every method throws an AgentError `disk-*` when the database cannot be used. */
export class Outbox implements Disposable {
  readonly #options: OutboxOptions;
  readonly #database: OutboxDatabase;
  readonly #listeners = new Set<() => void>();

  constructor(options: OutboxOptions) {
    this.#options = options;
    const onDamage = (error: AgentError) => options.facts.publish({ type: 'alerts.failed', error });
    this.#database = new OutboxDatabase(options.file, onDamage);
  }

  /** Keeps the alert for every destination, starts the rule's cooldown and publishes `alert.raised`. */
  raise(firing: Firing, destinations: string[]): Alert {
    const { clock, newId, facts, maxAlerts = defaultMaxAlerts, maxBytes = defaultMaxBytes } = this.#options;
    const nowMs = clock.nowMs();
    const deliveries: Delivery[] = [...new Set(destinations)].map(destination => ({
      destination,
      state: 'waiting',
      attempts: 0,
      atMs: nowMs,
    }));
    const alert: Alert = { id: newId(), ...firing, deliveries };
    const dropped = this.#database.transaction(database => {
      insertAlert(database, alert);
      for (const { destination } of deliveries) hurry(database, destination, nowMs);
      return trim(database, { maxAlerts, maxBytes });
    });
    facts.publish({ type: 'alert.raised', alert });
    for (const delivery of dropped) this.#publishDead(delivery, outboxFull);
    this.#callListeners();
    return alert;
  }

  /** Producer timestamp of the last alert raised for the rule on the camera, also before a restart. */
  lastFiredMs(ruleId: string, cameraId: string): number | undefined {
    const row = this.#database.use(database =>
      database.prepare('SELECT at_ms AS atMs FROM firing WHERE rule_id = ? AND camera_id = ?').get(ruleId, cameraId),
    );
    return row === undefined ? undefined : Number(row.atMs);
  }

  /** Newest first. */
  list(filter: AlertFilter): Alert[] {
    return this.#database.use(database => listAlerts(database, filter));
  }

  /** Undefined when there is none of that id, or no longer. */
  alert(id: string): AlertWithAttempts | undefined {
    return this.#database.use(database => readAlert(database, id));
  }

  /** @param sinceMs wall time from which on `recentlyDead` counts */
  line(destination: string, sinceMs: number): Line {
    return this.#database.use(database => readLine(database, destination, sinceMs));
  }

  /** The oldest alerts that wait for the destination, due or not, in the order they were raised; `most` at most. */
  waiting(destination: string, most: number): Due[] {
    const rows = this.#database.use(database =>
      database
        .prepare(
          `SELECT alert.*, delivery.attempts, delivery.forgiven, delivery.at_ms AS due_ms, delivery.first_tried_ms,
             delivery.tried_ms
           FROM delivery JOIN alert ON alert.seq = delivery.alert
           WHERE delivery.destination = ? AND delivery.state = 'waiting' ORDER BY delivery.alert LIMIT ?`,
        )
        .all(destination, most),
    );
    const readable = rows.flatMap(row => this.#dueOrGivenUp(row, destination));
    return readable.length === rows.length ? readable : this.waiting(destination, most);
  }

  /** Records attempts at the destination and how they ended. Those whose alert had to go meanwhile are left out. */
  settle(destination: string, attempts: readonly Attempt[]): void {
    this.#database.transaction(database => {
      for (const attempt of attempts) settleOne(database, destination, attempt);
    });
  }

  /** Gives up what waits for destinations that the settings no longer name. */
  giveUpExcept(destinations: string[]): void {
    const gone = this.#database.use(database =>
      database
        .prepare(
          `UPDATE delivery SET state = 'dead', at_ms = ?, problem = ? WHERE state = 'waiting'
             AND destination NOT IN (SELECT value FROM json_each(?))
           RETURNING destination, (SELECT id FROM alert WHERE seq = delivery.alert) AS alertId`,
        )
        .all(this.#options.clock.nowMs(), noLongerNamed, JSON.stringify(destinations)),
    );
    for (const { alertId, destination } of gone)
      this.#publishDead({ alertId: String(alertId), destination: String(destination) }, noLongerNamed);
  }

  /**
   * Lets the alert go to the destinations now, whatever came of it there before, and also where it never went.
   * @returns whether there is such an alert
   */
  deliverAgain(alertId: string, destinations: readonly string[]): boolean {
    const nowMs = this.#options.clock.nowMs();
    const { changes } = this.#database.use(database =>
      database
        .prepare(
          `INSERT INTO delivery (alert, destination, at_ms)
             SELECT alert.seq, names.value, ? FROM alert, json_each(?) AS names WHERE alert.id = ?
           ON CONFLICT DO UPDATE SET state = 'waiting', at_ms = excluded.at_ms, forgiven = attempts, first_tried_ms = NULL`,
        )
        .run(nowMs, JSON.stringify(destinations), alertId),
    );
    this.#callListeners();
    return Number(changes) > 0;
  }

  /**
   * Lets what was given up at these destinations go to them again. @param sinceMs only alerts from then on, producer time
   * @returns how many deliveries
   */
  deliverDeadAgain({ destinations, sinceMs = 0 }: { destinations: string[]; sinceMs?: number | undefined }): number {
    const { changes } = this.#database.use(database =>
      database
        .prepare(
          `UPDATE delivery SET state = 'waiting', at_ms = ?, forgiven = attempts, first_tried_ms = NULL
           WHERE state = 'dead' AND destination IN (SELECT value FROM json_each(?))
             AND (SELECT at_ms FROM alert WHERE seq = delivery.alert) >= ?`,
        )
        .run(this.#options.clock.nowMs(), JSON.stringify(destinations), sinceMs),
    );
    this.#callListeners();
    return Number(changes);
  }

  /** Calls back when something waits that may have no attempt before it. The returned function ends it. */
  onWaiting(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  [Symbol.dispose](): void {
    this.#database[Symbol.dispose]();
  }

  #callListeners(): void {
    for (const listener of this.#listeners) listener();
  }

  // An alert that cannot be read would hold back all that come after it for ever.
  #dueOrGivenUp(row: Record<string, unknown>, destination: string): Due[] {
    try {
      return [dueOf(row)];
    } catch {
      const alertId = String(row.id);
      this.#database.use(database =>
        database
          .prepare(
            `UPDATE delivery SET state = 'dead', at_ms = ?, problem = ?
             WHERE destination = ? AND alert = (SELECT seq FROM alert WHERE id = ?)`,
          )
          .run(this.#options.clock.nowMs(), unreadable, destination, alertId),
      );
      this.#publishDead({ alertId, destination }, unreadable);
      return [];
    }
  }

  #publishDead({ alertId, destination }: Dropped, message: string): void {
    const error = new AgentError({ code: 'delivery-failed', kind: 'exhausted', retry: 'never', message });
    this.#options.facts.publish({ type: 'alert.delivery', alertId, destination, state: 'dead', error });
  }
}

function insertAlert(database: DatabaseSync, alert: Alert): void {
  const { id, kind, ruleId, cameraId = '', atMs, why, sightings, counts, health, deliveries } = alert;
  const { lastInsertRowid: seq } = database
    .prepare(
      'INSERT INTO alert (id, kind, rule_id, camera_id, at_ms, why, sightings, detail) VALUES (?, ?, ?, ?, ?, ?, ?, ?)',
    )
    .run(id, kind, ruleId, cameraId, atMs, why, JSON.stringify(sightings), JSON.stringify({ counts, health }));
  const insert = database.prepare('INSERT INTO delivery (alert, destination, at_ms) VALUES (?, ?, ?)');
  for (const delivery of deliveries) insert.run(seq, delivery.destination, delivery.atMs);
  database.prepare('INSERT OR REPLACE INTO firing VALUES (?, ?, ?)').run(ruleId, cameraId, atMs);
}

// Without this, a receiver that is back after a night would get the morning's first alert hours late: the alert
// at the head of the line waits up to a day between attempts.
function hurry(database: DatabaseSync, destination: string, nowMs: number): void {
  database
    .prepare(
      `UPDATE delivery INDEXED BY delivery_tried SET at_ms = min(at_ms, max(?, tried_ms + ?))
       WHERE destination = ? AND state = 'waiting' AND tried_ms IS NOT NULL`,
    )
    .run(nowMs, shortestEagerMs, destination);
}

function settleOne(database: DatabaseSync, destination: string, attempt: Attempt): void {
  const { alertId, triedMs, tookMs, answer = null, settlement } = attempt;
  const { state, atMs, error } = settlement;
  const problem = error?.message ?? null;
  const row = database
    .prepare(
      `UPDATE delivery SET state = ?, at_ms = ?, problem = ?, attempts = attempts + 1,
         first_tried_ms = coalesce(first_tried_ms, ?), tried_ms = ?
       WHERE destination = ? AND alert = (SELECT seq FROM alert WHERE id = ?) RETURNING alert, attempts`,
    )
    .get(state, atMs, problem, triedMs, triedMs, destination, alertId);
  if (!row) return;
  const [seq, number] = [Number(row.alert), Number(row.attempts)];
  database
    .prepare('INSERT INTO attempt VALUES (?, ?, ?, ?, ?, ?, ?, ?)')
    .run(seq, destination, number, triedMs, tookMs, state, problem, answer);
  database
    .prepare('DELETE FROM attempt WHERE alert = ? AND destination = ? AND number <= ?')
    .run(seq, destination, number - attemptsKept);
}
