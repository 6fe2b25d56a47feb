// What the scripted agent tells of rules, alerts and destinations, and what comes of snoozing, redelivering and testing.
import type { Alert, DeliveryAttempt } from '../../shared/alert.ts';
import type { AlertAnswer } from '../../shared/api.ts';
import type { DestinationStatus, DestinationTested } from '../../shared/destination-status.ts';
import type { ReplayAnswer, ShownRule, Snooze, SnoozeRequest, WhyAnswer } from '../../shared/rule-answers.ts';
import type { RuleSettings } from '../../shared/rule-settings.ts';
import { rule } from '../rules/rule.ts';
import { SEGMENT_MS } from './scene.ts';
import { alerts, sightingOf } from './story.ts';

const MINUTE_MS = 60_000;
const HOOK = 'http://127.0.0.1:9000/hook';

type Asked = { method: string; place: string; id: string; what: string | undefined; body: unknown; nowMs: number };
type Told = { status: number; body: unknown };

/** The rules as the console is told of them. */
export function shownRules(nowMs: number): ShownRule[] {
  const shown = ({ then: _, ...settings }: RuleSettings, more: Partial<ShownRule>): ShownRule => ({
    ...settings,
    destinations: [HOOK],
    activeCameras: [],
    ...more,
  });
  const door = rule({
    when: { labels: ['Person'], cameras: ['front-door'], zones: ['door'], minConfidence: 80 },
    hours: ['Mon-Fri 22:00-06:00'],
  });
  const cars = rule({
    id: 'cars-through-the-gate',
    when: { labels: ['Car', 'Truck'], line: { name: 'gate', direction: 'left-to-right' }, everyMinutes: 15 },
  });
  const health = rule({
    id: 'something-is-wrong',
    when: { health: { cameraOfflineMinutes: 5, diskFreePercent: 10 } },
    cooldownSeconds: 3600,
  });
  const off = rule({ id: 'dog-on-the-lawn', enabled: false, when: { labels: ['Dog'], minSeconds: 5 } });
  return [
    shown(door, { activeCameras: ['front-door'], lastFiredMs: nowMs - MINUTE_MS, destinations: ['ops', HOOK] }),
    shown(cars, { lastFiredMs: nowMs - 26 * 60 * MINUTE_MS, destinations: ['traffic'] }),
    shown(health, { destinations: ['ops'] }),
    shown(off, { destinations: ['ops'] }),
  ];
}

function destinations(nowMs: number): DestinationStatus[] {
  const well = { waiting: 0, dead: 0, recentlyDead: 0 };
  return [
    { id: 'ops', kind: 'mqtt', ...well, lastDeliveredMs: nowMs - 55_000 },
    {
      id: HOOK,
      kind: 'webhook',
      ...{ waiting: 2, dead: 1, recentlyDead: 1, oldestWaitingMs: nowMs - 2 * MINUTE_MS, nextTryMs: nowMs + 14_000 },
      lastDeliveredMs: nowMs - 180 * MINUTE_MS,
      lastProblem: { atMs: nowMs - 40_000, message: 'The receiver answered 503.' },
    },
    { id: 'traffic', kind: 'sqs', ...well },
  ];
}

function whyOf(sightingId: string, nowMs: number): WhyAnswer {
  const firstMs = nowMs - 90_000;
  const told = (outcome: WhyAnswer['rules'][number]['told'][number]['outcome'], fromMs: number, frames: number) => ({
    ...{ outcome, firstMs: fromMs, lastMs: fromMs + (frames - 1) * SEGMENT_MS, frames },
  });
  return {
    sightingId,
    cameraId: 'front-door',
    label: 'Person',
    rules: [
      { ruleId: 'cars-through-the-gate', outcome: 'label', told: [told('label', firstMs, 4)] },
      { ruleId: 'something-is-wrong', told: [] },
      {
        ruleId: 'person-at-door',
        outcome: 'hours',
        told: [told('zone', firstMs, 2), told('hours', firstMs + 2 * SEGMENT_MS, 2)],
      },
    ],
  };
}

