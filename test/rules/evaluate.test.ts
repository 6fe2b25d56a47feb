import { describe, expect, test } from 'vitest';
import type { RuleOutcome } from '../../shared/rule-outcome.ts';
import type { RuleSettings } from '../../shared/rule-settings.ts';
import { rule as aRule } from './rule.ts';
import { camera, frameMs, type Shown, seen, stage, standingAt } from './scene.ts';

function rule(when: object = {}, change: object = {}): RuleSettings {
  return aRule({ when: { labels: ['Person'], ...when }, ...change });
}

const door = {
  name: 'door',
  polygon: [
    [0.2, 0.2],
    [0.8, 0.2],
    [0.8, 0.8],
    [0.2, 0.8],
  ] as [number, number][],
};

type OddCase = {
  name: string;
  when?: object;
  change?: object;
  shown?: Shown;
  lastSentMs?: number;
  snoozed?: boolean;
  outcome: RuleOutcome;
};

const oddCases: OddCase[] = [
  { name: 'the label is there', outcome: 'fired' },
  { name: 'the label is written in another case', when: { labels: ['person '] }, outcome: 'fired' },
  { name: 'one of several labels is there', when: { labels: ['Dog', 'Person'] }, outcome: 'fired' },
  { name: 'the camera is named', when: { cameras: ['yard', 'front-door'] }, outcome: 'fired' },
  { name: 'a group of the camera is named', when: { groups: ['outside'] }, outcome: 'fired' },
  {
    name: 'another camera, but its group is named',
    when: { cameras: ['yard'], groups: ['outside'] },
    outcome: 'fired',
  },
  { name: 'exactly confident enough', when: { minConfidence: 94 }, outcome: 'fired' },
  { name: 'not confident enough', when: { minConfidence: 94.1 }, outcome: 'confidence' },
  { name: 'large enough', when: { minArea: 0.01 }, shown: { box: standingAt(0.5, 0.5) }, outcome: 'fired' },
  { name: 'too small', when: { minArea: 0.0101 }, shown: { box: standingAt(0.5, 0.5) }, outcome: 'area' },
  { name: 'a label of the whole picture is large', when: { minArea: 1 }, outcome: 'fired' },
  { name: 'in the zone', when: { zones: ['door'] }, shown: { box: standingAt(0.5, 0.5) }, outcome: 'fired' },
  {
    name: 'its feet beside the zone',
    when: { zones: ['door'] },
    shown: { box: standingAt(0.5, 0.81) },
    outcome: 'zone',
  },
  {
    name: 'its centre in the zone',
    when: { zones: ['door'], anchor: 'centre' },
    shown: { box: standingAt(0.5, 0.84) },
    outcome: 'fired',
  },
  {
    name: 'a third of it in the zone',
    when: { zones: ['door'], anchor: 'overlap', overlap: 0.3 },
    shown: { box: standingAt(0.5, 0.867) },
    outcome: 'fired',
  },
  {
    name: 'less of it in the zone',
    when: { zones: ['door'], anchor: 'overlap', overlap: 0.34 },
    shown: { box: standingAt(0.5, 0.867) },
    outcome: 'zone',
  },
  {
    name: 'a zone that the camera does not have',
    when: { zones: ['gate'] },
    shown: { box: standingAt(0.5, 0.5) },
    outcome: 'zone',
  },
  { name: 'a label of the whole picture is in no zone', when: { zones: ['door'] }, outcome: 'zone' },
  { name: 'it has just come', when: { minSeconds: 1 }, outcome: 'seconds' },
  { name: 'alone is no crowd', when: { minCount: 2 }, outcome: 'count' },
  { name: 'the rule is switched off', change: { enabled: false }, outcome: 'disabled' },
  {
    name: 'switched off, and not confident enough',
    when: { minConfidence: 99 },
    change: { enabled: false },
    outcome: 'confidence',
  },
  { name: 'within the hours', change: { hours: ['Mon 07:41-07:42'] }, outcome: 'fired' },
  { name: 'on another day', change: { hours: ['Tue-Sun 00:00-24:00'] }, outcome: 'hours' },
  { name: 'snoozed', snoozed: true, outcome: 'snoozed' },
  { name: 'one millisecond before the cooldown ends', lastSentMs: frameMs - 59_999, outcome: 'cooldown' },
  { name: 'the cooldown has just ended', lastSentMs: frameMs - 60_000, outcome: 'fired' },
  { name: 'the same frame again', lastSentMs: frameMs, outcome: 'cooldown' },
  { name: 'no cooldown', change: { cooldownSeconds: 0 }, lastSentMs: frameMs, outcome: 'fired' },
  { name: 'the clock was set back by a day', lastSentMs: frameMs + 86_400_000, outcome: 'fired' },
  { name: 'the clock was set back by a second', lastSentMs: frameMs + 1_000, outcome: 'cooldown' },
  {
    name: 'not confident enough, in the cooldown',
    when: { minConfidence: 95 },
    lastSentMs: frameMs,
    outcome: 'confidence',
  },
];

