// Invariant 7 of agent/spool/spool.ts: the files stay under the limits, fairly, and every loss is kept with its reason.
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { chooseEvictions } from '../../agent/spool/eviction.ts';
import type { FragmentRecord } from '../../agent/spool/fragment-record.ts';
import type { Spool } from '../../agent/spool/spool.ts';
import { madeFragments, partsOf } from './parts.ts';
import { Scene, seededRandom } from './scene.ts';

const hourMs = 3_600_000;
/** One second of made-up video: ten frames of 1000 bytes and what is around them. */
const size = { frames: 10, intervalMs: 100, frameBytes: 1000 };
const fragmentBytes = 10_297;

function record(cameraId: string, startMs: number, state: FragmentRecord['state'] = 'waiting'): FragmentRecord {
  return {
    ...{ id: startMs, cameraId, startMs, endMs: startMs + 1, bytes: 10, headerBytes: 1, frames: 1 },
    ...{ codecKey: '', trackNumbers: [1], state, sendBegun: false },
  };
}

function write(spool: Spool, cameraId: string, startMs: number, count: number): Promise<void> {
  return spool.write(cameraId, partsOf(madeFragments(startMs, count, size, 1000)));
}

function persistAll(spool: Spool, cameraId: string): void {
  for (let next = spool.nextWaiting(cameraId); next; next = spool.nextWaiting(cameraId))
    spool.markPersisted(next.id, '1');
}

test.each<[string, FragmentRecord[], number, [string, number][]]>([
  [
    'the camera that holds most, down to the others’ share',
    [record('a', 5), record('a', 6), record('a', 7), record('b', 1)],
    20,
    [
      ['a', 5],
      ['a', 6],
    ],
  ],
  [
    'the older one between cameras that hold the same',
    [record('a', 5), record('b', 1), record('a', 6), record('b', 2)],
    20,
    [
      ['b', 1],
      ['a', 5],
    ],
  ],
  [
    'what the service has, whichever camera holds most',
    [record('a', 5), record('a', 6), record('b', 9, 'persisted')],
    5,
    [['b', 9]],
  ],
])('7. eviction takes from %s', (_, candidates, excessBytes, expected) => {
  const chosen = chooseEvictions({ candidates, excessBytes });
  expect(chosen.map(({ cameraId, startMs }) => [cameraId, startMs])).toEqual(expected);
});

test('7. eviction frees enough, never more than one fragment too much, and leaves no camera below its share for another', () => {
  for (let seed = 1; seed <= 300; seed++) {
    const random = seededRandom(seed);
    const candidates = Array.from({ length: 1 + Math.floor(random() * 40) }, (_, index) => ({
      ...record('abc'[Math.floor(random() ** 2 * 3)] ?? 'a', index + 1),
      bytes: 1 + Math.floor(random() * 100),
    }));
    const totalBytes = candidates.reduce((sum, { bytes }) => sum + bytes, 0);
    const excessBytes = Math.floor(random() * totalBytes);
    const chosen = chooseEvictions({ candidates, excessBytes });
    const freedBytes = chosen.reduce((sum, { bytes }) => sum + bytes, 0);
    expect(freedBytes, `seed ${seed}`).toBeGreaterThanOrEqual(excessBytes);
    expect(freedBytes - (chosen.at(-1)?.bytes ?? 0), `seed ${seed}`).toBeLessThanOrEqual(excessBytes);
    const leftBytes = (camera: string) =>
      candidates
        .filter(one => one.cameraId === camera && !chosen.includes(one))
        .reduce((sum, { bytes }) => sum + bytes, 0);
    const most = Math.max(...['a', 'b', 'c'].map(leftBytes));
    for (const camera of new Set(chosen.map(({ cameraId }) => cameraId)))
      expect(leftBytes(camera) + 100, `seed ${seed}`).toBeGreaterThanOrEqual(most);
  }
});

test('7. a camera that fills the spool does not push another one’s footage out', async () => {
  await using scene = await Scene.make();
  await using spool = await scene.open({ maxBytes: 10 * fragmentBytes });
  await write(spool, 'quiet', 1_000, 3);
  await write(spool, 'busy', 100_000, 20);
  expect(spool.waiting('quiet').fragments).toBe(3);
  expect(spool.waiting('busy').fragments).toBe(7);
  expect(spool.lostMs('busy')).toBe(13_000);
});

