// What the broker is to keep of this agent, as topics and payloads: what holds now, and where it stops holding. Pure.
import type { RuleSettings } from '../../../shared/rule-settings.ts';
import type { SnoozeTarget } from '../rule-memory/snoozes.ts';
import type { SinkParts } from '../sink.ts';
import { type SiteState, watchedCameras } from '../site-state.ts';
import type { StateTopics } from './topics.ts';

export type StatesOptions = {
  destination: string;
  site: SiteState;
  /** Left out where they cannot be commanded: then they are not shown either. */
  snoozes: SinkParts['snoozes'] | undefined;
  topics: StateTopics;
  /** What Home Assistant is told of it all; without, nothing. */
  announcements: readonly (readonly [topic: string, payload: string])[];
  nowMs: number;
};

export type States = {
  /** In the order in which they are to be published: what describes others before them, `online` last. */
  wanted: ReadonlyMap<string, string>;
  /** Topics that are ours and whose payload is not known yet: what the broker still has of an earlier run stays. */
  left: ReadonlySet<string>;
  /** When snoozes that are shown are over. */
  nextChangeMs?: number;
};

/** A rule on a camera on which it can become active. */
export type Watch = { cameraId: string; rule: RuleSettings };

export function statesOf(options: StatesOptions): States {
  const { site, topics, snoozes, destination, announcements } = options;
  const watches = watchesOf(site, destination);
  const cameraIds = site.site.cameras.map(({ id }) => id);
  const seen = cameraIds.map(id => ({ topic: topics.label(id), last: site.lastSeen(id) }));
  const targets = snoozes ? snoozeTargets(cameraIds, watches) : [];
  const snoozed = targets.map(target => ({ target, untilMs: snoozedUntilMs(target, options) }));
  const ends = snoozed.flatMap(({ untilMs }) => untilMs ?? []);
  const wanted = new Map([
    ...announcements,
    ...cameraIds.map(id => [topics.camera(id), site.isLive(id) ? 'online' : 'offline'] as const),
    ...seen.flatMap(({ topic, last }) =>
      last ? [[topic, JSON.stringify({ ...last, at: new Date(last.atMs).toISOString() })] as const] : [],
    ),
    ...watches.map(
      ({ cameraId, rule }) => [topics.rule(cameraId, rule.id), onOff(site.isActive(rule.id, cameraId))] as const,
    ),
    ...snoozed.map(({ target, untilMs }) => [topics.snoozed(target), onOff(untilMs !== undefined)] as const),
    [topics.availability, 'online'],
  ]);
  return {
    wanted,
    left: new Set(seen.flatMap(({ topic, last }) => (last ? [] : [topic]))),
    ...(ends.length > 0 ? { nextChangeMs: Math.min(...ends) } : {}),
  };
}

export function watchesOf(site: SiteState, destination: string): Watch[] {
  return site
    .rulesTo(destination)
    .flatMap(rule => watchedCameras(rule, site.site).map(cameraId => ({ cameraId, rule })));
}

/** What can be snoozed here: everything, each camera, each rule on each of its cameras. */
export function snoozeTargets(cameraIds: readonly string[], watches: readonly Watch[]): SnoozeTarget[] {
  return [
    {},
    ...cameraIds.map(cameraId => ({ cameraId })),
    ...watches.map(({ cameraId, rule }) => ({ cameraId, ruleId: rule.id })),
  ];
}

function snoozedUntilMs(target: SnoozeTarget, { snoozes, nowMs }: StatesOptions): number | undefined {
  const untilMs = snoozes?.snoozedUntilMs(target);
  return untilMs !== undefined && untilMs > nowMs ? untilMs : undefined;
}

function onOff(isOn: boolean): string {
  return isOn ? 'ON' : 'OFF';
}