test.each(oddCases)('$name: $outcome', ({ when, change, shown = {}, lastSentMs, snoozed = false, outcome }) => {
  const { show } = stage({
    rules: [rule(when, change)],
    cameras: [camera({ groups: ['outside'], zones: [door] })],
    memory: { lastSentMs: () => lastSentMs, snoozed: () => snoozed },
  });
  const { evaluations, firings } = show([shown]);
  expect(evaluations.map(evaluation => evaluation.outcome)).toEqual([outcome]);
  expect(firings).toHaveLength(outcome === 'fired' ? 1 : 0);
});

test.each([
  ['another label', { labels: ['Dog'] }],
  ['another camera', { cameras: ['yard'] }],
  ['another group', { groups: ['inside'] }],
])('a rule that asks for %s does not look at it', (_what, when) => {
  expect(stage({ rules: [rule(when)] }).show([{ label: 'Person' }]).evaluations).toEqual([]);
});

test('two people on one frame are one alert that names both', () => {
  const { show } = stage({ rules: [rule()] });
  const { firings } = show([{ id: 'a' }, { id: 'b', confidence: 88 }, { id: 'c', label: 'Dog' }]);
  expect(firings).toEqual([
    {
      kind: 'sighting',
      why: '2 × Person up to 94 %.',
      ruleId: 'person-at-door',
      cameraId: 'front-door',
      atMs: frameMs,
      sightings: [seen({ id: 'a' }).sighting, seen({ id: 'b', confidence: 88 }).sighting],
    },
  ]);
});

test('the alert says for how long and where', () => {
  const { show } = stage({
    rules: [rule({ zones: ['door', 'gate'], minSeconds: 3 })],
    cameras: [camera({ zones: [door] })],
  });
  const box = standingAt(0.5, 0.5);
  show([{ box }]);
  expect(show([{ box }], frameMs + 2_999).firings).toEqual([]);
  expect(show([{ box }], frameMs + 4_200).firings[0]?.why).toBe('Person 94 % for 4 s in zone door.');
});

test('a break begins the seconds anew, a frame on which it was missed is none', () => {
  const { outcomes } = stage({ rules: [rule({ minSeconds: 4, minConfidence: 90 })] });
  expect(outcomes([{}], frameMs)).toEqual(['seconds']);
  expect(outcomes([], frameMs + 1_000)).toEqual([]);
  expect(outcomes([{ confidence: 60 }], frameMs + 2_000)).toEqual(['confidence']);
  expect(outcomes([{}], frameMs + 3_000)).toEqual(['seconds']);
  expect(outcomes([], frameMs + 5_000)).toEqual([]);
  expect(outcomes([{}], frameMs + 6_999)).toEqual(['seconds']);
  expect(outcomes([{}], frameMs + 7_000)).toEqual(['fired']);
});

test('a sighting raises its alert once, however long it stays', () => {
  const { outcomes } = stage({ rules: [rule({}, { cooldownSeconds: 1 })] });
  const told = Array.from({ length: 100 }, (_, minute) => outcomes([{}], frameMs + minute * 60_000)).flat();
  expect(told).toEqual(['fired', ...Array.from({ length: 99 }, () => 'already')]);
});

