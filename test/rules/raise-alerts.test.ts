// Rules over a real outbox and a real memory on disk: reasons, snoozes, counts and frames after a restart, and that a replay of
// what was kept decides as was decided.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, expect, onTestFinished, test } from 'vitest';
import { RuleMemoryStore } from '../../agent/alerts/rule-memory/rule-memory.ts';
import type { SnoozeTarget } from '../../agent/alerts/rule-memory/snoozes.ts';
import { RaiseAlerts } from '../../agent/raise-alerts.ts';
import { replay } from '../../agent/rules/replay.ts';
import type { RuleBookSettings } from '../../agent/rules/rule-book.ts';
import { seededRandom } from '../../scripts/fuzz/seeded-random.ts';
import type { Point } from '../../shared/label-settings.ts';
import { factsOf, scene, temporaryFolder } from '../alerts/scene.ts';
import { rule } from './rule.ts';
import { camera, type Shown, seen, standingAt } from './scene.ts';

const door = {
  name: 'door',
  polygon: [
    [0, 0],
    [0.5, 0],
    [0.5, 1],
    [0, 1],
  ] as Point[],
};
const gate = { name: 'gate', from: [0.7, 0] as Point, to: [0.7, 1] as Point };
const cameras = ['front-door', 'yard'].map(id => camera({ id, zones: [door], lines: [gate] }));

function agent(rules: RuleBookSettings['rules'], dataDir = temporaryFolder()) {
  const stage = scene();
  const { clock, facts, published } = stage;
  const settings = { rules, cameras, timeZone: 'Europe/Berlin' };
  let refuse = false;
  const start = () => {
    const memory = new RuleMemoryStore({ dataDir, clock });
    onTestFinished(() => memory[Symbol.dispose]());
    const outbox = {
      raise: (...given: Parameters<typeof stage.outbox.raise>) => {
        if (refuse) throw new Error('The disk is full');
        return stage.outbox.raise(...given);
      },
      lastFiredMs: stage.outbox.lastFiredMs.bind(stage.outbox),
    };
    const alerts = new RaiseAlerts({ settings, outbox, memory, destinationsOf: () => [], clock, facts });
    return { alerts, memory };
  };
  let running = start();
  return {
    ...{ clock, published, outbox: stage.outbox, dataDir, settings },
    get memory() {
      return running.memory;
    },
    get alerts() {
      return running.alerts;
    },
    see: (shown: Shown[], cameraId = 'front-door') => {
      const atMs = clock.nowMs();
      running.alerts.see({ cameraId, atMs, seen: shown.map(thing => seen(thing, atMs)) });
    },
    restart: () => {
      running.memory[Symbol.dispose]();
      running = start();
    },
    refuse: (refused: boolean) => {
      refuse = refused;
    },
    raised: () => factsOf(published, 'alert.raised').map(({ alert }) => alert),
    told: () => factsOf(published, 'rule.evaluated').map(({ ruleId, outcome }) => `${ruleId} ${outcome}`),
  };
}

test('reasons are told when they change, and kept with their time and number of frames', async () => {
  const { see, clock, told, memory, raised } = agent([rule({ when: { labels: ['Person'], minSeconds: 2 } })]);
  const fromMs = clock.nowMs();
  for (let second = 0; second < 6; second++) {
    see([{ id: 'a' }, { id: 'dog', label: 'Dog' }]);
    await clock.advance(1000);
  }
  expect(told()).toEqual(['person-at-door seconds', 'person-at-door fired', 'person-at-door already']);
  const base = { sightingId: 'a', ruleId: 'person-at-door', cameraId: 'front-door', label: 'Person' };
  expect(memory.whys.of('a')).toEqual([
    { ...base, outcome: 'seconds', firstMs: fromMs, lastMs: fromMs + 1000, frames: 2 },
    { ...base, outcome: 'fired', firstMs: fromMs + 2000, lastMs: fromMs + 2000, frames: 1 },
    { ...base, outcome: 'already', firstMs: fromMs + 3000, lastMs: fromMs + 5000, frames: 3 },
  ]);
  expect(memory.whys.of('dog')).toEqual([]);
  expect(raised().map(({ why }) => why)).toEqual(['Person 94 % for 2 s.']);
});

