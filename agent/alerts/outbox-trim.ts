// Keeps the outbox small: when there are too many alerts, or they take too much of the disk, the oldest go. Those whose
// deliveries have all ended go first; the newest alert always stays. Runs inside the transaction that adds an alert.
import type { DatabaseSync } from 'node:sqlite';

export type OutboxLimits = {
  maxAlerts: number;
  /** Of the database file; pages that became free do not count, for new alerts use them again. */
  maxBytes: number;
};

/** A delivery that still waited when its alert had to go. */
export type Dropped = { alertId: string; destination: string };

export function trim(database: DatabaseSync, limits: OutboxLimits): Dropped[] {
  const dropped: Dropped[] = [];
  for (let excess = excessOf(database, limits); excess > 0; excess = excessOf(database, limits)) {
    dropped.push(...removeOldest(database, excess));
  }
  return dropped;
}

/** How many alerts should go now; the newest is not one of them. */
function excessOf(database: DatabaseSync, { maxAlerts, maxBytes }: OutboxLimits): number {
  const alerts = numberOf(database, 'SELECT count(*) AS number FROM alert');
  // A hundredth at a time: a page becomes free only when all that is on it went.
  const forBytes = usedBytes(database) > maxBytes ? Math.ceil(alerts / 100) : 0;
  return Math.min(alerts - 1, Math.max(alerts - maxAlerts, forBytes));
}

function usedBytes(database: DatabaseSync): number {
  const [pages, free, pageBytes] = ['page_count', 'freelist_count', 'page_size'].map(pragma =>
    numberOf(database, `SELECT ${pragma} AS number FROM pragma_${pragma}`),
  );
  return ((pages ?? 0) - (free ?? 0)) * (pageBytes ?? 0);
}

function numberOf(database: DatabaseSync, sql: string): number {
  return Number(database.prepare(sql).get()?.number);
}

const finishedSql = `SELECT seq FROM alert WHERE seq < (SELECT max(seq) FROM alert)
  AND NOT EXISTS (SELECT 1 FROM delivery WHERE alert = seq AND state = 'waiting') ORDER BY seq LIMIT ?`;
const oldestSql = 'SELECT seq FROM alert WHERE seq < (SELECT max(seq) FROM alert) ORDER BY seq LIMIT ?';

function removeOldest(database: DatabaseSync, count: number): Dropped[] {
  const finished = remove(database, finishedSql, count);
  return finished.removed < count ? remove(database, oldestSql, count - finished.removed).dropped : [];
}

function remove(database: DatabaseSync, sql: string, count: number): { removed: number; dropped: Dropped[] } {
  const seqs = JSON.stringify(
    database
      .prepare(sql)
      .all(count)
      .map(({ seq }) => Number(seq)),
  );
  // In this order: there may be many that wait, and few victims.
  const dropped = database
    .prepare(
      `SELECT alert.id AS alertId, destination FROM json_each(?) AS victim CROSS JOIN alert ON alert.seq = victim.value
       CROSS JOIN delivery ON delivery.alert = alert.seq AND +state = 'waiting' ORDER BY alert.seq`,
    )
    .all(seqs)
    .map(({ alertId, destination }) => ({ alertId: String(alertId), destination: String(destination) }));
  const { changes } = database.prepare('DELETE FROM alert WHERE seq IN (SELECT value FROM json_each(?))').run(seqs);
  return { removed: Number(changes), dropped };
}
