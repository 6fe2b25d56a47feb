// How the destinations of alerts are, and what came of a test or of delivering again. The agent's answers; see api.ts.

export type DestinationStatus = {
  /** As rules name it; of a webhook that is written into a rule, its address without the query. */
  id: string;
  /** The key of its settings, such as `webhook`. */
  kind: string;
  /** Deliveries that wait for it, and those that were given up and are still kept. */
  waiting: number;
  dead: number;
  /** Given up within the last 24 hours. */
  recentlyDead: number;
  /** Producer timestamp of the alert that waits longest. */
  oldestWaitingMs?: number;
  /** When that one is tried next. */
  nextTryMs?: number;
  lastDeliveredMs?: number;
  /** Of the last attempt that failed; it may be over since. */
  lastProblem?: { atMs: number; message: string };
};

/** What a destination made of an alert of kind `test`. It is sent once, and kept nowhere. */
export type DestinationTested = {
  alertId: string;
  delivered: boolean;
  atMs: number;
  tookMs: number;
  /** What the other side answered, cut short and without secrets; not every kind of destination says something. */
  answer?: string;
  problem?: { code: string; message: string };
};

/** How many deliveries wait now that did not before or had been tried, and for which destinations. */
export type Redelivered = { deliveries: number; destinations: string[] };

const attentionWaitingMs = 10 * 60_000;

/** What of a destination somebody should look at, in sentences. Empty when all is well. */
export function attentionOfDestination(status: DestinationStatus, nowMs: number): string[] {
  const { id, waiting, recentlyDead, oldestWaitingMs = nowMs, lastDeliveredMs = 0, lastProblem } = status;
  const why = lastProblem && lastProblem.atMs >= lastDeliveredMs ? ` ${lastProblem.message}` : '';
  const isLate = waiting > 0 && nowMs - oldestWaitingMs > attentionWaitingMs;
  return [
    ...(isLate ? [`${alerts(waiting)} for ${id} could not be delivered yet.${why}`] : []),
    ...(recentlyDead > 0 ? [`${alerts(recentlyDead)} for ${id} had to be given up in the last 24 hours.${why}`] : []),
  ];
}

function alerts(count: number): string {
  return count === 1 ? 'One alert' : `${count} alerts`;
}