describe('what was held back and is still there may fire when that ends', () => {
  test('a cooldown', () => {
    const { outcomes } = stage({ rules: [rule()] });
    expect(outcomes([{ id: 'a' }])).toEqual(['fired']);
    expect(outcomes([{ id: 'a' }, { id: 'b' }], frameMs + 59_999)).toEqual(['already', 'cooldown']);
    expect(outcomes([{ id: 'a' }, { id: 'b' }], frameMs + 60_000)).toEqual(['already', 'fired']);
    expect(outcomes([{ id: 'a' }, { id: 'b' }], frameMs + 120_000)).toEqual(['already', 'already']);
  });

  test('the hours', () => {
    const { outcomes } = stage({ rules: [rule({}, { hours: ['Mon 08:00-09:00'] })] });
    expect(outcomes([{}])).toEqual(['hours']);
    expect(outcomes([{}], Date.UTC(2026, 10, 23, 7, 59, 59, 999))).toEqual(['hours']);
    expect(outcomes([{}], Date.UTC(2026, 10, 23, 8))).toEqual(['fired']);
  });

  test('a snooze', () => {
    let snoozed = true;
    const { outcomes } = stage({ rules: [rule()], memory: { snoozed: () => snoozed } });
    expect(outcomes([{}])).toEqual(['snoozed']);
    snoozed = false;
    expect(outcomes([{}], frameMs + 1000)).toEqual(['fired']);
  });
});

test('the cooldown counts from the last alert, so steady new triggers still alert once a minute', () => {
  const { show } = stage({ rules: [rule()] });
  const fired: number[] = [];
  for (let second = 0; second <= 180; second += 2) {
    if (show([{ id: `s${second}` }], frameMs + second * 1000).firings.length > 0) fired.push(second);
  }
  expect(fired).toEqual([0, 60, 120, 180]);
});

test('an alert that could not be raised comes again with the next frame', () => {
  const { evaluator } = stage({ rules: [rule()] });
  const frame = (atMs: number) => ({ cameraId: 'front-door', atMs, seen: [seen({}, atMs)] });
  expect(evaluator.evaluate(frame(frameMs)).firings).toHaveLength(1);
  const [again] = evaluator.evaluate(frame(frameMs + 1000)).firings;
  expect(again).toMatchObject({ atMs: frameMs + 1000 });
  if (again) evaluator.raised(again);
  expect(evaluator.evaluate(frame(frameMs + 100_000)).firings).toEqual([]);
});

test('what raised its alert before a restart does not raise it again', () => {
  const { outcomes } = stage({ rules: [rule()], memory: { hasRaised: (_rule, id) => id === 'parked' } });
  expect(outcomes([{ id: 'parked' }, { id: 'new' }])).toEqual(['already', 'fired']);
});

test('the cooldown of one camera does not silence another', () => {
  const { show } = stage({ rules: [rule()], cameras: [camera(), camera({ id: 'yard' })] });
  expect(show([{ id: 'a' }]).firings).toHaveLength(1);
  expect(show([{ id: 'b' }], frameMs, 'yard').firings).toHaveLength(1);
});

test('a crowd fires once, and not again for each who joins', () => {
  const { outcomes, show } = stage({ rules: [rule({ minCount: 3 }, { cooldownSeconds: 0 })] });
  const people = (...ids: string[]) => ids.map(id => ({ id }));
  expect(outcomes(people('a', 'b'))).toEqual(['count', 'count']);
  const { firings } = show(people('a', 'b', 'c'), frameMs + 1000);
  expect(firings.map(({ why, sightings }) => [why, sightings.length])).toEqual([['3 × Person up to 94 %.', 3]]);
  expect(new Set(outcomes(people('a', 'b', 'c', 'd'), frameMs + 2000))).toEqual(new Set(['already']));
  const others = show(people('e', 'f', 'g'), frameMs + 3_600_000);
  expect(others.firings).toHaveLength(1);
});

test('an outcome is news when it is first known and when it changes', () => {
  const { show } = stage({ rules: [rule({ minSeconds: 2 })] });
  const news = [0, 1, 2, 3, 4].map(second => show([{}], frameMs + second * 1000).evaluations[0]);
  expect(news.map(told => (told?.changed ? told.outcome : ''))).toEqual(['seconds', '', 'fired', 'already', '']);
});

