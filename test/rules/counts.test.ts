// Traffic counts: what crosses, into which period, and what is told when it is over.
import { describe, expect, test } from 'vitest';
import type { Firing } from '../../agent/rules/evaluate.ts';
import { LocalTime } from '../../agent/rules/local-time.ts';
import { periodOf } from '../../agent/rules/periods.ts';
import { RuleRun } from '../../agent/rules/rule-run.ts';
import { seededRandom } from '../../scripts/fuzz/seeded-random.ts';
import type { Point } from '../../shared/label-settings.ts';
import { rule } from './rule.ts';
import { camera, seen, standingAt } from './scene.ts';

const gate = { name: 'gate', from: [0.5, 0.1] as Point, to: [0.5, 0.9] as Point };
const counting = rule({ id: 'cars', when: { labels: ['Car'], line: { name: 'gate' }, everyMinutes: 15 } });
const settings = { rules: [counting], cameras: [camera({ lines: [gate] })], timeZone: 'Europe/Berlin' };
const memory = { lastSentMs: () => undefined, snoozed: () => false, hasRaised: () => false };
const noon = Date.UTC(2026, 10, 23, 12);

function traffic(run: RuleRun) {
  const told: Firing[] = [];
  const take = (firings: readonly Firing[]) => {
    for (const firing of firings) {
      run.raised(firing);
      told.push(firing);
    }
  };
  const at = (atMs: number, x: number, id: string, confidence = 90) => {
    const shown = seen({ id, label: 'Car', confidence, box: standingAt(x, 0.5) }, atMs);
    take(run.see({ cameraId: 'front-door', atMs, seen: [shown] }).firings);
  };
  const way = (places: number[], atMs: number, id: string) => {
    for (const [step, x] of places.entries()) at(atMs + step * 1000, x, id);
  };
  return {
    told,
    at,
    /** From left to right as the picture shows it: the line goes down, so that is from its right to its left. */
    pass: (atMs: number, id: string) => way([0.3, 0.7], atMs, id),
    passBack: (atMs: number, id: string) => way([0.7, 0.3], atMs, id),
    expire: (atMs: number) => take(run.expire(atMs).firings),
  };
}

test('one alert for each period, with the crossings by label and direction', () => {
  const road = traffic(new RuleRun(settings, memory));
  road.pass(noon + 60_000, 'a');
  road.pass(noon + 120_000, 'b');
  road.passBack(noon + 180_000, 'c');
  road.pass(noon + 15 * 60_000, 'd');
  expect(road.told).toHaveLength(1);
  expect(road.told[0]).toEqual({
    ...{ kind: 'count', ruleId: 'cars', cameraId: 'front-door', atMs: noon + 15 * 60_000, sightings: [] },
    why: '3 × Car crossed gate in 15 min: 1 left to right, 2 right to left.',
    counts: {
      ...{ line: 'gate', fromMs: noon, toMs: noon + 15 * 60_000 },
      crossings: [
        { label: 'Car', direction: 'right-to-left', count: 2 },
        { label: 'Car', direction: 'left-to-right', count: 1 },
      ],
    },
  });
  road.expire(noon + 30 * 60_000 - 1);
  expect(road.told).toHaveLength(1);
  road.expire(noon + 30 * 60_000);
  expect(road.told[1]?.counts?.crossings).toEqual([{ label: 'Car', direction: 'right-to-left', count: 1 }]);
  road.expire(noon + 86_400_000);
  expect(road.told).toHaveLength(2);
});

test('a car that is half hidden on the line is counted with the next sure look', () => {
  const run = new RuleRun(
    { ...settings, rules: [{ ...counting, when: { ...counting.when, minConfidence: 80 } }] },
    memory,
  );
  const road = traffic(run);
  road.at(noon, 0.3, 'a');
  road.at(noon + 1000, 0.55, 'a', 40);
  road.at(noon + 2000, 0.7, 'a');
  road.at(noon + 3000, 0.8, 'a');
  expect(run.running[0]?.counts.crossings).toEqual([{ label: 'Car', direction: 'right-to-left', count: 1 }]);
});

test('a restart goes on with what was counted', () => {
  const before = new RuleRun(settings, memory);
  traffic(before).pass(noon, 'a');
  const kept = structuredClone(before.running);
  const road = traffic(new RuleRun(settings, memory, kept));
  road.pass(noon + 60_000, 'b');
  road.expire(noon + 15 * 60_000);
  expect(road.told[0]?.counts?.crossings).toEqual([{ label: 'Car', direction: 'right-to-left', count: 2 }]);
});

