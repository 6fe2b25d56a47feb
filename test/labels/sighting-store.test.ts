import { mkdirSync, mkdtempSync, readdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, onTestFinished, test } from 'vitest';
import { type Fact, Facts } from '../../agent/facts.ts';
import { SightingLog } from '../../agent/labels/sighting-log.ts';
import type { SeenNow } from '../../agent/labels/sighting-of.ts';
import { type SightingChange, SightingStore, type SightingStoreOptions } from '../../agent/labels/sighting-store.ts';
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

const isNew = (sighting: Sighting): SightingChange => ({ sighting, isNew: true, better: false });

/** Stills one second apart, each with one sighting named by its number. */
async function addSeconds(store: SightingStore, count: number): Promise<void> {
  for (let second = 0; second < count; second++) {
    const frame = still({ atMs: frameMs + second * 1000 });
    await store.keep(frame, [isNew(sighting(String(second), frame))]);
  }
}

test('sightings come back as they were, by camera and time oldest first, and in pages newest first', async () => {
  const { store, published } = openStore();
  await addSeconds(store, 5);
  const yard = still({ cameraId: 'yard', atMs: frameMs + 2000 });
  const whole: Sighting = { id: 'whole', cameraId: 'yard', atMs: yard.atMs, label: 'Rain', confidence: 70 };
  await store.keep(yard, [isNew(whole)]);
  const range = { cameraId: 'front-door', fromMs: frameMs + 1000, toMs: frameMs + 4000, limit: 100 };
  expect(store.between(range).map(({ id }) => id)).toEqual(['1', '2', '3']);
  expect(store.between({ ...range, cameraId: 'yard' })).toEqual([whole]);
  expect(store.newest({ limit: 3 }).map(({ id }) => id)).toEqual(['4', '3', 'whole']);
  expect(store.newest({ limit: 3, beforeMs: frameMs + 2000 }).map(({ id }) => id)).toEqual(['1', '0']);
  expect(store.byIds(['whole', '2', 'unknown']).map(({ id }) => id)).toEqual(['2', 'whole']);
  expect(store.byIds([])).toEqual([]);
  expect(store.newest({ limit: 1 })).toEqual([sighting('4', still({ atMs: frameMs + 4000 }))]);
  expect(published.map(fact => fact.type === 'sighting.seen' && fact.sighting.id)).toEqual([...'01234', 'whole']);
});

test('the frame of a sighting is there when the sighting is announced, once for all sightings on it', async () => {
  const { store, dataDir } = openStore();
  const frame = still({ jpeg: Buffer.from('a picture') });
  await store.keep(frame, [isNew(sighting('a', frame)), isNew(sighting('b', frame))]);
  expect(await store.still('a')).toEqual(frame.jpeg);
  expect(await store.still('b')).toEqual(frame.jpeg);
  expect(await store.still('unknown')).toBeUndefined();
  expect(readdirSync(join(dataDir, 'stills', 'front-door'))).toEqual([`${frameMs}.jpg`]);
});

test('a still on which nothing was seen is not kept', async () => {
  const { store, dataDir } = openStore();
  await store.keep(still(), []);
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
  await store.keep(today, [isNew(sighting('today', today))]);
  expect(store.newest({ limit: 100 }).map(({ id }) => id)).toEqual(['today']);
  expect(readdirSync(join(dataDir, 'stills', 'front-door'))).toEqual([`${today.atMs}.jpg`]);
});

const parked = (untilSecond: number, confidence: number): Sighting => ({
  ...sighting('parked', still(), { label: 'Car', confidence }),
  untilMs: frameMs + untilSecond * 1000,
  path: [{ atMs: frameMs, untilMs: frameMs + untilSecond * 1000, confidence }],
});