describe('whether it is there', () => {
  const active = (decisions: { activities: { active: boolean; atMs: number }[] }) =>
    decisions.activities.map(({ active, atMs }) => [active, (atMs - frameMs) / 1000]);

  test('is told with the first match, and half a minute after the last', () => {
    const { show } = stage({ rules: [rule()] });
    expect(active(show([{}]))).toEqual([[true, 0]]);
    expect(active(show([{}], frameMs + 20_000))).toEqual([]);
    expect(active(show([], frameMs + 49_999))).toEqual([]);
    expect(active(show([], frameMs + 50_000))).toEqual([[false, 50]]);
    expect(active(show([{}], frameMs + 51_000))).toEqual([[true, 51]]);
  });

  test('does not depend on the cooldown, but on the hours and a snooze', () => {
    let snoozed = true;
    const memory = { snoozed: () => snoozed, lastSentMs: () => frameMs };
    const { show } = stage({ rules: [rule({}, { hours: ['Mon 07:00-08:00'] })], memory });
    expect(active(show([{}]))).toEqual([]);
    snoozed = false;
    expect(active(show([{}], frameMs + 1000))).toEqual([[true, 1]]);
    expect(active(show([{}], Date.UTC(2026, 10, 23, 8)))).toHaveLength(1);
  });

  test('ends for a camera that sends no pictures any more, and for a rule that is gone', () => {
    const { evaluator, show } = stage({ rules: [rule()], cameras: [camera(), camera({ id: 'yard' })] });
    show([{}]);
    show([{}], frameMs, 'yard');
    const kept = { rules: [rule({ cameras: ['yard'] })], cameras: [camera(), camera({ id: 'yard' })] };
    expect(evaluator.follow(kept).map(({ cameraId, active }) => [cameraId, active])).toEqual([['front-door', false]]);
    expect(evaluator.expire(frameMs + 29_999)).toEqual([]);
    expect(evaluator.expire(frameMs + 30_000)).toMatchObject([{ cameraId: 'yard', active: false }]);
  });

  test('lasts over pictures that are far apart, and not for hours after an outage', () => {
    const { show } = stage({ rules: [rule()] });
    const minute = 60_000;
    for (const at of [0, 1, 2]) show([{ id: 'first' }], frameMs + at * minute);
    expect(active(show([], frameMs + 3 * minute))).toEqual([]);
    expect(active(show([], frameMs + 5 * minute))).toHaveLength(1);
    show([{ id: 'later' }], frameMs + 600 * minute);
    expect(active(show([], frameMs + 606 * minute))).toHaveLength(1);
  });
});

test('a rule that is changed begins its seconds anew, and does not alert again for whom it alerted', () => {
  const { evaluator, outcomes } = stage({ rules: [rule({ minSeconds: 1 })] });
  expect(outcomes([{}])).toEqual(['seconds']);
  evaluator.follow({ rules: [rule({ minSeconds: 2 })], cameras: [camera()], timeZone: 'UTC' });
  expect(outcomes([{}], frameMs + 2000)).toEqual(['seconds']);
  expect(outcomes([{}], frameMs + 4000)).toEqual(['fired']);
  evaluator.follow({ rules: [rule()], cameras: [camera()], timeZone: 'UTC' });
  expect(outcomes([{}], frameMs + 100_000)).toEqual(['already']);
});

test('a clock that is set back does not make minutes of moments', () => {
  const { outcomes } = stage({ rules: [rule({ minSeconds: 10 })] });
  expect(outcomes([{}], frameMs)).toEqual(['seconds']);
  expect(outcomes([{}], frameMs - 86_400_000)).toEqual(['seconds']);
  expect(outcomes([{}], frameMs - 86_400_000 + 10_000)).toEqual(['fired']);
});

test('of thousands of things it remembers the last ones', () => {
  const { outcomes } = stage({ rules: [rule({}, { cooldownSeconds: 0 })] });
  for (let index = 0; index < 256; index++) outcomes([{ id: `s${index}` }], frameMs + index);
  expect(outcomes([{ id: 's0' }], frameMs + 300)).toEqual(['already']);
  outcomes([{ id: 'one more' }], frameMs + 301);
  expect(outcomes([{ id: 's0' }], frameMs + 302)).toEqual(['already']);
  expect(outcomes([{ id: 's1' }], frameMs + 303)).toEqual(['fired']);
});
