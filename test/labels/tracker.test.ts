import { expect, test } from 'vitest';
import { assign } from '../../agent/labels/assignment.ts';
import type { Detection, Track } from '../../agent/labels/track.ts';
import { type TrackedStill, Tracker, type Tracking } from '../../agent/labels/tracker.ts';
import { seededRandom } from '../../scripts/fuzz/seeded-random.ts';
import type { Box } from '../../shared/sighting.ts';

const startMs = Date.UTC(2026, 10, 23, 7, 41, 12);
const at = (seconds: number) => startMs + Math.round(seconds * 1000);

function boxAt(centre: number, middle = 0.5, { width = 0.12, height = 0.5 } = {}): Box {
  return { left: centre - width / 2, top: middle - height / 2, width, height };
}

function person(centre: number, middle = 0.5, confidence = 80): Detection {
  return { label: 'Person', confidence, box: boxAt(centre, middle) };
}

function tracker(change: { forgetMs?: number; maxTracks?: number; firstId?: number } = {}) {
  let { firstId: id = 1 } = change;
  const tracked = new Tracker({ newId: () => `t${id++}`, forgetMs: 10_000, ...change });
  const all: Tracking[] = [];
  const observe = (still: TrackedStill): Tracking => {
    const tracking = tracked.observe(still);
    all.push(tracking);
    return tracking;
  };
  const begun = () => all.flatMap(({ seen }) => seen.filter(({ isNew }) => isNew).map(({ track }) => track.id));
  const ended = () => all.flatMap(({ ended }) => ended);
  return { tracked, observe, begun, ended };
}

const idsOf = ({ seen }: Tracking) => seen.map(({ track }) => track.id);
const jittered = (random: () => number, { left, top, width, height }: Box, by = 0.012): Box => ({
  left: left + by * (random() * 2 - 1),
  top: top + by * (random() * 2 - 1),
  width: width + by * (random() * 2 - 1),
  height: height + by * (random() * 2 - 1),
});

test('somebody who walks in, stands, is missed twice and walks out is one track with the path they took', () => {
  const { observe, begun, ended } = tracker();
  const centres = [0.1, 0.3, 0.5, 0.505, undefined, 0.495, undefined, 0.5, 0.7, 0.9];
  for (const [index, centre] of centres.entries())
    observe({ atMs: at(2 * index), detections: centre ? [person(centre)] : [] });
  observe({ atMs: at(40), detections: [] });
  expect(begun()).toEqual(['t1']);
  expect(ended()).toEqual([
    expect.objectContaining({ id: 't1', firstMs: at(0), lastMs: at(18), label: 'Person', confidence: 80 }),
  ]);
  expect(ended()[0]?.path.map(({ atMs, box }) => [(atMs - startMs) / 1000, (box?.left ?? 0) + 0.06])).toEqual(
    [0, 2, 4, 16, 18].map(second => [second, expect.closeTo(centres[second / 2] ?? 0)]),
  );
});

test('each entry of the path says how long it stayed there, and how sure the best look at it was', () => {
  const { observe } = tracker();
  let path: Track['path'] = [];
  const sure = [60, 90, 70, 50, 80, 40];
  for (const [index, confidence] of sure.entries()) {
    path =
      observe({ atMs: at(index), detections: [person(index < 4 ? 0.3 : 0.6, 0.5, confidence)] }).seen[0]?.track.path ??
      [];
  }
  expect(path).toMatchObject([
    { atMs: at(0), untilMs: at(3), confidence: 90 },
    { atMs: at(4), untilMs: at(5), confidence: 80 },
  ]);
});

test('the confidence is the best one, with the box of that moment, and says when it became better', () => {
  const { observe } = tracker();
  const better = [60, 90, 70, 91].map((confidence, index) => {
    const { seen } = observe({ atMs: at(index), detections: [person(0.3 + 0.1 * index, 0.5, confidence)] });
    return seen.map(({ better, track }) => [better, track.confidence, (track.box?.left ?? 0) + 0.06]);
  });
  expect(better).toEqual([
    [[false, 60, expect.closeTo(0.3)]],
    [[true, 90, expect.closeTo(0.4)]],
    [[false, 90, expect.closeTo(0.4)]],
    [[true, 91, expect.closeTo(0.6)]],
  ]);
});

