// What becomes of a store whose files are damaged, taken away by hand, or cannot be deleted.
import { mkdir, readdir, readFile, rename, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { sqliteCodes } from '../../agent/local-cloud/store/disk-error.ts';
import { FragmentIndex } from '../../agent/local-cloud/store/fragment-index.ts';
import type { StoredFragment } from '../../agent/local-cloud/store/media-store.ts';
import type { Store } from '../../agent/local-cloud/store/store.ts';
import { folderName, StreamRecords } from '../../agent/local-cloud/store/stream-records.ts';
import { DamageScene, hourMs, streamNamed } from './damage-scene.ts';
import { startMs } from './ingest-producer.ts';
import { addFragment, makeStream } from './stage-store.ts';

let scene: DamageScene;

beforeEach(async () => {
  scene = await DamageScene.make();
});

afterEach(() => scene[Symbol.asyncDispose]());

async function read(store: Store, fragment: StoredFragment | undefined): Promise<Uint8Array> {
  if (!fragment) throw new TypeError('no fragment');
  return store.readFragment(fragment);
}

const inLetters = (text: string) => text.replace(/\d{3}$/, 'abc');

test.each([
  { what: 'a server time in letters', from: /SERVER_TIMESTAMPD..[0-9.]+/s, to: inLetters },
  { what: 'a producer time in letters', from: /PRODUCER_TIMESTAMPD..[0-9.]+/s, to: inLetters },
])('a file with $what is set aside when the index is made again, and the server starts', async ({ from, to }) => {
  let store = await scene.openWithStream();
  const [kept, damaged] = [await addFragment(store, { stream: 'cam' }), await addFragment(store, { stream: 'cam' })];
  await store.close();
  const text = await readFile(scene.fileOf(damaged), 'latin1');
  const altered = text.replace(from, to);
  expect(altered).not.toBe(text);
  await writeFile(scene.fileOf(damaged), altered, 'latin1');
  await rm(join(scene.dataDir, 'index.sqlite'));
  store = await scene.openStore();
  expect(store.newest('cam', 10)).toEqual([kept]);
  expect((await readdir(scene.folder())).toSorted()).toEqual(
    [`${kept.number}.mkv`, `${damaged.number}.damaged`, 'stream.json'].toSorted(),
  );
  await store.close();
});

test('a stream whose record cannot be read is not taken for one that is not there', async () => {
  let store = await scene.openWithStream();
  const added = await addFragment(store, { stream: 'cam' });
  await store.close();
  const record = join(scene.folder(), 'stream.json');
  const text = await readFile(record);
  await rm(record);
  // In its place something that is there, and that nobody can read.
  await mkdir(record);
  await expect(scene.openStore()).rejects.toThrow(/EISDIR/);
  await rm(record, { recursive: true });
  await writeFile(record, text);
  store = await scene.openStore();
  expect(store.newest('cam', 10)).toEqual([added]);
  await store.close();
});

test('a stream whose folder somebody took away can be deleted, and made anew', async () => {
  const store = await scene.openWithStream();
  await addFragment(store, { stream: 'cam' });
  await rm(scene.folder(), { recursive: true });
  await store.removeStream('cam');
  expect(store.findStream('cam')).toBeUndefined();
  await makeStream(store, 'cam', { retentionHours: 2, createdMs: startMs + 1 });
  const added = await addFragment(store, { stream: 'cam' });
  expect(store.newest('cam', 10)).toEqual([added]);
  expect((await store.storage()).bytes).toBe(added.bytes);
  await store.close();
});

test('a stream that is deleted on a full disk is gone with its media, although the index has no room to forget it before', async () => {
  const store = await scene.openWithStream();
  await makeStream(store, 'other', { retentionHours: 2, createdMs: startMs });
  await addFragment(store, { stream: 'cam' });
  const kept = await addFragment(store, { stream: 'other' });
  const told = vi.fn();
  store.watch('cam', told);
  const full = Object.assign(new Error('database or disk is full'), { errcode: sqliteCodes.full });
  using forgetting = vi.spyOn(FragmentIndex.prototype, 'removeStream').mockImplementationOnce(() => {
    throw full;
  });
  await store.removeStream('cam');
  expect(forgetting).toHaveBeenCalledTimes(2);
  expect(store.findStream('cam')).toBeUndefined();
  expect(told).toHaveBeenCalled();
  expect(await readdir(join(scene.dataDir, 'streams'))).toEqual([folderName('other')]);
  expect((await store.storage()).bytes).toBe(kept.bytes);
  expect(store.newest('cam', 1)).toEqual([]);
  expect(scene.problems).toEqual([]);
  await store.close();
});

test('a fragment whose file somebody deleted is answered as one that is gone, listed no more, and it is said once', async () => {
  const store = await scene.openWithStream();
  const added = [];
  for (let count = 0; count < 5; count++) added.push(await addFragment(store, { stream: 'cam' }));
  for (const fragment of added.slice(1, 4)) await rm(scene.fileOf(fragment));
  const [first, second, third, , last] = added;
  await expect(read(store, second)).rejects.toMatchObject({ type: 'ResourceNotFoundException' });
  await expect(read(store, third)).rejects.toMatchObject({ type: 'ResourceNotFoundException' });
  expect(store.newest('cam', 10)).toEqual([first, last]);
  expect((await store.storage()).bytes).toBe((first?.bytes ?? 0) + (last?.bytes ?? 0));
  expect(scene.notices).toEqual([
    expect.stringMatching(/^3 fragments of the stream cam are not listed any more: somebody else deleted/),
  ]);
  expect(scene.problems).toEqual([]);
  await store.close();
});

test('a fragment whose file was cut short is not sent, set aside and said', async () => {
  const store = await scene.openWithStream();
  const [cut, whole] = [await addFragment(store, { stream: 'cam' }), await addFragment(store, { stream: 'cam' })];
  await truncate(scene.fileOf(cut), 100);
  await expect(read(store, cut)).rejects.toMatchObject({ type: 'ResourceNotFoundException' });
  expect(store.newest('cam', 10)).toEqual([whole]);
  expect(await readdir(scene.folder())).toContain(`${cut.number}.damaged`);
  expect(scene.notices).toEqual([expect.stringContaining('was cut short by somebody else')]);
  await store.close();
});

test('what leaves with its stream is not said to be missing', async () => {
  const store = await scene.openWithStream();
  const added = [];
  for (let count = 0; count < 30; count++) added.push(await addFragment(store, { stream: 'cam' }));
  let isOver = false;
  const removing = store.removeStream('cam').then(() => {
    isOver = true;
  });
  while (!isOver) await Promise.allSettled(added.map(fragment => store.readFragment(fragment)));
  await removing;
  expect([scene.notices, scene.problems]).toEqual([[], []]);
  await store.close();
});

test('what leaves because its time has come is not said to be missing', async () => {
  const store = await scene.openWithStream();
  const added = [];
  for (let count = 0; count < 30; count++) added.push(await addFragment(store, { stream: 'cam' }));
  scene.clock.advance(3 * hourMs);
  let isOver = false;
  const removing = store.enforceRetention().then(() => {
    isOver = true;
  });
  while (!isOver) await Promise.allSettled(added.map(fragment => store.readFragment(fragment)));
  await removing;
  expect(store.newest('cam', 1)).toEqual([]);
  expect([scene.notices, scene.problems]).toEqual([[], []]);
  await store.close();
});

test('a stream whose folder somebody took away takes fragments again, and keeps its settings over a restart', async () => {
  let store = await scene.openWithStream();
  await addFragment(store, { stream: 'cam' });
  await rm(scene.folder(), { recursive: true });
  const added = await addFragment(store, { stream: 'cam' });
  expect(store.newest('cam', 10)).toEqual([added]);
  expect(scene.notices).toEqual([
    expect.stringMatching(/^The folder of the stream cam is made again/),
    expect.stringMatching(/^1 fragment of the stream cam is not listed any more/),
  ]);
  const stream = store.findStream('cam');
  await store.close();
  store = await scene.openStore();
  expect([store.findStream('cam'), store.newest('cam', 10)]).toEqual([stream, [added]]);
  await store.close();
});

test('a folder that is made again without its record, as on a full disk, takes no fragment', async () => {
  let store = await scene.openWithStream();
  await rm(scene.folder(), { recursive: true });
  const full = Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });
  using _saving = vi.spyOn(StreamRecords.prototype, 'save').mockRejectedValueOnce(full);
  await expect(addFragment(store, { stream: 'cam' })).rejects.toThrow(full);
  const added = await addFragment(store, { stream: 'cam' });
  await store.close();
  store = await scene.openStore();
  expect(store.newest('cam', 10)).toEqual([added]);
  await store.close();
});