function replayOf(ruleId: string, hours: number, nowMs: number): ReplayAnswer {
  const firings = [180, 95, 1].map(minutesAgo => {
    const { atMs, cameraId, id, confidence } = sightingOf(
      'front-door',
      Math.floor((nowMs - minutesAgo * MINUTE_MS) / SEGMENT_MS),
    );
    return { atMs, cameraId, why: `Person ${confidence} % in zone door.`, sightingIds: [id] };
  });
  return {
    ruleId,
    fromMs: nowMs - Math.min(hours, 30) * 60 * MINUTE_MS,
    toMs: nowMs,
    ...{ frames: 1930, sightings: 128, fired: firings.length, firings },
    silent: { hours: 41, zone: 12, confidence: 8, label: 64 },
  };
}

export class RuleStory {
  readonly #redelivered = new Set<string>();
  readonly #busy: boolean;
  #snoozes: Snooze[] = [];

  /** With `busy: false` there are no rules and no destinations. */
  constructor({ busy }: { busy: boolean }) {
    this.#busy = busy;
  }

  /** The alerts, with those that were sent again delivered. */
  alerts(nowMs: number): Alert[] {
    return alerts(nowMs).map(alert => {
      if (!this.#redelivered.has(alert.id)) return alert;
      const deliveries = alert.deliveries.map(({ destination, attempts }) => {
        return { destination, state: 'delivered' as const, attempts: attempts + 1, atMs: nowMs };
      });
      return { ...alert, deliveries };
    });
  }

  /** Undefined for what is none of its business. */
  answer({ method, place, id, what, body, nowMs }: Asked): Told | undefined {
    const ok = (answer: unknown) => ({ status: 200, body: answer });
    if (place === 'rules' && id === '') return ok({ rules: this.#busy ? shownRules(nowMs) : [] });
    if (place === 'rules' && id === 'replay') {
      const { ruleId, hours } = body as { ruleId: string; hours: number };
      return ok(replayOf(ruleId, hours, nowMs));
    }
    if (place === 'sightings' && what === 'why') return ok(whyOf(id, nowMs));
    if (place === 'snoozes') return ok({ snoozes: this.#snoozes });
    if (place === 'snooze') return ok({ snoozes: this.#snooze(body as SnoozeRequest, nowMs) });
    if (place === 'destinations' && what === 'test') return ok(tested(id, nowMs));
    if (place === 'destinations') return ok({ destinations: this.#busy ? destinations(nowMs) : [] });
    if (place !== 'alerts' || id === '') return undefined;
    const alert = this.alerts(nowMs).find(candidate => candidate.id === id);
    if (!alert) return { status: 404, body: { code: 'alert-unknown', message: 'There is no alert with this id.' } };
    if (method === 'GET') return ok({ alert, attempts: attemptsOf(alert) } satisfies AlertAnswer);
    this.#redelivered.add(id);
    return ok({ deliveries: 1, destinations: [(body as { destination: string }).destination] });
  }

  #snooze({ minutes, ...target }: SnoozeRequest, nowMs: number): Snooze[] {
    const others = this.#snoozes.filter(
      one => one.ruleId !== target.ruleId || one.cameraId !== target.cameraId || one.untilMs < nowMs,
    );
    this.#snoozes = minutes === 0 ? others : [...others, { ...target, untilMs: nowMs + minutes * MINUTE_MS }];
    return this.#snoozes;
  }
}

function attemptsOf({ deliveries, atMs }: Alert): DeliveryAttempt[] {
  return deliveries.flatMap(({ destination, attempts, state, problem = 'No connection to 127.0.0.1:9000.' }) => {
    const numbers = Array.from({ length: Math.min(attempts, 5) }, (_, place) => attempts - place).reverse();
    return numbers.map((number): DeliveryAttempt => {
      const isLast = number === attempts;
      const outcome = isLast ? state : 'waiting';
      const came = outcome === 'delivered' ? { answer: '200 {"ok":true}' } : { problem };
      return { destination, number, atMs: atMs + number * 30_000, tookMs: 38 + number * 70, outcome, ...came };
    });
  });
}

function tested(id: string, nowMs: number): DestinationTested {
  const asked = { alertId: 'test-1', atMs: nowMs };
  if (id === 'ops') return { ...asked, delivered: true, tookMs: 38, answer: 'PUBACK 0x00 success' };
  return {
    ...asked,
    ...{ delivered: false, tookMs: 212, answer: '503 Service Unavailable\nretry-after: 30' },
    problem: { code: 'webhook-refused', message: 'The receiver answered 503.' },
  };
}