test('two visits with a quiet picture between them are two tracks, though the second begins where the first ended', () => {
  const { observe, begun, ended } = tracker();
  for (const second of [0, 1, 2]) observe({ atMs: at(second), detections: [person(0.5)] });
  for (const second of [3, 4]) observe({ atMs: at(second), detections: [], looked: false, quiet: true });
  for (const second of [5, 6]) observe({ atMs: at(second), detections: [person(0.5)] });
  expect(begun()).toEqual(['t1', 't2']);
  expect(ended()).toMatchObject([{ id: 't1', lastMs: at(2) }]);
});

test('one quiet still ends the visit of somebody who stood out', () => {
  const { observe, begun, ended } = tracker();
  for (const second of [0, 2, 4]) observe({ atMs: at(second), detections: [person(0.5)], changedIn: () => 0.6 });
  observe({ atMs: at(6), detections: [], looked: false, quiet: true, changedIn: () => 0 });
  observe({ atMs: at(8), detections: [person(0.5)], changedIn: () => 0.6 });
  expect(begun()).toEqual(['t1', 't2']);
  expect(ended()).toMatchObject([{ id: 't1', lastMs: at(4) }]);
});

test('one quiet still does not end the visit of somebody small', () => {
  const { observe, begun } = tracker();
  for (const second of [0, 2, 4, 6]) {
    observe({ atMs: at(second), detections: [person(0.5)] });
    observe({ atMs: at(second + 1), detections: [], looked: false, quiet: true });
  }
  expect(begun()).toEqual(['t1']);
});

test.each([1, 2, 3])(
  'a parked car whose box trembles is one track over six hours and has not moved (seed %i)',
  seed => {
    const random = seededRandom(seed);
    const parked = boxAt(0.6, 0.7, { width: 0.2, height: 0.15 });
    const { observe, begun, ended } = tracker();
    let last: Track | undefined;
    for (let second = 0; second < 6 * 3600; second += 2) {
      const missed = random() < 0.2;
      const detection = { label: 'Car', confidence: 70 + 20 * random(), box: jittered(random, parked) };
      last = observe({ atMs: at(second), detections: missed ? [] : [detection] }).seen[0]?.track ?? last;
    }
    expect(begun()).toEqual(['t1']);
    expect(ended()).toEqual([]);
    expect(last?.path.length).toBe(1);
  },
);

test('a parked car that was there from the start stays one track through hours in which nothing moves, and ends when it drives off', () => {
  const { observe, begun, ended } = tracker();
  const car: Detection = { label: 'Car', confidence: 90, box: boxAt(0.6, 0.7, { width: 0.2, height: 0.15 }) };
  observe({ atMs: at(0), detections: [car], newScene: true, changedIn: () => 1 });
  for (let second = 2; second < 7200; second += 2) {
    const walker = second % 600 < 8 ? [person(0.2 + (second % 600) / 20, 0.3)] : [];
    const changedIn = (box: Box) => (walker.length > 0 && box.top < 0.1 ? 1 : 0);
    const looked = walker.length > 0;
    const found = looked && second % 1200 < 600 ? [car, ...walker] : walker;
    const { seen } = observe({ atMs: at(second), detections: found, looked, quiet: !looked, changedIn });
    expect(seen.find(({ track }) => track.label === 'Car')?.track).toMatchObject({
      firstMs: at(0),
      lastMs: at(second),
    });
  }
  expect(begun().length).toBe(1 + 12);
  for (let second = 7200; second < 7220; second += 2) {
    observe({ atMs: at(second), detections: [], changedIn: () => 1 });
  }
  expect(ended().filter(({ label }) => label === 'Car')).toMatchObject([{ id: 't1', lastMs: at(7198) }]);
});

test('somebody who passes a parked car that is not found just then is not taken for it', () => {
  const { observe } = tracker();
  const car = (left: number): Detection => ({
    label: 'Car',
    confidence: 90,
    box: { left, top: 0.5, width: 0.2, height: 0.15 },
  });
  const [parked] = idsOf(observe({ atMs: at(0), detections: [car(0.3)], newScene: true, changedIn: () => 1 }));
  const changedIn = (box: Box) => (box.left > 0.45 ? 1 : 0);
  const { seen } = observe({ atMs: at(2), detections: [car(0.5)], changedIn });
  expect(seen.map(({ track, isNew, detection }) => [track.id, isNew, detection?.box?.left])).toEqual([
    [parked, false, undefined],
    ['t2', true, 0.5],
  ]);
});

test('what every look misses is not there, whatever its place looks like', () => {
  const { observe, ended } = tracker();
  observe({ atMs: at(0), detections: [person(0.5)], newScene: true });
  for (let second = 2; second < 120; second += 2) observe({ atMs: at(second), detections: [], changedIn: () => 0 });
  expect(ended()).toMatchObject([{ id: 't1', lastMs: at(40) }]);
});

