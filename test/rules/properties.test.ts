// Random days of random cameras against the rules' promises, told in another way than the code tells them.
import { expect, test } from 'vitest';
import { RuleEvaluator } from '../../agent/rules/evaluate.ts';
import { framesOfPaths } from '../../agent/rules/frames-of-paths.ts';
import { seededRandom } from '../../scripts/fuzz/seeded-random.ts';
import { rule } from './rule.ts';
import { camera, type Shown, seen, stage } from './scene.ts';

const cameras = ['front-door', 'yard', 'gate'];

/** Things come and go; every few seconds a camera shows those that are there. */
function* randomFrames(random: () => number, { fromMs, hours }: { fromMs: number; hours: number }) {
  const below = (count: number) => Math.floor(random() * count);
  const there = new Map(cameras.map(id => [id, new Map<string, { untilMs: number; confidence: number }>()]));
  let things = 0;
  for (let atMs = fromMs; atMs < fromMs + hours * 3_600_000; atMs += 500 + below(20_000)) {
    const cameraId = cameras[below(cameras.length)] ?? '';
    const present = there.get(cameraId) ?? new Map();
    for (const [id, { untilMs }] of present) if (untilMs < atMs) present.delete(id);
    if (random() < 0.2 && present.size < 5) {
      present.set(`s${things++}`, { untilMs: atMs + below(600_000), confidence: 40 + below(60) });
    }
    const shown: Shown[] = [...present]
      .filter(() => random() < 0.9)
      .map(([id, { confidence }]) => ({ id, confidence }));
    yield { cameraId, atMs, shown };
  }
}

test('races for the cooldown: never two alerts within it, and none held back when it is over', () => {
  for (let seed = 1; seed <= 25; seed++) {
    const random = seededRandom(seed);
    const cooldownSeconds = [0, 10, 60, 300][Math.floor(random() * 4)] ?? 0;
    const watched = rule({ when: { labels: ['Person'], minConfidence: 60 }, cooldownSeconds });
    const last = new Map<string, number>();
    const raised = new Set<string>();
    const memory = {
      lastSentMs: (_rule: string, id: string) => last.get(id),
      snoozed: () => false,
      hasRaised: () => false,
    };
    const all = cameras.map(id => camera({ id }));
    const evaluator = new RuleEvaluator({ rules: [watched], cameras: all, timeZone: 'UTC' }, memory);
    for (const { cameraId, atMs, shown } of randomFrames(random, { fromMs: Date.UTC(2026, 5, 1), hours: 3 })) {
      const { firings } = evaluator.evaluate({ cameraId, atMs, seen: shown.map(thing => seen(thing, atMs)) });
      const waiting = shown.filter(({ id = '', confidence = 0 }) => confidence >= 60 && !raised.has(id));
      const free = atMs - (last.get(cameraId) ?? Number.NEGATIVE_INFINITY) >= cooldownSeconds * 1000;
      expect(firings.flatMap(({ sightings }) => sightings.map(({ id }) => id))).toEqual(
        free ? waiting.map(({ id }) => id) : [],
      );
      // Now and then the disk does not take it: that alert was not sent, so no cooldown begins.
      if (firings[0] && random() < 0.8) {
        evaluator.raised(firings[0]);
        last.set(cameraId, atMs);
        for (const { id } of firings[0].sightings) raised.add(id);
      }
    }
  }
});

test('none fires outside the hours, and within them every sighting does, on the days clocks are changed too', () => {
  const days: [string, string][] = [
    ['Europe/Berlin', '2026-03-28T12:00:00Z'],
    ['Europe/Berlin', '2026-10-24T12:00:00Z'],
    ['America/New_York', '2026-11-01T00:00:00Z'],
    ['Australia/Lord_Howe', '2026-04-04T06:00:00Z'],
    ['America/St_Johns', '2026-03-07T16:00:00Z'],
  ];
  for (const [index, [timeZone, from]] of days.entries()) {
    const random = seededRandom(100 + index);
    const format = new Intl.DateTimeFormat('en-GB', { timeZone, hour: '2-digit', minute: '2-digit' });
    const watched = rule({ hours: ['Mon-Sun 22:15-02:30', 'Mon-Sun 02:45-03:15'], cooldownSeconds: 0 });
    const { show } = stage({ rules: [watched], cameras: cameras.map(id => camera({ id })), timeZone });
    const raised = new Set<string>();
    let fired = 0;
    for (const { cameraId, atMs, shown } of randomFrames(random, { fromMs: Date.parse(from), hours: 30 })) {
      const clock = format.format(atMs);
      const open = clock >= '22:15' || clock < '02:30' || (clock >= '02:45' && clock < '03:15');
      const expected = open ? shown.flatMap(({ id = '' }) => (raised.has(id) ? [] : id)) : [];
      const ids = show(shown, atMs, cameraId).firings.flatMap(({ sightings }) => sightings.map(({ id }) => id));
      if (ids.join() !== expected.join()) expect.fail(`${timeZone} ${clock}: ${ids} instead of ${expected}`);
      for (const id of ids) raised.add(id);
      fired += ids.length;
    }
    expect(fired).toBeGreaterThan(20);
  }
});

test('a path becomes frames on which things that were there together are together', () => {
  const base = { cameraId: 'yard', label: 'Person', confidence: 90 };
  const box = { left: 0.1, top: 0.1, width: 0.1, height: 0.1 };
  const frames = framesOfPaths([
    { ...base, id: 'a', atMs: 10_300, untilMs: 13_000, path: [{ atMs: 10_300, untilMs: 13_000, confidence: 90, box }] },
    { ...base, id: 'b', atMs: 12_000 },
  ]);
  expect(frames.map(({ atMs, seen }) => [atMs, seen.map(({ sighting }) => sighting.id)])).toEqual([
    [10_300, ['a']],
    [11_000, ['a']],
    [12_000, ['a', 'b']],
    [13_000, ['a']],
  ]);
});