test('what goes on is one row with its last moment, its path, and the picture it was seen best on', async () => {
  const { store, published, dataDir } = openStore();
  const pictures = [0, 1, 2].map(second =>
    still({ atMs: frameMs + second * 1000, jpeg: Buffer.from(`picture ${second}`) }),
  );
  const [first = still(), second = still(), third = still()] = pictures;
  await store.keep(first, [isNew(sighting('parked', first, { label: 'Car', confidence: 70 }))]);
  await store.keep(second, [{ sighting: parked(1, 90), isNew: false, better: true }, isNew(sighting('cat', second))]);
  await store.keep(third, [{ sighting: parked(2, 90), isNew: false, better: false }]);
  const { path, ...listed } = parked(2, 90);
  expect(store.newest({ limit: 10 }).map(({ id }) => id)).toEqual(['cat', 'parked']);
  expect(store.newest({ limit: 10 })[1]).toEqual(listed);
  const range = { cameraId: 'front-door', fromMs: frameMs, toMs: frameMs + 9000, limit: 10 };
  expect(store.between({ ...range, paths: true })[0]).toEqual({ ...listed, path });
  expect(await store.still('parked')).toEqual(second.jpeg);
  expect(readdirSync(join(dataDir, 'stills', 'front-door'))).toEqual([`${second.atMs}.jpg`]);
  expect(
    published.map(fact => (fact.type.startsWith('sighting') ? [fact.type, 'sighting' in fact && fact.sighting] : [])),
  ).toEqual([
    ['sighting.seen', expect.objectContaining({ id: 'parked', confidence: 70 })],
    ['sighting.updated', parked(1, 90)],
    ['sighting.seen', expect.objectContaining({ id: 'cat' })],
    ['sighting.updated', parked(2, 90)],
  ]);
});

test('a picture that is another sighting’s too stays when one of them gets a better one', async () => {
  const { store } = openStore();
  const first = still({ jpeg: Buffer.from('both') });
  await store.keep(first, [isNew(sighting('a', first)), isNew(sighting('b', first))]);
  const second = still({ atMs: frameMs + 1000, jpeg: Buffer.from('better') });
  await store.keep(second, [{ sighting: sighting('a', first, { confidence: 99 }), isNew: false, better: true }]);
  expect([await store.still('a'), await store.still('b')]).toEqual([second.jpeg, first.jpeg]);
});

test('a range shows what was there in it, also what came before and what stayed after', async () => {
  const { store } = openStore();
  const spans: [string, number, number][] = [
    ['before', 0, 9],
    ['into', 1, 10],
    ['through', 2, 30],
    ['within', 12, 14],
    ['out of', 19, 40],
    ['after', 20, 21],
  ];
  for (const [id, from, to] of spans) {
    const frame = still({ atMs: frameMs + from * 1000 });
    await store.keep(frame, [isNew(sighting(id, frame, { untilMs: frameMs + to * 1000 }))]);
  }
  const range = { cameraId: 'front-door', fromMs: frameMs + 10_000, toMs: frameMs + 20_000 };
  expect(store.between({ ...range, limit: 9 }).map(({ id }) => id)).toEqual(['into', 'through', 'within', 'out of']);
  expect(store.between({ ...range, limit: 2 }).map(({ id }) => id)).toEqual(['into', 'through']);
});

test('something that came long ago and is still there is kept, though its days are over', async () => {
  const clock = new SimulatedClock(frameMs);
  const { store } = openStore({ clock, keepDays: 7 });
  await store.keep(still(), [isNew(sighting('parked', still())), isNew(sighting('left', still()))]);
  const later = still({ atMs: frameMs + 8 * 86_400_000 });
  clock.setWall(later.atMs);
  await store.keep(later, [
    { sighting: sighting('parked', still(), { untilMs: later.atMs }), isNew: false, better: true },
  ]);
  for (let more = 0; more < 50; more++) await store.keep(later, [isNew(sighting(`new ${more}`, later))]);
  const ids = store.newest({ limit: 100 }).map(({ id }) => id);
  expect([ids.includes('parked'), ids.includes('left')]).toEqual([true, false]);
});