test('after a restart reasons are there, who raised an alert does not again, and seconds go on', async () => {
  const world = agent([
    rule({ cooldownSeconds: 0 }),
    rule({ id: 'lingers', when: { labels: ['Person'], minSeconds: 60 } }),
  ]);
  world.see([{ id: 'parked' }]);
  await world.clock.advance(40_000);
  world.see([{ id: 'parked' }]);
  world.restart();
  expect(world.memory.whys.of('parked').map(({ outcome }) => outcome)).toEqual(['seconds', 'fired', 'already']);
  await world.clock.advance(20_000);
  world.see([{ id: 'parked' }]);
  expect(world.raised().map(({ ruleId }) => ruleId)).toEqual(['person-at-door', 'lingers']);
});

test('an alert that the outbox does not take is raised with the next still, and begins no cooldown before', async () => {
  const world = agent([rule()]);
  world.refuse(true);
  world.see([{ id: 'a' }]);
  expect(factsOf(world.published, 'alerts.failed')).toHaveLength(1);
  world.refuse(false);
  await world.clock.advance(1000);
  world.see([{ id: 'a' }]);
  expect(world.raised()).toHaveLength(1);
});

describe('snoozes', () => {
  test('silence a rule on a camera, a rule, a camera or everything, and end by themselves', async () => {
    const { memory, clock } = agent([]);
    let changes = 0;
    memory.snoozes.onChange(() => changes++);
    const snooze = (target: SnoozeTarget, minutes: number) =>
      memory.snoozes.snooze(target, minutes > 0 ? clock.nowMs() + minutes * 60_000 : undefined);
    const until = (ruleId: string, cameraId: string) => memory.snoozes.until(ruleId, cameraId) !== undefined;
    snooze({ ruleId: 'r', cameraId: 'c' }, 15);
    expect([until('r', 'c'), until('r', 'd'), until('s', 'c')]).toEqual([true, false, false]);
    snooze({ cameraId: 'd' }, 30);
    expect([until('r', 'd'), until('s', 'd'), until('s', 'c')]).toEqual([true, true, false]);
    snooze({ ruleId: 's' }, 60);
    expect(until('s', 'c')).toBe(true);
    await clock.advance(15 * 60_000);
    expect([until('r', 'c'), until('r', 'd'), until('s', 'c')]).toEqual([false, true, true]);
    expect(memory.snoozes.list()).toHaveLength(2);
    snooze({ ruleId: 's' }, 0);
    expect(memory.snoozes.list()).toHaveLength(1);
    expect(memory.snoozes.snoozedUntilMs({ cameraId: 'd' })).toBe(clock.nowMs() + 15 * 60_000);
    expect(memory.snoozes.snoozedUntilMs({ ruleId: 'r', cameraId: 'd' })).toBeUndefined();
    snooze({}, 1);
    expect(until('x', 'y')).toBe(true);
    memory.snoozes.wakeAll();
    expect(memory.snoozes.list()).toEqual([]);
    expect(changes).toBe(6);
  });

  test('hold over a restart, and what is still there when they end may fire', async () => {
    const world = agent([rule()]);
    world.memory.snoozes.snooze({ cameraId: 'front-door' }, world.clock.nowMs() + 15 * 60_000);
    world.see([{ id: 'a' }]);
    world.restart();
    await world.clock.advance(14 * 60_000);
    world.see([{ id: 'a' }]);
    world.see([{ id: 'b' }], 'yard');
    expect(world.raised().map(({ cameraId }) => cameraId)).toEqual(['yard']);
    await world.clock.advance(60_000);
    world.see([{ id: 'a' }]);
    expect(world.raised().map(({ cameraId }) => cameraId)).toEqual(['yard', 'front-door']);
  });

  test('do not hold for a year after the clock was set back by one', () => {
    const { memory, clock } = agent([]);
    memory.snoozes.snooze({}, clock.nowMs() + 15 * 60_000);
    clock.setWall(clock.nowMs() - 365 * 86_400_000);
    expect(memory.snoozes.until('r', 'c')).toBeUndefined();
  });
});