test('7. what is too old is given up with that reason, sent or not', async () => {
  await using scene = await Scene.make();
  await using spool = await scene.open({ maxAgeHours: 1 });
  const startMs = scene.clock.nowMs();
  await write(spool, 'cam', startMs, 2);
  await scene.clock.advance(hourMs - 60_000);
  expect(spool.waiting('cam').fragments).toBe(2);
  await write(spool, 'cam', startMs + hourMs, 1);
  await scene.clock.advance(120_000);
  await expect.poll(() => scene.factsOf('fragment.evicted')).toHaveLength(2);
  expect(spool.spans('cam', 0, startMs + hourMs + 1000)).toEqual([
    { startMs, endMs: startMs + 2000, at: 'lost', reason: 'spool.maxAgeHours passed' },
    { startMs: startMs + 2000, endMs: startMs + hourMs, at: 'offline' },
    { startMs: startMs + hourMs, endMs: startMs + hourMs + 1000, at: 'disk' },
  ]);
  expect(await readdir(join(scene.dir, 'cam'))).toHaveLength(1);
});

test('7. the disk keeps the room that is left to others', async () => {
  await using scene = await Scene.make();
  let othersBytes = 0;
  let held = () => 0;
  const freeBytes = async () => 20 * fragmentBytes - othersBytes - held();
  await using spool = await scene.open({ freeBytes, minFreeBytes: 10 * fragmentBytes });
  held = () => spool.waiting('cam').bytes;
  await write(spool, 'cam', 1_000, 9);
  expect(spool.waiting('cam').fragments).toBe(9);
  othersBytes = 4 * fragmentBytes;
  await write(spool, 'cam', 10_000, 1);
  expect(spool.waiting('cam').fragments).toBe(6);
  expect(spool.spans('cam', 0, 5_000)).toEqual([
    { startMs: 1_000, endMs: 5_000, at: 'lost', reason: 'spool.minFreeBytes reached' },
  ]);
});

test('7. deny-new keeps what waits, loses what comes with its reason, and records again when there is room', async () => {
  await using scene = await Scene.make();
  await using spool = await scene.open({ maxBytes: 5 * fragmentBytes + 100, whenFull: 'deny-new' });
  await write(spool, 'cam', 1_000, 8);
  expect(spool.spans('cam', 0, 9_000)).toEqual([
    { startMs: 1_000, endMs: 6_000, at: 'disk' },
    { startMs: 6_000, endMs: 9_000, at: 'lost', reason: 'spool-full' },
  ]);
  expect(await readdir(join(scene.dir, 'cam'))).toHaveLength(5);
  const [failure] = scene.factsOf('spool.failed');
  expect(failure?.error).toMatchObject({ code: 'spool-full', message: expect.stringContaining('deny-new') });
  const oldest = spool.nextWaiting('cam');
  spool.markPersisted(oldest?.id ?? 0, '1');
  await write(spool, 'cam', 9_000, 2);
  expect(spool.waiting('cam')).toMatchObject({ fragments: 5, oldestMs: 2_000 });
  expect(spool.lostMs('cam')).toBe(4_000);
});

test('7. confirmed footage stays for localRetentionHours, and goes earlier only when its room is needed', async () => {
  await using scene = await Scene.make();
  const localRetentionHours = (cameraId: string) => (cameraId === 'kept' ? 2 : 0);
  await using spool = await scene.open({ maxBytes: 10 * fragmentBytes, localRetentionHours });
  const startMs = scene.clock.nowMs();
  for (const camera of ['kept', 'cam']) {
    await write(spool, camera, startMs, 3);
    persistAll(spool, camera);
  }
  const files = async (camera: string) => (await readdir(join(scene.dir, camera))).length;
  const counts = async () => [await files('kept'), await files('cam')];
  await scene.clock.advance(2 * hourMs - 60_000);
  expect(await counts()).toEqual([3, 3]);
  await scene.clock.advance(120_000);
  await expect.poll(counts).toEqual([0, 3]);
  expect(spool.spans('kept', 0, startMs + 3000)).toEqual([{ startMs, endMs: startMs + 3000, at: 'cloud' }]);
  await write(spool, 'cam', startMs + 3 * hourMs, 9);
  expect(spool.waiting('cam').fragments).toBe(9);
  expect(await files('cam')).toBe(10);
});

test('bytes written are counted by the day, and remembered', async () => {
  await using scene = await Scene.make();
  const firstDayMs = scene.clock.nowMs();
  {
    await using spool = await scene.open();
    await write(spool, 'cam', firstDayMs, 4);
    expect(spool.bytesWritten(firstDayMs)).toBe(4 * fragmentBytes);
    await scene.clock.advance(24 * hourMs);
    await write(spool, 'cam', scene.clock.nowMs(), 1);
  }
  await using spool = await scene.open();
  expect(spool.bytesWritten(firstDayMs)).toBe(4 * fragmentBytes);
  expect(spool.bytesWritten(scene.clock.nowMs())).toBe(fragmentBytes);
});
