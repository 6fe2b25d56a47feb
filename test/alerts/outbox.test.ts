import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import type { Attempt } from '../../agent/alerts/attempt.ts';
import { Outbox } from '../../agent/alerts/outbox.ts';
import type { DeliveryState } from '../../shared/alert.ts';
import { rule } from '../rules/rule.ts';
import { stage } from '../rules/scene.ts';
import { factsOf, firing, frameMs, scene, serverTrouble, temporaryFolder } from './scene.ts';

function attempt(alertId: string, triedMs: number, state: DeliveryState, atMs = triedMs): Attempt {
  const error = state === 'delivered' ? {} : { error: serverTrouble };
  return { alertId, triedMs, tookMs: 20, settlement: { state, atMs, ...error } };
}

test('an alert is listed with its sightings and one delivery for each destination', () => {
  const { outbox, clock, published } = scene();
  const raised = outbox.raise(firing(), ['webhook a', 'webhook b', 'webhook a']);
  expect(outbox.list({ limit: 10 })).toEqual([raised]);
  expect(raised.sightings).toEqual(firing().sightings);
  expect(raised.deliveries).toEqual([
    { destination: 'webhook a', state: 'waiting', attempts: 0, atMs: clock.nowMs() },
    { destination: 'webhook b', state: 'waiting', attempts: 0, atMs: clock.nowMs() },
  ]);
  expect(factsOf(published, 'alert.raised').map(fact => fact.alert)).toEqual([raised]);
});

test('alerts are listed newest first and in pages', () => {
  const { outbox } = scene();
  for (const second of [1, 3, 2, 4]) outbox.raise(firing({ atMs: frameMs + second * 1000 }), ['webhook a']);
  const seconds = (page: { limit: number; beforeMs?: number }) =>
    outbox.list(page).map(alert => (alert.atMs - frameMs) / 1000);
  expect(seconds({ limit: 2 })).toEqual([4, 3]);
  expect(seconds({ limit: 2, beforeMs: frameMs + 3000 })).toEqual([2, 1]);
});

test('waiting alerts and cooldowns are still there after a restart', () => {
  const { outbox, open } = scene();
  const raised = outbox.raise(firing(), ['webhook a']);
  outbox[Symbol.dispose]();
  const again = open();
  expect(again.waiting('webhook a', 1)[0]?.alert).toEqual({ ...raised, deliveries: [] });
  expect(again.lastFiredMs('person-at-door', 'front-door')).toBe(frameMs);
  expect(again.lastFiredMs('person-at-door', 'yard')).toBeUndefined();
  expect(again.lastFiredMs('dog', 'front-door')).toBeUndefined();
});

test('a restart in the middle of a cooldown does not repeat the alert', () => {
  const { outbox, open } = scene();
  outbox.raise(firing(), ['webhook a']);
  outbox[Symbol.dispose]();
  const again = open();
  const lastSentMs = (ruleId: string, cameraId: string) => again.lastFiredMs(ruleId, cameraId);
  const { outcomes } = stage({ rules: [rule()], memory: { lastSentMs } });
  const outcomeAfter = (seconds: number) => outcomes([{}], frameMs + seconds * 1000)[0];
  expect(outcomeAfter(59)).toBe('cooldown');
  expect(outcomeAfter(60)).toBe('fired');
});

test('a cooldown outlives the alert that started it', () => {
  const { outbox } = scene({ maxAlerts: 1 });
  outbox.raise(firing(), ['webhook a']);
  outbox.raise(firing({ ruleId: 'dog', atMs: frameMs + 1000 }), ['webhook a']);
  expect(outbox.list({ limit: 10 }).map(alert => alert.ruleId)).toEqual(['dog']);
  expect(outbox.lastFiredMs('person-at-door', 'front-door')).toBe(frameMs);
});

test('a full outbox lets finished alerts go first and says which went unsent', () => {
  const { outbox, published, clock } = scene({ maxAlerts: 2 });
  outbox.raise(firing(), ['webhook a']);
  outbox.raise(firing(), ['webhook a']);
  outbox.settle('webhook a', [attempt('alert-2', clock.nowMs(), 'delivered')]);
  outbox.raise(firing(), ['webhook a']);
  expect(outbox.list({ limit: 10 }).map(alert => alert.id)).toEqual(['alert-3', 'alert-1']);
  expect(factsOf(published, 'alert.delivery')).toEqual([]);

  outbox.raise(firing(), ['webhook a']);
  expect(outbox.list({ limit: 10 }).map(alert => alert.id)).toEqual(['alert-4', 'alert-3']);
  expect(factsOf(published, 'alert.delivery')).toMatchObject([{ alertId: 'alert-1', state: 'dead' }]);
});

test('what waits for a destination that left the settings is given up, the rest is not', () => {
  const { outbox, published } = scene();
  outbox.raise(firing(), ['webhook old', 'webhook new']);
  outbox.giveUpExcept(['webhook new']);
  expect(outbox.waiting('webhook old', 1)).toEqual([]);
  expect(outbox.waiting('webhook new', 1)).toHaveLength(1);
  expect(factsOf(published, 'alert.delivery')).toMatchObject([
    { alertId: 'alert-1', destination: 'webhook old', state: 'dead' },
  ]);
});

test('a new alert brings the next attempt forward, but to no less than a minute after the last', () => {
  const { outbox, clock } = scene();
  outbox.raise(firing(), ['webhook a']);
  const triedMs = clock.nowMs();
  const tomorrowMs = triedMs + 86_400_000;
  outbox.settle('webhook a', [attempt('alert-1', triedMs, 'waiting', tomorrowMs)]);
  clock.setWall(triedMs + 5_000);
  outbox.raise(firing(), ['webhook b']);
  expect(outbox.waiting('webhook a', 1)[0]?.dueMs).toBe(tomorrowMs);
  outbox.raise(firing(), ['webhook a']);
  expect(outbox.waiting('webhook a', 1)[0]?.dueMs).toBe(triedMs + 60_000);
  clock.setWall(triedMs + 300_000);
  outbox.settle('webhook a', [attempt('alert-1', triedMs, 'waiting', tomorrowMs)]);
  outbox.raise(firing(), ['webhook a']);
  expect(outbox.waiting('webhook a', 1)[0]?.dueMs).toBe(triedMs + 300_000);
});

test('a damaged database is set aside, said, and a new one takes alerts', () => {
  const file = join(temporaryFolder(), 'alerts.sqlite');
  writeFileSync(file, 'not a database '.repeat(500));
  const { published, options } = scene();
  using outbox = new Outbox({ ...options, file });
  expect(factsOf(published, 'alerts.failed')).toMatchObject([
    { error: { code: 'disk-failed', kind: 'data-loss', message: expect.stringContaining(file) } },
  ]);
  outbox.raise(firing(), ['webhook a']);
  expect(outbox.list({ limit: 10 })).toHaveLength(1);
  expect(readFileSync(join(dirname(file), 'alerts-damaged.sqlite'), 'utf8')).toContain('not a database');
});

test('a data folder that cannot be made is a clear error', () => {
  expect(() => new Outbox({ ...scene().options, file: '/dev/null/alerts.sqlite' })).toThrow(
    expect.objectContaining({ code: 'disk-failed' }),
  );
});
