// From what the cameras' stills show to alerts: the rules are asked, their alerts go to the outbox, and what they said is
// published. Nothing here ends a camera's line: an alert that could not be kept is tried again with the next still.
import type { Alert } from '../shared/alert.ts';
import type { Seen } from '../shared/sighting.ts';
import type { Clock } from './clock.ts';
import { asAgentError } from './errors.ts';
import type { Facts } from './facts.ts';
import { type Activity, type Decisions, type Firing, RuleEvaluator, type RuleFrame } from './rules/evaluate.ts';
import type { RuleBookSettings } from './rules/rule-book.ts';
import { settled } from './rules/settled.ts';

/** What the outbox is for the rules. */
export type AlertOutbox = {
  raise(firing: Firing, destinations: string[]): Alert;
  lastFiredMs(ruleId: string, cameraId: string): number | undefined;
};

export type RaiseAlertsOptions = {
  settings: RuleBookSettings;
  outbox: AlertOutbox;
  /** Names of the destinations of a rule's alerts. */
  destinationsOf: (ruleId: string) => string[];
  clock: Clock;
  facts: Facts;
};

/** How often it is noticed that a camera sends no stills any more. */
const quietEveryMs = 5_000;
/** Stills are this far behind the camera at most, while they come. */
const stillsBehindMs = 30_000;

export class RaiseAlerts {
  readonly #options: RaiseAlertsOptions;
  readonly #evaluator: RuleEvaluator;
  /** What the outbox knows too; asked for each match, a database would be most of what rules cost. */
  readonly #lastSent = new Map<string, number | undefined>();

  constructor(options: RaiseAlertsOptions) {
    this.#options = options;
    this.#evaluator = new RuleEvaluator(options.settings, {
      lastSentMs: (ruleId, cameraId) => this.#lastSentMs(ruleId, cameraId),
      snoozed: () => false,
      hasRaised: () => false,
    });
  }

  /** Rules and cameras as they are from now on. */
  follow(settings: RuleBookSettings): void {
    this.#publishActivities(this.#evaluator.follow(settings));
  }

  /** What one still shows; stills of a camera come in order. `ended`: sightings that are over. Never throws. */
  see({ cameraId, atMs, seen, ended = [] }: RuleFrame & { ended?: readonly string[] }): void {
    try {
      const decisions = this.#evaluator.evaluate({ cameraId, atMs, seen: seen.map(settled) });
      this.#evaluator.ended(cameraId, ended);
      this.#publish(decisions);
      for (const firing of decisions.firings) this.#raise(firing);
    } catch (thrown) {
      this.#options.facts.publish({ type: 'alerts.failed', error: asAgentError(thrown) });
    }
  }

  /** Until `signal` aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    while (!signal.aborted) {
      await clock.sleep(quietEveryMs, signal).catch(() => undefined);
      this.#publishActivities(this.#evaluator.expire(clock.nowMs() - stillsBehindMs));
    }
  }

  #raise(firing: Firing): void {
    const { outbox, destinationsOf, facts } = this.#options;
    try {
      outbox.raise(firing, destinationsOf(firing.ruleId));
    } catch (thrown) {
      facts.publish({ type: 'alerts.failed', error: asAgentError(thrown) });
      return;
    }
    this.#evaluator.raised(firing);
    this.#lastSent.set(keyOf(firing.ruleId, firing.cameraId ?? ''), firing.atMs);
  }

  #lastSentMs(ruleId: string, cameraId: string): number | undefined {
    const key = keyOf(ruleId, cameraId);
    if (!this.#lastSent.has(key)) this.#lastSent.set(key, this.#options.outbox.lastFiredMs(ruleId, cameraId));
    return this.#lastSent.get(key);
  }

  #publish({ evaluations, activities }: Decisions): void {
    const { facts } = this.#options;
    for (const { changed, ...evaluation } of evaluations) {
      if (changed) facts.publish({ type: 'rule.evaluated', ...evaluation });
    }
    this.#publishActivities(activities);
  }

  #publishActivities(activities: readonly Activity[]): void {
    for (const activity of activities) this.#options.facts.publish({ type: 'rule.active', ...activity });
  }
}

/** Ids of rules and cameras have no blanks. */
function keyOf(ruleId: string, cameraId: string): string {
  return `${ruleId} ${cameraId}`;
}

/** Something seen on one still only. */
export function seenOnce({ path: _path, ...sighting }: Seen['sighting']): Seen {
  const { atMs, confidence, box } = sighting;
  return { sighting, observation: { atMs, confidence, ...(box ? { box } : {}) }, isNew: true };
}
