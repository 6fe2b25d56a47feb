// Rules, their reasons and destinations in words.
import { describe, expect, test } from 'vitest';
import { silentUntilMs, snoozeOf } from '../../console/rules/use-snoozes.ts';
import { minuteOfDay } from '../../console/words/clock-times.ts';
import { attemptWords, olderAttemptsWords, tookWords } from '../../console/words/delivery-words.ts';
import { destinationCounts, destinationState, kindWords, testedWords } from '../../console/words/destination-words.ts';
import { firedWords, lastFiredWords, ruleSentence, ruleState, snoozedWords } from '../../console/words/rule-words.ts';
import { byReach, reasonWords, silentWords, toldWords, whySentence, whyState } from '../../console/words/why-words.ts';
import { destinationKinds } from '../../shared/destination-settings.ts';
import type { ShownRule, Snooze } from '../../shared/rule-answers.ts';
import { outcomesByReach } from '../../shared/rule-outcome.ts';
import { rule } from '../rules/rule.ts';

const now = new Date(2026, 10, 23, 7, 41, 12).getTime();

function shown(settings: Parameters<typeof rule>[0], more: Partial<ShownRule> = {}): ShownRule {
  const { then: _, ...others } = rule(settings);
  return { ...others, destinations: ['ops'], activeCameras: [], ...more };
}

describe('a rule is one sentence', () => {
  test.each([
    [{}, 'When Person is seen on any camera → ops, at most once per minute and camera.'],
    [
      {
        when: { labels: ['Person'], minConfidence: 80, zones: ['door'], cameras: ['front-door'] },
        hours: ['Mon-Fri 22:00-06:00'],
      },
      'When Person ≥ 80 % is in zone door on front-door, Mon–Fri 22:00–06:00 → ops, at most once per minute.',
    ],
    [
      {
        when: { labels: ['Car', 'Truck', 'Bus'], cameras: ['yard'], groups: ['outside'], minSeconds: 90 },
        hours: ['Mon-Fri 22:00-06:00', 'Sat,Sun 00:00-24:00'],
        cooldownSeconds: 300,
      },
      'When Car, Truck or Bus is seen for 1 min on yard or group outside, Mon–Fri 22:00–06:00 and Sat,Sun 00:00–24:00 → ops, at most once per 5 min and camera.',
    ],
    [
      { when: { labels: ['Person'], minCount: 3, zones: ['stage'], anchor: 'overlap' }, cooldownSeconds: 0 },
      'When at least 3 × Person are in zone stage by 30 % at once on any camera → ops, each time.',
    ],
    [
      { when: { line: { name: 'gate', direction: 'left-to-right' }, minArea: 0.015, cameras: ['yard'] } },
      'When anything, at least 1.5 % of the picture, crosses line gate from left to right on yard → ops, at most once per minute.',
    ],
    [
      { when: { labels: ['Car'], line: { name: 'gate' }, everyMinutes: 1440 } },
      'Every day, how often Car crosses line gate on any camera → ops.',
    ],
    [
      { when: { health: { cameraOfflineMinutes: 5, lostVideo: true } }, cooldownSeconds: 3600 },
      'When a camera gives no video for 5 min, or video is lost → ops, at most once per hour and camera.',
    ],
    [
      {
        when: {
          health: {
            ...{ backlogMinutes: 0.5, diskFreePercent: 10, clockOffsetSeconds: 60 },
            ...{ budgetPercent: 80, temperatureCelsius: 75 },
          },
        },
        cooldownSeconds: 7200,
      },
      'When 30 s of video wait to be sent, or less than 10 % of the disk is free, or a clock is off by more than 1 min, or 80 % of the day’s label calls are spent, or the processor is hotter than 75 °C → ops, at most once per 2 h and camera.',
    ],
  ])('%j', (settings, sentence) => {
    expect(ruleSentence(shown(settings))).toBe(sentence);
  });
});

test('a rule says first that it is off, then that it is snoozed, then what is there', () => {
  const until = now + 20 * 60_000;
  const active = { activeCameras: ['front-door', 'yard'] };
  expect(ruleState(shown({ enabled: false }, active), until, now).words).toBe('Switched off in the settings');
  expect(ruleState(shown({}, active), until, now)).toEqual({
    status: 'attention',
    words: `Snoozed until ${minuteOfDay(until)}`,
  });
  expect(ruleState(shown({}, active), now, now)).toEqual({ status: 'ok', words: 'Active now on front-door, yard' });
  expect(ruleState(shown({}), undefined, now).words).toBe('Nothing there now');
  expect(lastFiredWords(undefined, now)).toBe('No alert yet');
  expect(lastFiredWords(now - 720_000, now)).toMatch(/^Last alert 12 min ago, /);
  expect([firedWords(0), firedWords(1), firedWords(3)].map(words => words.slice(-9))).toEqual([
    'no alerts',
    'd 1 alert',
    ' 3 alerts',
  ]);
});