test('an alert that could not be raised is tried again', () => {
  const run = new RuleRun(settings, memory);
  traffic(run).pass(noon, 'a');
  expect(run.expire(noon + 900_000).firings).toHaveLength(1);
  const [again] = run.expire(noon + 905_000).firings;
  if (again) run.raised(again);
  expect(run.expire(noon + 910_000).firings).toEqual([]);
});

test('only within the hours, and silently while snoozed', () => {
  const rules = [{ ...counting, hours: ['Mon 14:00-15:00'] }];
  const run = new RuleRun(
    { ...settings, rules },
    { ...memory, snoozed: (_rule, _camera, atMs) => atMs > noon + 6_000_000 },
  );
  const road = traffic(run);
  road.pass(noon, 'a');
  road.pass(noon + 3_600_000, 'b');
  road.expire(noon + 6_000_000);
  expect(road.told.map(({ counts }) => (Number(counts?.fromMs) - noon) / 60_000)).toEqual([60]);
  road.pass(noon + 7_000_000, 'c');
  road.expire(noon + 10_000_000);
  expect(road.told).toHaveLength(1);
  expect(run.running).toEqual([]);
});

describe('periods', () => {
  test.each([
    [
      'a quarter of an hour',
      'Europe/Berlin',
      15,
      '2026-06-01T10:07:00Z',
      '2026-06-01T10:00:00Z',
      '2026-06-01T10:15:00Z',
    ],
    [
      'on the hour of the place',
      'Asia/Kathmandu',
      60,
      '2026-06-01T10:07:00Z',
      '2026-06-01T09:15:00Z',
      '2026-06-01T10:15:00Z',
    ],
    ['a day', 'Europe/Berlin', 1440, '2026-06-01T10:07:00Z', '2026-05-31T22:00:00Z', '2026-06-01T22:00:00Z'],
    [
      'a day of 23 hours',
      'Europe/Berlin',
      1440,
      '2026-03-29T00:30:00Z',
      '2026-03-28T23:00:00Z',
      '2026-03-29T22:00:00Z',
    ],
    [
      'a day of 25 hours, its end',
      'Europe/Berlin',
      1440,
      '2026-10-25T20:00:00Z',
      '2026-10-24T22:00:00Z',
      '2026-10-25T23:00:00Z',
    ],
    ['a week', 'UTC', 10_080, '2026-11-25T10:00:00Z', '2026-11-23T00:00:00Z', '2026-11-30T00:00:00Z'],
    [
      'the hour that comes twice, first',
      'Europe/Berlin',
      30,
      '2026-10-25T00:45:00Z',
      '2026-10-25T00:30:00Z',
      '2026-10-25T01:00:00Z',
    ],
    [
      'the hour that comes twice, again',
      'Europe/Berlin',
      30,
      '2026-10-25T01:15:00Z',
      '2026-10-25T01:00:00Z',
      '2026-10-25T01:30:00Z',
    ],
  ])('%s', (_what, zone, every, at, from, to) => {
    const { fromMs, toMs } = periodOf(Date.parse(at), every, new LocalTime(zone));
    expect([new Date(fromMs), new Date(toMs)]).toEqual([new Date(from), new Date(to)]);
  });

  test('follow one another without a gap, over every change of clocks', () => {
    const random = seededRandom(21);
    for (const zone of ['Europe/Berlin', 'America/New_York', 'Australia/Lord_Howe', 'Asia/Kathmandu']) {
      const time = new LocalTime(zone);
      for (const every of [1, 5, 15, 30, 60, 120, 360, 1440]) {
        for (const day of ['2026-03-07', '2026-03-28', '2026-04-04', '2026-10-03', '2026-10-24', '2026-10-31']) {
          let atMs = Date.parse(`${day}T12:00:00Z`) + Math.floor(random() * 3_600_000);
          const endMs = atMs + Math.min(36, every) * 3_600_000;
          for (let period = periodOf(atMs, every, time); atMs < endMs; period = periodOf(atMs, every, time)) {
            if (period.fromMs > atMs || period.toMs <= atMs)
              expect.fail(`${zone} ${every} ${new Date(atMs).toISOString()}`);
            const before = periodOf(period.toMs - 1, every, time);
            // Only where clocks change by half an hour a period of an hour is cut.
            if (zone !== 'Australia/Lord_Howe') expect(before).toEqual(period);
            atMs = period.toMs;
          }
        }
      }
    }
  });
});