test('when the disk was taken away, nothing is forgotten and no folder is made in its place', async () => {
  const store = await scene.openWithStream();
  const added = await addFragment(store, { stream: 'cam' });
  const streams = join(scene.dataDir, 'streams');
  await rename(streams, `${streams}.elsewhere`);
  await expect(addFragment(store, { stream: 'cam' })).rejects.toThrow(/ENOENT/);
  await expect(read(store, added)).rejects.toMatchObject({ code: 'disk-failed' });
  const stream = store.findStream('cam') ?? streamNamed('cam');
  for (const changed of [{ ...stream, deviceName: 'porch' }, streamNamed('other')])
    await expect(store.saveStream(changed)).rejects.toMatchObject({ code: 'disk-failed' });
  expect(await readdir(scene.dataDir)).not.toContain('streams');
  await rename(`${streams}.elsewhere`, streams);
  expect(await store.readFragment(added)).toHaveLength(added.bytes);
  const next = await addFragment(store, { stream: 'cam' });
  expect(store.newest('cam', 10)).toEqual([added, next]);
  await store.close();
});

test('a file that cannot be deleted keeps what is too old of its own stream only, and is said', async () => {
  const store = await scene.openWithStream();
  await makeStream(store, 'other', { retentionHours: 2, createdMs: startMs });
  const stuck = await addFragment(store, { stream: 'cam' });
  await addFragment(store, { stream: 'other' });
  // A folder in the file's place, which nothing here removes.
  await rm(scene.fileOf(stuck));
  await mkdir(scene.fileOf(stuck));
  scene.clock.advance(3 * hourMs - 1);
  await expect(store.enforceRetention()).rejects.toThrow();
  expect([store.newest('cam', 10), store.newest('other', 10)]).toEqual([[stuck], []]);
  const said = () => {
    // By itself it looks once a minute.
    scene.clock.advance(60_000);
    return scene.problems[0]?.message ?? '';
  };
  await expect.poll(said).toMatch(/^The embedded server cannot delete old fragments/);
  await store.close();
});

test('a file that cannot be deleted does not keep the server from starting, is said, and goes once it can', async () => {
  let store = await scene.openWithStream();
  await makeStream(store, 'other', { retentionHours: 200, createdMs: startMs });
  const [stuck, young] = [await addFragment(store, { stream: 'cam' }), await addFragment(store, { stream: 'other' })];
  await store.close();
  await rm(scene.fileOf(stuck));
  await mkdir(scene.fileOf(stuck));
  scene.clock.advance(3 * hourMs);
  store = await scene.openStore();
  expect(scene.problems.map(({ message }) => message)).toEqual([
    expect.stringMatching(/^The embedded server cannot delete old fragments/),
  ]);
  expect([store.newest('cam', 10), store.newest('other', 10)]).toEqual([[stuck], [young]]);
  await rm(scene.fileOf(stuck), { recursive: true });
  const left = () => {
    scene.clock.advance(60_000);
    return store.newest('cam', 10);
  };
  await expect.poll(left).toEqual([]);
  await store.close();
});
