import { mkdtempSync, readdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { type Fact, Facts } from '../../agent/facts.ts';
import { SightingStore, type SightingStoreOptions } from '../../agent/labels/sighting-store.ts';
import type { Still } from '../../agent/sampler/still.ts';
import type { Sighting } from '../../shared/sighting.ts';
import { SimulatedClock } from '../simulated-clock.ts';
import { frameMs, still } from './still.ts';

function sighting(id: string, { cameraId, atMs }: Still, change: Partial<Sighting> = {}): Sighting {
  const box = { left: 0.1, top: 0.2, width: 0.3, height: 0.4 };
  return { id, cameraId, atMs, label: 'Person', confidence: 91.5, box, ...change };
}

function openStore(change: Partial<SightingStoreOptions> = {}) {
  const published: Fact[] = [];
  const facts = new Facts(error => {
    throw error;
  });
  facts.subscribe(fact => published.push(fact));
  const dataDir = change.dataDir ?? mkdtempSync(join(tmpdir(), 'sightings-'));
  const store = new SightingStore({ dataDir, clock: new SimulatedClock(frameMs), facts, ...change });
  onTestFinished(() => {
    store[Symbol.dispose]();
    rmSync(dataDir, { recursive: true, force: true });
  });
  return { store, published, dataDir };
}

/** Stills one second apart, each with one sighting named by its number. */
async function addSeconds(store: SightingStore, count: number): Promise<void> {
  for (let second = 0; second < count; second++) {
    const frame = still({ atMs: frameMs + second * 1000 });
    await store.add(frame, [sighting(String(second), frame)]);
  }
}

test('sightings come back as they were, by camera and time oldest first, and in pages newest first', async () => {
  const { store, published } = openStore();
  await addSeconds(store, 5);
  const yard = still({ cameraId: 'yard', atMs: frameMs + 2000 });
  const whole: Sighting = { id: 'whole', cameraId: 'yard', atMs: yard.atMs, label: 'Rain', confidence: 70 };
  await store.add(yard, [whole]);
  const range = { cameraId: 'front-door', fromMs: frameMs + 1000, toMs: frameMs + 4000, limit: 100 };
  expect(store.between(range).map(({ id }) => id)).toEqual(['1', '2', '3']);
  expect(store.between({ ...range, cameraId: 'yard' })).toEqual([whole]);
  expect(store.newest({ limit: 3 }).map(({ id }) => id)).toEqual(['4', '3', 'whole']);
  expect(store.newest({ limit: 3, beforeMs: frameMs + 2000 }).map(({ id }) => id)).toEqual(['1', '0']);
  expect(store.newest({ limit: 1 })).toEqual([sighting('4', still({ atMs: frameMs + 4000 }))]);
  expect(published.map(fact => fact.type === 'sighting.seen' && fact.sighting.id)).toEqual([...'01234', 'whole']);
});

test('the frame of a sighting is there when the sighting is announced, once for all sightings on it', async () => {
  const { store, dataDir } = openStore();
  const frame = still({ jpeg: Buffer.from('a picture') });
  await store.add(frame, [sighting('a', frame), sighting('b', frame)]);
  expect(await store.still('a')).toEqual(frame.jpeg);
  expect(await store.still('b')).toEqual(frame.jpeg);
  expect(await store.still('unknown')).toBeUndefined();
  expect(readdirSync(join(dataDir, 'stills', 'front-door'))).toEqual([`${frameMs}.jpg`]);
});

test('a still on which nothing was seen is not kept', async () => {
  const { store, dataDir } = openStore();
  await store.add(still(), []);
  expect(readdirSync(dataDir)).not.toContain('stills');
});

test('sightings are still there after a restart; a picture cut short by a crash is not served', async () => {
  const first = openStore();
  await addSeconds(first.store, 2);
  truncateSync(join(first.dataDir, 'stills', 'front-door', `${frameMs}.jpg`), 3);
  first.store[Symbol.dispose]();
  const { store } = openStore({ dataDir: first.dataDir });
  expect(store.newest({ limit: 10 })).toHaveLength(2);
  expect(await store.still('0')).toBeUndefined();
  expect(await store.still('1')).toEqual(still().jpeg);
});

const pictureBytes = still().jpeg.length;

test.each([
  { name: 'number', bounds: { maxStills: 10 } },
  { name: 'bytes', bounds: { maxStillBytes: 10 * pictureBytes } },
])('the oldest stills make room when their $name is too large, and their sightings stay', async ({ bounds }) => {
  const { store, dataDir } = openStore(bounds);
  await addSeconds(store, 51);
  const files = readdirSync(join(dataDir, 'stills', 'front-door')).sort();
  expect(files).toEqual(Array.from({ length: 10 }, (_, index) => `${frameMs + (41 + index) * 1000}.jpg`));
  expect(store.newest({ limit: 100 })).toHaveLength(51);
  expect(await store.still('0')).toBeUndefined();
  expect(await store.still('50')).toEqual(still().jpeg);
});

test('the oldest sightings make room when there are too many', async () => {
  const { store } = openStore({ maxSightings: 3 });
  await addSeconds(store, 51);
  expect(store.newest({ limit: 100 }).map(({ id }) => id)).toEqual(['50', '49', '48']);
});

test('sightings and stills are given up after the days they are kept for', async () => {
  const clock = new SimulatedClock(frameMs);
  const { store, dataDir } = openStore({ clock, keepDays: 7 });
  await addSeconds(store, 50);
  clock.setWall(frameMs + 7 * 86_400_000 + 49_500);
  const today = still({ atMs: clock.nowMs() });
  await store.add(today, [sighting('today', today)]);
  expect(store.newest({ limit: 100 }).map(({ id }) => id)).toEqual(['today']);
  expect(readdirSync(join(dataDir, 'stills', 'front-door'))).toEqual([`${today.atMs}.jpg`]);
});

test('a damaged database is a clear error', () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'sightings-'));
  writeFileSync(join(dataDir, 'sightings.sqlite'), 'not a database '.repeat(500));
  expect(() => openStore({ dataDir })).toThrow(expect.objectContaining({ code: 'disk-failed', kind: 'data-loss' }));
  rmSync(dataDir, { recursive: true });
});

test('a picture that cannot be written is a disk error, and nothing is announced', async () => {
  const { store, published, dataDir } = openStore();
  writeFileSync(join(dataDir, 'stills'), 'in the way');
  await expect(store.add(still(), [sighting('a', still())])).rejects.toMatchObject({ code: 'disk-failed' });
  expect(published).toEqual([]);
});
