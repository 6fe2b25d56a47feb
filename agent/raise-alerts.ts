// From what the cameras' stills show to alerts: the rules are asked, their alerts go to the outbox, what they said is published
// and kept. Nothing here ends a camera's line, and no disk that is full keeps a rule from firing; an alert that could not be
// kept is tried again with the next still.
import type { Alert } from '../shared/alert.ts';
import type { RuleMemoryStore } from './alerts/rule-memory/rule-memory.ts';
import type { Clock } from './clock.ts';
import { asAgentError } from './errors.ts';
import type { Facts } from './facts.ts';
import type { Decisions, Firing, RuleFrame } from './rules/evaluate.ts';
import type { Activity } from './rules/presence.ts';
import type { RuleBook, RuleBookSettings } from './rules/rule-book.ts';
import { RuleRun } from './rules/rule-run.ts';
import { settled } from './rules/settled.ts';

/** What the outbox is for the rules. */
export type AlertOutbox = {
  raise(firing: Firing, destinations: string[]): Alert;
  lastFiredMs(ruleId: string, cameraId: string): number | undefined;
};

export type RaiseAlertsOptions = {
  settings: RuleBookSettings;
  outbox: AlertOutbox;
  memory: RuleMemoryStore;
  /** Names of the destinations of a rule's alerts. */
  destinationsOf: (ruleId: string) => string[];
  clock: Clock;
  facts: Facts;
};

/** How often what waits is written, and is noticed that a camera sends no stills any more. */
const tickMs = 5_000;
/** Stills are this far behind the camera at most, while they come. */
const stillsBehindMs = 30_000;
/** So much of the past tells what was there when the agent stopped: who stood where, and since when. */
const rememberedMs = 15 * 60_000;

export class RaiseAlerts implements Disposable {
  readonly #options: RaiseAlertsOptions;
  readonly #run: RuleRun;
  /** What the outbox knows too; asked for each match, a database would be most of what rules cost. */
  readonly #lastSent = new Map<string, number | undefined>();

  /** @throws AgentError `disk-*` */
  constructor(options: RaiseAlertsOptions) {
    this.#options = options;
    const { settings, memory } = options;
    const raisedBefore = memory.whys.raised();
    this.#run = new RuleRun(
      settings,
      {
        lastSentMs: (ruleId, cameraId) => this.lastSentMs(ruleId, cameraId),
        snoozed: (ruleId, cameraId, atMs) => memory.snoozes.until(ruleId, cameraId, atMs) !== undefined,
        hasRaised: (ruleId, sightingId) => raisedBefore.has(`${ruleId} ${sightingId}`),
      },
      memory.periods.read(),
    );
    this.#remember();
  }

  /** Rules and cameras as they are from now on. */
  follow(settings: RuleBookSettings): void {
    this.#publishActivities(this.#run.follow(settings));
  }

  /** What one still shows; stills of a camera come in order. `ended`: sightings that are over. Never throws. */
  see({ cameraId, atMs, seen, ended = [] }: RuleFrame & { ended?: readonly string[] }): void {
    try {
      const frame = { cameraId, atMs, seen: seen.map(settled) };
      this.#options.memory.frames.add(frame);
      const decisions = this.#run.see(frame);
      this.#run.ended(cameraId, ended);
      this.#publish(decisions, frame);
      this.#raise(decisions.firings);
    } catch (thrown) {
      this.#options.facts.publish({ type: 'alerts.failed', error: asAgentError(thrown) });
    }
  }

  /** Until `signal` aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    while (!signal.aborted) {
      await clock.sleep(tickMs, signal).catch(() => undefined);
      const { activities, firings } = this.#run.expire(clock.nowMs() - stillsBehindMs);
      this.#publishActivities(activities);
      this.#raise(firings);
      this.#flush();
    }
  }

  /** Alerts that come from elsewhere than what is seen: health. Whether it was raised. */
  raise(firing: Firing): boolean {
    const { outbox, destinationsOf, facts } = this.#options;
    try {
      outbox.raise(firing, destinationsOf(firing.ruleId));
    } catch (thrown) {
      facts.publish({ type: 'alerts.failed', error: asAgentError(thrown) });
      return false;
    }
    if (firing.kind !== 'count') this.#lastSent.set(keyOf(firing.ruleId, firing.cameraId ?? ''), firing.atMs);
    return true;
  }

  /** Producer timestamp of the last alert; of the device, where `cameraId` is ''. */
  lastSentMs(ruleId: string, cameraId: string): number | undefined {
    const key = keyOf(ruleId, cameraId);
    if (!this.#lastSent.has(key)) this.#lastSent.set(key, this.#options.outbox.lastFiredMs(ruleId, cameraId));
    return this.#lastSent.get(key);
  }

  /** The rules as they are. */
  get book(): RuleBook {
    return this.#run.book;
  }

  isActive(ruleId: string, cameraId: string): boolean {
    return this.#run.isActive(ruleId, cameraId);
  }

  /** Writes what cameras showed to the last. The memory is closed after it. */
  [Symbol.dispose](): void {
    this.#flush();
  }

  #raise(firings: readonly Firing[]): void {
    for (const firing of firings) if (this.raise(firing)) this.#run.raised(firing);
    // What has raised its alert must be known as such after a kill, too.
    if (firings.length > 0) this.#flush();
  }

  #remember(): void {
    const { memory, clock } = this.#options;
    const nowMs = clock.nowMs();
    for (const frame of memory.frames.read({ fromMs: nowMs - rememberedMs, toMs: nowMs + 1 }))
      this.#run.remember(frame);
  }

  #publish({ evaluations, activities }: Decisions, { seen }: RuleFrame): void {
    const { facts, memory } = this.#options;
    const labels = new Map(seen.map(({ sighting }) => [sighting.id, sighting.label]));
    for (const { changed, ...evaluation } of evaluations) {
      memory.whys.note({ ...evaluation, label: labels.get(evaluation.sightingId) ?? '' });
      if (changed) facts.publish({ type: 'rule.evaluated', ...evaluation });
    }
    this.#publishActivities(activities);
  }

  #publishActivities(activities: readonly Activity[]): void {
    for (const activity of activities) this.#options.facts.publish({ type: 'rule.active', ...activity });
  }

  #flush(): void {
    const { memory, facts } = this.#options;
    try {
      memory.flush();
      memory.periods.write(this.#run.running);
    } catch (thrown) {
      facts.publish({ type: 'alerts.failed', error: asAgentError(thrown) });
    }
  }
}

/** Ids of rules and cameras have no blanks. */
function keyOf(ruleId: string, cameraId: string): string {
  return `${ruleId} ${cameraId}`;
}