test('two people who cross keep their ids', () => {
  for (const every of [0.5, 1, 2]) {
    const { observe, begun } = tracker();
    const ids = new Map<number, Set<string>>([
      [0, new Set()],
      [1, new Set()],
    ]);
    for (let second = 0; second <= 8; second += every) {
      const detections = [person(0.1 + 0.1 * second, 0.45), person(0.9 - 0.1 * second, 0.55)];
      const { seen } = observe({ atMs: at(second), detections: second % 2 ? detections.toReversed() : detections });
      for (const { track, detection } of seen) ids.get(detection?.box?.top === 0.2 ? 0 : 1)?.add(track.id);
    }
    expect([begun().length, ...[...ids.values()].map(({ size }) => size)]).toEqual([2, 1, 1]);
  }
});

test('things that are far apart never swap ids, however they tremble, are missed and are mixed', () => {
  for (let seed = 1; seed <= 25; seed++) {
    const random = seededRandom(seed);
    const { observe, begun } = tracker({ forgetMs: 20_000 });
    const things = [0.12, 0.88].flatMap(centre => [0.2, 0.8].map(middle => ({ centre, middle })));
    const names = new Map<string, string>();
    let atMs = startMs;
    for (let index = 0; index < 200; index++) {
      atMs += 500 + Math.floor(random() * 1500);
      const found = things.filter(() => random() > 0.3);
      for (const thing of things) {
        thing.centre = Math.min(
          thing.centre < 0.5 ? 0.2 : 0.95,
          Math.max(thing.centre < 0.5 ? 0.05 : 0.8, thing.centre + 0.04 * (random() - 0.5)),
        );
      }
      const detections = found
        .map(({ centre, middle }) => ({
          label: 'Person',
          confidence: 50 + 50 * random(),
          box: jittered(random, boxAt(centre, middle, { width: 0.1, height: 0.2 })),
        }))
        .sort(() => random() - 0.5);
      for (const { track, detection } of observe({ atMs, detections }).seen) {
        const { left = 0, top = 0 } = detection?.box ?? {};
        const corner = `${left < 0.5 ? 'left' : 'right'} ${top < 0.4 ? 'top' : 'bottom'}`;
        expect(names.get(track.id) ?? corner).toBe(corner);
        names.set(track.id, corner);
      }
    }
    // A run of misses longer than the tracker remembers makes another track, never a swap.
    expect(begun().length).toBeLessThan(4 + 4);
  }
});

test('labels do not mix, and a label without a box is one track while it lasts', () => {
  const { observe, begun, ended } = tracker();
  const rain: Detection = { label: 'Rain', confidence: 75 };
  const dog: Detection = { label: 'Dog', confidence: 75, box: boxAt(0.5) };
  for (const second of [0, 2, 4, 6, 8]) {
    observe({ atMs: at(second), detections: second === 4 ? [person(0.5), dog] : [person(0.5), dog, rain] });
  }
  observe({ atMs: at(60), detections: [rain] });
  expect(begun()).toEqual(['t1', 't2', 't3', 't4']);
  expect(
    ended()
      .map(({ label }) => label)
      .sort(),
  ).toEqual(['Dog', 'Person', 'Rain']);
  expect(ended().find(({ label }) => label === 'Rain')).toMatchObject({
    firstMs: at(0),
    lastMs: at(8),
    path: [{ atMs: at(0), untilMs: at(8), confidence: 75 }],
  });
});

test('a clock set back ends what was open and starts anew; stills out of order and of the same time are taken', () => {
  const { observe, begun, ended } = tracker();
  for (const second of [100, 102, 101, 101, 104, 104]) observe({ atMs: at(second), detections: [person(0.5)] });
  expect([begun(), ended()]).toEqual([['t1'], []]);
  observe({ atMs: at(0), detections: [person(0.5)] });
  expect(ended()).toMatchObject([{ id: 't1', firstMs: at(100), lastMs: at(104) }]);
  observe({ atMs: at(2), detections: [person(0.5)] });
  expect(begun()).toEqual(['t1', 't2']);
});

test('tracks of before a restart go on and are not new; those that ended long ago are not taken up', () => {
  const before = tracker();
  before.observe({ atMs: at(0), detections: [person(0.2), person(0.8)] });
  const { seen } = before.observe({ atMs: at(20), detections: [person(0.81)] });
  const after = tracker({ firstId: 10 });
  after.tracked.restore([...before.ended(), ...seen.map(({ track }) => track)]);
  const going = after.observe({ atMs: at(130), detections: [person(0.2), person(0.8)], newScene: true });
  expect(going.seen.map(({ track, isNew }) => [track.id, isNew])).toEqual([
    ['t10', true],
    ['t3', false],
  ]);
});

