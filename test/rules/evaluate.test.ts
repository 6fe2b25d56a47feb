import { expect, test } from 'vitest';
import { evaluateRules, firings, type Outcome } from '../../agent/rules/evaluate.ts';
import type { RuleSettings } from '../../shared/rule-settings.ts';
import type { Sighting } from '../../shared/sighting.ts';
import { rule as aRule } from './rule.ts';

const frameMs = Date.UTC(2026, 10, 23, 7, 41, 12);

function rule(when: Partial<RuleSettings['when']> = {}, cooldownSeconds = 60): RuleSettings {
  return aRule({ when: { labels: ['Person'], ...when }, cooldownSeconds });
}

function sighting(change: Partial<Sighting> = {}): Sighting {
  return { id: 's1', cameraId: 'front-door', atMs: frameMs, label: 'Person', confidence: 94, ...change };
}

type Row = { name: string; when?: Partial<RuleSettings['when']>; cooldown?: number; seen?: Partial<Sighting> };
type OddCase = Row & { lastFiredMs?: number; outcome: Outcome };

const oddCases: OddCase[] = [
  { name: 'the label is there', outcome: 'fired' },
  { name: 'the label is written in another case', when: { labels: ['person '] }, outcome: 'fired' },
  { name: 'one of several labels is there', when: { labels: ['Dog', 'Person'] }, outcome: 'fired' },
  { name: 'another label is there', seen: { label: 'Personal Computer' }, outcome: 'label' },
  { name: 'the camera is named', when: { cameras: ['yard', 'front-door'] }, outcome: 'fired' },
  { name: 'another camera is named', when: { cameras: ['yard'] }, outcome: 'camera' },
  { name: 'exactly confident enough', when: { minConfidence: 94 }, outcome: 'fired' },
  { name: 'not confident enough', when: { minConfidence: 94.1 }, outcome: 'confidence' },
  { name: 'one millisecond before the cooldown ends', lastFiredMs: frameMs - 59_999, outcome: 'cooldown' },
  { name: 'the cooldown has just ended', lastFiredMs: frameMs - 60_000, outcome: 'fired' },
  { name: 'the same frame again', lastFiredMs: frameMs, outcome: 'cooldown' },
  { name: 'no cooldown', cooldown: 0, lastFiredMs: frameMs, outcome: 'fired' },
  { name: 'the clock was set back by a day', lastFiredMs: frameMs + 86_400_000, outcome: 'fired' },
  { name: 'the clock was set back by a second', lastFiredMs: frameMs + 1_000, outcome: 'cooldown' },
  { name: 'wrong label in the cooldown', seen: { label: 'Dog' }, lastFiredMs: frameMs, outcome: 'label' },
];

test.each(oddCases)('$name: $outcome', ({ when, cooldown, seen, lastFiredMs, outcome }) => {
  const evaluations = evaluateRules({
    rules: [rule(when, cooldown)],
    sightings: [sighting(seen)],
    lastFiredMs: () => lastFiredMs,
  });
  expect(evaluations.map(evaluation => evaluation.outcome)).toEqual([outcome]);
  expect(firings(evaluations)).toHaveLength(outcome === 'fired' ? 1 : 0);
});

test('two people on one frame are one alert that names both', () => {
  const people = [sighting({ id: 'a' }), sighting({ id: 'b' }), sighting({ id: 'c', label: 'Dog' })];
  const evaluations = evaluateRules({ rules: [rule()], sightings: people, lastFiredMs: () => undefined });
  expect(firings(evaluations)).toEqual([
    {
      kind: 'sighting',
      why: 'Person 94 %.',
      ruleId: 'person-at-door',
      cameraId: 'front-door',
      atMs: frameMs,
      sightings: people.slice(0, 2),
    },
  ]);
});

test('every rule answers for every sighting, so no silence is unexplained', () => {
  const rules = [rule(), { ...rule({ labels: ['Dog'] }), id: 'dog' }];
  const evaluations = evaluateRules({ rules, sightings: [sighting()], lastFiredMs: () => undefined });
  expect(evaluations.map(({ ruleId, outcome }) => `${ruleId} ${outcome}`)).toEqual([
    'person-at-door fired',
    'dog label',
  ]);
});

test('the cooldown counts from the last alert sent, so steady triggers still alert once a minute', () => {
  let lastFiredMs: number | undefined;
  const fired: number[] = [];
  for (let second = 0; second <= 180; second += 2) {
    const seen = sighting({ atMs: frameMs + second * 1000 });
    const evaluations = evaluateRules({ rules: [rule()], sightings: [seen], lastFiredMs: () => lastFiredMs });
    for (const firing of firings(evaluations)) {
      lastFiredMs = firing.atMs;
      fired.push(second);
    }
  }
  expect(fired).toEqual([0, 60, 120, 180]);
});

test('the cooldown of one camera does not silence another', () => {
  const evaluations = evaluateRules({
    rules: [rule()],
    sightings: [sighting({ cameraId: 'yard' })],
    lastFiredMs: (_ruleId, cameraId) => (cameraId === 'front-door' ? frameMs : undefined),
  });
  expect(evaluations[0]?.outcome).toBe('fired');
});