test('counts go on over a restart, also over a kill but for the last seconds', async () => {
  const counting = rule({ id: 'cars', when: { labels: ['Car'], line: { name: 'gate' }, everyMinutes: 15 } });
  const world = agent([counting]);
  world.clock.setWall(Date.UTC(2026, 10, 23, 12));
  const stop = new AbortController();
  const running = world.alerts.run(stop.signal);
  for (const [id, x] of [
    ['a', 0.5],
    ['a', 0.9],
    ['b', 0.5],
    ['b', 0.9],
  ] as const) {
    world.see([{ id, label: 'Car', box: standingAt(x, 0.5) }]);
    await world.clock.advance(1000);
  }
  await world.clock.advance(5000);
  stop.abort();
  await running;
  world.restart();
  await world.clock.advance(16 * 60_000);
  world.see([]);
  expect(world.raised().map(({ kind, why }) => [kind, why])).toEqual([
    ['count', '2 × Car crossed gate in 15 min: 2 right to left.'],
  ]);
});

test('a damaged file is set aside, and the agent starts', () => {
  const dataDir = temporaryFolder();
  writeFileSync(join(dataDir, 'rules.sqlite'), 'This is no database, and long enough to be read as one. '.repeat(40));
  expect(agent([], dataDir).memory.snoozes.list()).toEqual([]);
});

test('memory is bounded: the oldest reasons and frames go', () => {
  const { memory, clock } = agent([]);
  const note = (index: number) =>
    memory.whys.note({
      ...{ sightingId: `s${index}`, ruleId: 'r', cameraId: 'c', label: 'Person' },
      ...{ outcome: 'zone' as const, atMs: clock.nowMs() + index },
    });
  for (let index = 0; index < 30_000; index++) note(index);
  memory.flush();
  expect(memory.whys.newest(30_000)).toHaveLength(20_000);
});

/** Three hours of two cameras: people who come, stand, walk on and leave, cars that park, with trembling boxes. */
function* day(random: () => number, fromMs: number) {
  const there = new Map<string, { x: number; step: number; label: string; untilMs: number }>();
  let things = 0;
  for (let atMs = fromMs; atMs < fromMs + 3 * 3_600_000; atMs += 1000 + Math.floor(random() * 9000)) {
    for (const [id, { untilMs }] of there) if (untilMs < atMs) there.delete(id);
    if (random() < 0.1 && there.size < 6) {
      const label = random() < 0.5 ? 'Person' : 'Car';
      const untilMs = atMs + random() * 1_200_000;
      there.set(`s${things++}`, { x: random(), step: random() < 0.3 ? 0 : 0.05, label, untilMs });
    }
    for (const thing of there.values()) {
      thing.x += thing.step * (random() - 0.4);
      if (thing.x < 0 || thing.x > 1) thing.step = -thing.step;
    }
    const shown = [...there].filter(() => random() < 0.9);
    const things_ = shown.map(([id, { x, label }]): Shown => {
      return { id, label, confidence: 40 + random() * 60, box: standingAt(x, 0.6 + (random() - 0.5) * 0.01) };
    });
    yield { atMs, cameraId: atMs % 2 === 0 ? 'front-door' : 'yard', shown: things_ };
  }
}