test('a database of an older agent is brought up to date, with everything in it, and opens again', async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'sightings-'));
  const old = new DatabaseSync(join(dataDir, 'sightings.sqlite'));
  old.exec(`
    CREATE TABLE still (camera_id TEXT NOT NULL, at_ms INTEGER NOT NULL, bytes INTEGER NOT NULL,
      PRIMARY KEY (camera_id, at_ms)) STRICT, WITHOUT ROWID;
    CREATE INDEX still_at ON still (at_ms);
    CREATE TABLE sighting (seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, camera_id TEXT NOT NULL,
      at_ms INTEGER NOT NULL, label TEXT NOT NULL, confidence REAL NOT NULL, box TEXT) STRICT;
    CREATE INDEX sighting_camera ON sighting (camera_id, at_ms);
    CREATE INDEX sighting_at ON sighting (at_ms);
    INSERT INTO still VALUES ('front-door', ${frameMs}, 3);
    INSERT INTO sighting VALUES (7, 'old', 'front-door', ${frameMs}, 'Person', 91.5, '{"left":0.1,"top":0.2,"width":0.3,"height":0.4}');
  `);
  old.close();
  mkdirSync(join(dataDir, 'stills', 'front-door'), { recursive: true });
  writeFileSync(join(dataDir, 'stills', 'front-door', `${frameMs}.jpg`), 'old');
  for (const again of [1, 2]) {
    const { store } = openStore({ dataDir });
    const range = { cameraId: 'front-door', fromMs: frameMs, toMs: frameMs + 1, limit: 9 };
    expect(store.between(range)[0]).toEqual(sighting('old', still()));
    expect(await store.still('old')).toEqual(Buffer.from('old'));
    const next = still({ atMs: frameMs + again * 1000 });
    await store.keep(next, [isNew(sighting(`new ${again}`, next))]);
    expect(store.newest({ limit: 9 })).toHaveLength(1 + again);
    store[Symbol.dispose]();
  }
});

test('a log keeps what comes, moves, is seen better and leaves, and only now and then that it is still there', async () => {
  const kept: [string, boolean, number | undefined][] = [];
  let broken = true;
  const facts = new Facts(error => {
    throw error;
  });
  const told: number[] = [];
  facts.subscribe(fact => {
    if (fact.type === 'sighting.updated') told.push(((fact.sighting.untilMs ?? 0) - frameMs) / 1000);
  });
  const store: Pick<SightingStore, 'keep'> = {
    async keep(_still, changes) {
      if (broken) throw new Error('no disk');
      for (const { sighting, isNew } of changes) kept.push([sighting.id, isNew, sighting.untilMs]);
    },
  };
  const log = new SightingLog(store, facts);
  const seconds = (second: number) => frameMs + second * 1000;
  const there = (second: number, change: Partial<SeenNow> = {}): SeenNow => ({
    ...{ sighting: { ...sighting('a', still()), untilMs: seconds(second) } },
    ...{
      observation: { atMs: seconds(second), confidence: 80 },
      isNew: false,
      moved: false,
      better: false,
      found: true,
    },
    ...change,
  });
  const look = (second: number, seen: SeenNow[], ended: Sighting[] = []) =>
    log.keep({ still: still({ atMs: seconds(second) }), seen, ended });
  await expect(look(0, [there(0, { isNew: true })])).rejects.toThrow('no disk');
  broken = false;
  await look(1, [there(1)]);
  for (const second of [2, 3, 4, 5, 6, 7]) await look(second, [there(second)]);
  await look(8, [there(8, { moved: true })]);
  for (let second = 9; second <= 3600; second++) await look(second, [there(second)]);
  const counts = kept.length;
  // Who watches is told of what is found every two seconds, whatever is written.
  expect(told.length).toBeGreaterThan(1700);
  expect(told.slice(0, 3)).toEqual([3, 5, 10]);
  expect(kept.slice(0, 3)).toEqual([
    ['a', true, seconds(1)],
    ['a', false, seconds(6)],
    ['a', false, seconds(8)],
  ]);
  expect(counts).toBeLessThan(140);
  await look(3601, [], [there(3600).sighting]);
  expect(kept.slice(counts)).toEqual([['a', false, seconds(3600)]]);
  await look(3602, [there(3602, { isNew: true })]);
  await look(3603, [there(3603)]);
  await log.flush();
  expect(kept.slice(counts + 1)).toEqual([
    ['a', true, seconds(3602)],
    ['a', false, seconds(3603)],
  ]);
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
  await expect(store.keep(still(), [isNew(sighting('a', still()))])).rejects.toMatchObject({ code: 'disk-failed' });
  expect(published).toEqual([]);
});
