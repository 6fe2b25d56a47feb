// Invariant 9 of agent/spool/spool.ts: every moment since a camera's first fragment is accounted for.
import { cp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { AgentError } from '../../agent/errors.ts';
import { coverage } from '../../agent/spool/coverage.ts';
import { followCameras } from '../../agent/spool/follow-cameras.ts';
import type { FootageSpan } from '../../shared/api.ts';
import { madeFragment, madeFragments, partsOf } from './parts.ts';
import { Scene, seededRandom } from './scene.ts';

const cloud = (startMs: number, endMs: number): FootageSpan => ({ startMs, endMs, at: 'cloud' });
const disk = (startMs: number, endMs: number): FootageSpan => ({ startMs, endMs, at: 'disk' });
const down = (startMs: number, endMs: number): FootageSpan => ({ startMs, endMs, at: 'agent-down' });
const lost = (startMs: number, endMs: number, reason = 'disk-full'): FootageSpan => ({
  ...{ startMs, endMs, at: 'lost', reason },
});
const offline = (startMs: number, endMs: number, reason?: string): FootageSpan => ({
  ...{ startMs, endMs, at: 'offline', ...(reason ? { reason } : {}) },
});

test.each<[string, FootageSpan[], FootageSpan[]]>([
  ['nothing known is nothing said', [], []],
  ['what follows directly is one span', [disk(10, 20), disk(20, 30)], [disk(10, 30)]],
  ['nothing is said before the first and after the last span', [disk(10, 20)], [disk(10, 20)]],
  [
    'an outage began at the last frame, not when it was noticed',
    [disk(10, 20), offline(25, 40, 'x'), disk(42, 50)],
    [disk(10, 20), offline(20, 42, 'x'), disk(42, 50)],
  ],
  [
    'the time between the agent’s start and the first frame belongs to its down time',
    [disk(10, 20), down(20, 40), disk(45, 50)],
    [disk(10, 20), down(20, 45), disk(45, 50)],
  ],
  [
    'a camera that is gone after the agent’s start is the camera’s outage from the start on',
    [disk(10, 20), down(20, 40), offline(45, 60, 'x'), disk(60, 70)],
    [disk(10, 20), down(20, 40), offline(40, 60, 'x'), disk(60, 70)],
  ],
  [
    'a gap that nobody explains is a camera without video',
    [disk(10, 20), disk(30, 40)],
    [disk(10, 20), offline(20, 30), disk(30, 40)],
  ],
  [
    'video that is there was not lost, whatever else is known of the moment',
    [lost(0, 30), offline(5, 40, 'x'), disk(10, 20), cloud(15, 18), down(0, 50)],
    [lost(0, 10), disk(10, 15), cloud(15, 18), disk(18, 20), lost(20, 30), offline(30, 40, 'x'), down(40, 50)],
  ],
  [
    'of two losses of one moment the first noticed counts',
    [lost(0, 10, 'a'), lost(5, 20, 'b')],
    [lost(0, 10, 'a'), lost(10, 20, 'b')],
  ],
  ['a span within another adds nothing', [disk(10, 50), disk(20, 30)], [disk(10, 50)]],
  ['an empty span is none', [disk(10, 20), lost(15, 15), disk(20, 30)], [disk(10, 30)]],
  ['a span that ends before it begins is none', [disk(10, 20), lost(18, 12), disk(20, 30)], [disk(10, 30)]],
  ['spans are cut to the range', [disk(-50, 5), cloud(90, 150)], [disk(0, 5), offline(5, 90), cloud(90, 100)]],
])('%s', (_, spans, expected) => {
  const reversed = spans.toReversed();
  expect(coverage(spans, { fromMs: 0, toMs: 100 })).toEqual(expected);
  expect(coverage(reversed, { fromMs: 0, toMs: 100 })).toEqual(expected);
});

test('what a lost index knew is not guessed', () => {
  const range = { fromMs: 0, toMs: 100, knownFromMs: 25 };
  expect(coverage([disk(0, 10), disk(20, 22), disk(30, 40)], range)).toEqual([
    disk(0, 10),
    disk(20, 22),
    offline(25, 30),
    disk(30, 40),
  ]);
});

test('9. any heap of spans gives disjoint sorted spans without a hole, and the best news of each moment', () => {
  const kinds = ['cloud', 'disk', 'lost', 'offline', 'agent-down'] as const;
  for (let seed = 1; seed <= 500; seed++) {
    const random = seededRandom(seed);
    const whole = (below: number) => Math.floor(random() * below);
    const spans = Array.from({ length: 1 + whole(12) }, (): FootageSpan => {
      const startMs = whole(100);
      const at = kinds[whole(5)] ?? 'disk';
      return { startMs, endMs: startMs + 1 + whole(20), at, ...(random() < 0.5 ? { reason: `r${whole(2)}` } : {}) };
    });
    const [fromMs, toMs] = [whole(40), 60 + whole(80)];
    const covered = coverage(spans, { fromMs, toMs });
    const firstMs = Math.max(fromMs, Math.min(...spans.map(({ startMs }) => startMs)));
    const lastMs = Math.min(toMs, Math.max(...spans.map(({ endMs }) => endMs)));
    const sumMs = covered.reduce((sum, { startMs, endMs }) => sum + endMs - startMs, 0);
    expect(sumMs, `seed ${seed}`).toBe(Math.max(0, lastMs - firstMs));
    for (let atMs = firstMs; atMs < lastMs; atMs++) {
      const here = covered.filter(({ startMs, endMs }) => startMs <= atMs && atMs < endMs);
      const best = kinds.find(kind =>
        spans.some(({ at, startMs, endMs }) => at === kind && startMs <= atMs && atMs < endMs),
      );
      expect(here, `seed ${seed} at ${atMs}`).toHaveLength(1);
      if (best) expect(here[0]?.at, `seed ${seed} at ${atMs}`).toBe(best);
    }
    expect(covered).toEqual(covered.toSorted((a, b) => a.startMs - b.startMs));
  }
});

test('9. a day of a camera: recorded, offline, lost, confirmed, agent killed, and started again', async () => {
  await using scene = await Scene.make();
  const { clock } = scene;
  const startMs = clock.nowMs();
  const at = (seconds: number) => startMs + seconds * 1000;
  {
    await using spool = await scene.open();
    const stop = followCameras(spool, scene);
    const error = new AgentError({ code: 'camera-unreachable', kind: 'unavailable', retry: 'later', message: 'gone' });
    await spool.write('cam', partsOf(madeFragments(startMs, 5, {}, 1000)));
    await clock.advance(8_000);
    scene.facts.publish({ type: 'camera.state', cameraId: 'cam', state: 'offline', error });
    await clock.advance(22_000);
    scene.facts.publish({ type: 'camera.state', cameraId: 'cam', state: 'live' });
    await spool.write('cam', partsOf(madeFragments(at(31), 5, {}, 1000)));
    scene.facts.publish({ type: 'camera.problem', cameraId: 'cam', error, lostFromMs: at(36), lostToMs: at(40) });
    spool.markPersisted(spool.nextWaiting('cam')?.id ?? 0, '1');
    await clock.advance(10_000);
    stop();
    await cp(scene.dir, join(scene.root, 'crashed'), { recursive: true });
  }
  await rm(scene.dir, { recursive: true });
  await clock.advance(60_000);
  await using spool = await scene.open({ dir: join(scene.root, 'crashed') });
  await clock.advance(2_000);
  await spool.write('cam', partsOf(madeFragment({ startMs: at(103), nextStartMs: at(104) })));
  const expected: FootageSpan[] = [
    { startMs, endMs: at(1), at: 'cloud' },
    { startMs: at(1), endMs: at(5), at: 'disk' },
    { startMs: at(5), endMs: at(31), at: 'offline', reason: 'camera-unreachable' },
    { startMs: at(31), endMs: at(36), at: 'disk' },
    { startMs: at(36), endMs: at(40), at: 'lost', reason: 'camera-unreachable' },
    { startMs: at(40), endMs: at(103), at: 'agent-down' },
    { startMs: at(103), endMs: at(104), at: 'disk' },
  ];
  expect(spool.spans('cam', 0, at(1000))).toEqual(expected);
  expect(spool.spans('cam', at(50), at(60))).toEqual([{ startMs: at(50), endMs: at(60), at: 'agent-down' }]);
});

test('9. a range in the middle of a gap is explained by what lies around it', async () => {
  await using scene = await Scene.make();
  await using spool = await scene.open();
  const startMs = scene.clock.nowMs();
  await spool.write('cam', partsOf(madeFragment({ startMs })));
  spool.noteOffline('cam', startMs + 50_000, 'camera-denied');
  await scene.clock.advance(60_000);
  expect(spool.spans('cam', startMs + 10_000, startMs + 20_000)).toEqual([
    { startMs: startMs + 10_000, endMs: startMs + 20_000, at: 'offline', reason: 'camera-denied' },
  ]);
  expect(spool.spans('cam', 0, startMs + 1e9).at(-1)).toMatchObject({ at: 'offline', endMs: startMs + 60_000 });
  expect(spool.spans('other', 0, startMs + 1e9)).toEqual([]);
});

test('9. an agent whose clock starts in 1970 accounts for its down time once the clock is set', async () => {
  await using scene = await Scene.make();
  const startMs = scene.clock.nowMs();
  {
    await using spool = await scene.open();
    await spool.write('cam', partsOf(madeFragment({ startMs, nextStartMs: startMs + 1000 })));
    await scene.clock.advance(10_000);
  }
  scene.clock.setWall(5_000);
  await using spool = await scene.open();
  await scene.clock.advance(20_000);
  scene.clock.setWall(startMs + 100_000);
  await scene.clock.advance(10_000);
  await spool.write('cam', partsOf(madeFragment({ startMs: startMs + 110_000, nextStartMs: startMs + 111_000 })));
  expect(spool.spans('cam', 0, startMs + 1e6)).toEqual([
    { startMs, endMs: startMs + 1000, at: 'disk' },
    { startMs: startMs + 1000, endMs: startMs + 110_000, at: 'agent-down' },
    { startMs: startMs + 110_000, endMs: startMs + 111_000, at: 'disk' },
  ]);
});

test('9. what grows right now is part of the footage', async () => {
  await using scene = await Scene.make();
  await using spool = await scene.open();
  const startMs = scene.clock.nowMs();
  const seen: FootageSpan[][] = [];
  const parts = async function* () {
    for (const part of madeFragment({ startMs })) {
      if (part.type === 'end') seen.push(spool.spans('cam', 0, startMs + 1e9));
      yield part;
    }
  };
  await spool.write('cam', parts());
  expect(seen).toEqual([[{ startMs, endMs: startMs + 160, at: 'disk' }]]);
});