test('what there is only one of stays one, wherever it is, with a box or without, and never becomes part of the scene', () => {
  const { observe, begun, ended } = tracker();
  const motion = (box?: Box): Detection => ({ label: 'Motion', confidence: 100, only: true, ...(box && { box }) });
  const places = [boxAt(0.1, 0.2), boxAt(0.9, 0.8), undefined, boxAt(0.5), boxAt(0.5), boxAt(0.5)];
  for (const [index, box] of places.entries()) {
    observe({ atMs: at(2 * index), detections: [motion(box)], changedIn: () => 0.1, newScene: index === 0 });
  }
  observe({ atMs: at(12), detections: [], quiet: true, changedIn: () => 0 });
  expect([begun(), ended()]).toEqual([['t1'], []]);
  observe({ atMs: at(14), detections: [], quiet: true, changedIn: () => 0 });
  expect(ended()).toMatchObject([{ id: 't1', firstMs: at(0), lastMs: at(10) }]);
});

test('whatever comes, in whatever order, there are never more tracks than allowed, each begins and ends once', () => {
  for (let seed = 1; seed <= 15; seed++) {
    const random = seededRandom(seed);
    const { tracked, observe, begun, ended } = tracker({ maxTracks: 12 });
    let atMs = startMs;
    for (let index = 0; index < 150; index++) {
      atMs += random() < 0.05 ? Math.floor((random() - 0.5) * 1e9) : Math.floor((random() - 0.1) * 3000);
      const detections = Array.from({ length: Math.floor(random() * 30) }, (): Detection => {
        const label = ['Person', 'Car', 'Indoors'][Math.floor(random() * 3)] ?? 'Cat';
        const box = { left: random(), top: random(), width: random() * 0.3, height: random() * 0.3 };
        return { label, confidence: 100 * random(), ...(label === 'Indoors' ? {} : { box }) };
      });
      const quiet = random() < 0.2;
      const changed = random();
      const { seen } = observe({ atMs, detections, quiet, newScene: random() < 0.05, changedIn: () => changed });
      for (const { track } of seen) expect(track.lastMs).toBeGreaterThanOrEqual(track.firstMs);
      expect(begun().length - ended().length).toBeLessThanOrEqual(12);
    }
    const over = [...ended(), ...tracked.close()].map(({ id }) => id);
    expect(new Set(over).size).toBe(over.length);
    expect(over.sort()).toEqual(begun().sort());
  }
});

test('a path stays bounded and keeps its beginning and its end', () => {
  const { observe } = tracker();
  let last: Track | undefined;
  for (let second = 0; second < 2000; second++) {
    last = observe({ atMs: at(second), detections: [person(second % 2 ? 0.3 : 0.5)] }).seen[0]?.track;
  }
  expect(last?.path.length).toBeLessThanOrEqual(200);
  expect(last?.path.length).toBeGreaterThan(90);
  expect(last?.path[0]?.atMs).toBe(at(0));
  expect(last?.path.at(-1)?.atMs).toBe(at(1999));
});

test('assignments cost no more than the best of all there are', () => {
  const random = seededRandom(11);
  for (let round = 0; round < 400; round++) {
    const rows = Math.floor(random() * 5);
    const columns = Math.floor(random() * 5);
    const costs = Array.from({ length: rows }, () =>
      Array.from({ length: columns }, () => (random() < 0.3 ? Number.POSITIVE_INFINITY : random())),
    );
    const chosen = assign({ costs, columns, alone: 1 });
    const used = chosen.filter(column => column >= 0);
    expect(new Set(used).size).toBe(used.length);
    const total = chosen.reduce((sum, column, row) => sum + (column < 0 ? 1 : (costs[row]?.[column] ?? 99)), 0);
    expect(total).toBeCloseTo(cheapest(costs, 0, new Set(), columns));
  }
});

function cheapest(costs: number[][], row: number, taken: Set<number>, columns: number): number {
  if (row === costs.length) return 0;
  let best = 1 + cheapest(costs, row + 1, taken, columns);
  for (let column = 0; column < columns; column++) {
    if (taken.has(column)) continue;
    const rest = cheapest(costs, row + 1, new Set([...taken, column]), columns);
    best = Math.min(best, (costs[row]?.[column] ?? 99) + rest);
  }
  return best;
}