test('a snooze holds for its rule, and one of everything for each; one of a camera leaves rules to the others', () => {
  const ofRule = { ruleId: 'a', untilMs: now + 1 };
  const ofCamera = { cameraId: 'yard', untilMs: now + 2 };
  const both = { ruleId: 'a', cameraId: 'yard', untilMs: now + 3 };
  const all: Snooze = { untilMs: now + 4 };
  expect(silentUntilMs('a', [ofRule, ofCamera, both])).toBe(now + 1);
  expect(silentUntilMs('b', [ofRule, ofCamera, both])).toBeUndefined();
  expect(silentUntilMs('b', [ofRule, all])).toBe(now + 4);
  expect(snoozeOf({ ruleId: 'a' }, [both, ofRule])).toBe(ofRule);
  expect(snoozeOf({ cameraId: 'yard' }, [both, ofCamera])).toBe(ofCamera);
  expect(snoozeOf({ ruleId: 'b' }, undefined)).toBeUndefined();
  expect([ofRule, ofCamera, both, all].map(one => snoozedWords(one))).toEqual([
    'Alerts of a',
    'Alerts of camera yard',
    'Alerts of a on yard',
    'All alerts',
  ]);
});

test('every reason is a sentence with a status, and those that came furthest come first', () => {
  for (const outcome of outcomesByReach) {
    expect(whySentence({ outcome })).toMatch(/^[A-Z].*\.$/);
    expect(reasonWords(outcome)).not.toContain('no alert');
    expect(whyState({ outcome }).words).not.toBe('Not known');
  }
  expect(whyState({ outcome: 'already' }).status).toBe('ok');
  expect(whyState({ outcome: 'hours' })).toEqual({ status: 'attention', words: 'No alert' });
  expect(whyState({}).words).toBe('Not known');
  const said = [
    { ruleId: 'unasked', told: [] },
    { ruleId: 'other', outcome: 'label' as const, told: [] },
    { ruleId: 'near', outcome: 'cooldown' as const, told: [] },
  ];
  expect(byReach(said).map(({ ruleId }) => ruleId)).toEqual(['near', 'other', 'unasked']);
  expect(silentWords({ label: 64, hours: 41, zone: 0 })).toEqual([
    { count: 41, words: 'outside the hours of the rule' },
    { count: 64, words: 'the rule asks for other labels' },
  ]);
  expect(toldWords({ outcome: 'zone', firstMs: now, lastMs: now, frames: 1 }, now)).toMatch(
    /^\S+, 1 picture: in none of the zones/,
  );
});

test('an attempt says what came of it and how long it took', () => {
  expect(attemptWords({ outcome: 'delivered' })).toBe('Delivered');
  expect(attemptWords({ outcome: 'waiting', problem: 'It answered 503.' })).toBe('It answered 503.');
  expect(attemptWords({ outcome: 'dead', problem: 'It answered 410.' })).toBe('It answered 410. Given up.');
  expect([38.4, 999.4, 1234].map(tookWords)).toEqual(['38 ms', '999 ms', '1.2 s']);
  expect(olderAttemptsWords(5, 13)).toBe('The last 5 of 13 attempts.');
});

test('a destination says what waits, what was given up, and what a test came to', () => {
  const quiet = { id: 'ops', kind: 'webhook', waiting: 0, dead: 0, recentlyDead: 0 };
  expect(destinationState(quiet)).toEqual({ status: 'waiting', words: 'Nothing sent yet' });
  expect(destinationState({ ...quiet, lastDeliveredMs: now }).words).toBe('All delivered');
  expect(destinationState({ ...quiet, dead: 4, lastDeliveredMs: now }).status).toBe('ok');
  expect(destinationState({ ...quiet, waiting: 1 })).toEqual({ status: 'attention', words: '1 alert waiting' });
  expect(destinationState({ ...quiet, waiting: 1, dead: 2, recentlyDead: 2 }).status).toBe('failed');
  const busy = { ...quiet, waiting: 2, dead: 5, oldestWaitingMs: now - 720_000, nextTryMs: now + 30_000 };
  expect(destinationCounts(busy, now)).toBe(
    '2 waiting (oldest 12 min ago, next try in 30 s) · 5 given up · never delivered',
  );
  expect(testedWords({ delivered: true, tookMs: 38 })).toEqual({ status: 'ok', words: 'Delivered in 38 ms' });
  expect(testedWords({ delivered: false, tookMs: 5000 }).words).toBe('Not delivered, after 5.0 s');
  expect(destinationKinds.map(kindWords).filter((words, place) => words === destinationKinds[place])).toEqual([]);
});