test('a replay of what was kept fires as was fired', async () => {
  const rules = [
    rule({
      id: 'door',
      when: { labels: ['Person'], zones: ['door'], minConfidence: 70, minSeconds: 5 },
      cooldownSeconds: 120,
    }),
    rule({
      id: 'crowd',
      when: { labels: ['Person', 'Car'], minCount: 3 },
      hours: ['Mon-Sun 08:30-12:00'],
      cooldownSeconds: 300,
    }),
    rule({
      id: 'wrong-way',
      when: { labels: ['Car'], line: { name: 'gate', direction: 'left-to-right' } },
      cooldownSeconds: 90,
    }),
    rule({ id: 'traffic', when: { line: { name: 'gate' }, everyMinutes: 15 } }),
    rule({ id: 'large', when: { labels: ['Car'], anchor: 'overlap', zones: ['door'], overlap: 0.6, minArea: 0.01 } }),
  ];
  for (const seed of [1, 2]) {
    const world = agent(rules);
    const fromMs = Date.UTC(2026, 10, 23, 7) + seed * 13;
    world.clock.setWall(fromMs);
    for (const { atMs, cameraId, shown } of day(seededRandom(seed), fromMs)) {
      world.clock.setWall(atMs);
      world.see(shown, cameraId);
      if (atMs % 97 === 0) world.memory.flush();
    }
    const toMs = world.clock.nowMs() + 1;
    const live = world.raised().map(({ ruleId, cameraId, atMs, why, sightings, counts }) => {
      return { ruleId, cameraId, atMs, why, ids: sightings.map(({ id }) => id), counts };
    });
    for (const one of rules) {
      const { firings } = replay(world.memory.frames.read({ fromMs, toMs }), { ...world.settings, rule: one, toMs: 0 });
      const again = firings.map(({ ruleId, cameraId, atMs, why, sightings, counts }) => {
        return { ruleId, cameraId, atMs, why, ids: sightings.map(({ id }) => id), counts };
      });
      const wanted = live.filter(({ ruleId }) => ruleId === one.id);
      expect(again).toEqual(wanted);
      expect(wanted.length).toBeGreaterThan(2);
    }
  }
});

test('a replay tells how far silent sightings came', async () => {
  const world = agent([]);
  const fromMs = world.clock.nowMs();
  for (let second = 0; second < 5; second++) {
    world.see([
      { id: 'dog', label: 'Dog' },
      { id: 'passes', confidence: 95, box: standingAt(second === 2 ? 0.3 : 0.8, 0.5) },
      { id: 'unsure', confidence: 50, box: standingAt(0.3, 0.5) },
      { id: 'stays', confidence: 90, box: standingAt(0.3, 0.5) },
    ]);
    await world.clock.advance(1000);
  }
  world.see([{ id: 'elsewhere' }], 'yard');
  const asked = rule({
    when: { labels: ['Person'], zones: ['door'], minConfidence: 80, minSeconds: 3, cameras: ['front-door'] },
    enabled: false,
  });
  const toMs = world.clock.nowMs() + 1;
  const { frames, sightings, firings, silent } = replay(world.memory.frames.read({ fromMs, toMs }), {
    ...{ ...world.settings, rule: asked, toMs },
  });
  expect({ frames, sightings, silent }).toEqual({
    ...{ frames: 6, sightings: 5 },
    silent: { label: 1, seconds: 1, confidence: 1, camera: 1 },
  });
  expect(firings.map(({ sightings }) => sightings.map(({ id }) => id))).toEqual([['stays']]);
});

test('a replay of a part of the log knows what stood there unchanged before', async () => {
  const world = agent([]);
  for (let minute = 0; minute < 40; minute++) {
    world.see([{ id: 'parked', label: 'Car', confidence: 91.23, box: standingAt(0.3, 0.5) }]);
    await world.clock.advance(60_000);
  }
  const toMs = world.clock.nowMs();
  const frames = [...world.memory.frames.read({ fromMs: toMs - 5 * 60_000, toMs })];
  expect(frames).toHaveLength(5);
  expect(frames[0]?.seen[0]?.observation).toMatchObject({ confidence: 91.2, box: standingAt(0.3, 0.5) });
  const sql = new DatabaseSync(join(world.dataDir, 'rules.sqlite'), { readOnly: true });
  const lengths = sql
    .prepare('SELECT length(seen) AS length FROM frame')
    .all()
    .map(({ length }) => Number(length));
  sql.close();
  expect(lengths.filter(length => length <= 2).length).toBeGreaterThan(30);
});
