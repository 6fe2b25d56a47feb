// What becomes of a store whose index is damaged or deleted, while the server runs or before it starts: it is made again
// from the fragments' files.
import { writeFileSync } from 'node:fs';
import { open, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { FragmentIndex } from '../../agent/local-cloud/store/fragment-index.ts';
import { fragmentNumber } from '../../agent/local-cloud/store/fragment-number.ts';
import { reconcile } from '../../agent/local-cloud/store/reconcile.ts';
import type { Store } from '../../agent/local-cloud/store/store.ts';
import { StreamRecords } from '../../agent/local-cloud/store/stream-records.ts';
import { writeHeader } from '../../agent/matroska/write.ts';
import { DamageScene, hourMs, streamNamed } from './damage-scene.ts';
import { cluster, startMs, videoTrack } from './ingest-producer.ts';
import { addFragment, makeStream } from './stage-store.ts';

let scene: DamageScene;

beforeEach(async () => {
  scene = await DamageScene.make();
});

afterEach(() => scene[Symbol.asyncDispose]());

describe('an index that is damaged while the server runs', () => {
  // A name longer than any real one makes long rows: more of the index than SQLite keeps in memory.
  const long = 'cam'.padEnd(3000, '-');
  const fragments = 400;

  /** So many files that are one, and an index that knows them. */
  async function openLarge(): Promise<{ store: Store; numbers: string[] }> {
    let store = await scene.openStore();
    await makeStream(store, long, { retentionHours: 2, createdMs: startMs });
    const real = await addFragment(store, { stream: long });
    await store.close();
    const index = new FragmentIndex(join(scene.dataDir, 'index.sqlite'));
    const numbers = [real.number];
    const file = await readFile(scene.fileOf(real, long), 'latin1');
    for (let sequence = 2; sequence <= fragments; sequence++) {
      const number = fragmentNumber({ sequence, serverMs: startMs, random: 0.5 });
      writeFileSync(scene.fileOf({ number }, long), file.replace(real.number, number), 'latin1');
      numbers.push(index.add({ ...real, number }).number);
    }
    index.close();
    store = await scene.openStore();
    return { store, numbers };
  }

  async function overwrite(): Promise<void> {
    const path = join(scene.dataDir, 'index.sqlite');
    const { size } = await stat(path);
    const handle = await open(path, 'r+');
    await handle.write(Buffer.alloc(size, 'rubbish '), 0, size, 0);
    await handle.close();
  }

  /** Reads more of the index than is in memory. */
  const askAll = (store: Store) => {
    const range = { stream: long, fromMs: -Infinity, toMs: Infinity, limit: fragments * 2 };
    store.fragments({ ...range, by: 'producer' });
    return store.fragments({ ...range, by: 'server' });
  };

  const refused = expect.objectContaining({ type: 'ServiceUnavailable', status: 503 });

  test('is made again from the files: who asks is refused for the time being, what arrives waits, nothing is lost', async () => {
    const { store, numbers } = await openLarge();
    const arriving = await store.receive({
      stream: long,
      producerMs: startMs,
      header: writeHeader([videoTrack]),
      tags: [],
    });
    await arriving.writer.append([cluster(startMs, 3).subarray(5)]);
    await overwrite();
    expect(() => askAll(store)).toThrow(refused);
    expect(() => store.newest(long, 1)).toThrow(refused);
    await expect(store.saveStream({ ...streamNamed('other') })).rejects.toThrow(refused);
    const content = {
      streamName: long,
      producerMs: startMs,
      lengthMs: 200,
      frames: 3,
      timelineMs: 0,
      tracks: [videoTrack],
    };
    const persisted = await store.persist(arriving, content);
    const next = await addFragment(store, { stream: long });
    const all = askAll(store);
    expect(all.map(({ number }) => number)).toEqual([...numbers, persisted.number, next.number]);
    expect((await store.storage()).bytes).toBe(all.reduce((sum, { bytes }) => sum + bytes, 0));
    expect(scene.notices).toEqual([expect.stringMatching(/^The index of fragments was damaged while the server ran/)]);
    expect(scene.problems).toEqual([]);
    await store.close();
  });

  test('and cannot be made again is tried once a minute, and said each time', async () => {
    const { store, numbers } = await openLarge();
    const streams = join(scene.dataDir, 'streams');
    await rename(streams, `${streams}.elsewhere`);
    await overwrite();
    for (let count = 0; count < 20; count++) expect(() => askAll(store)).toThrow(refused);
    await expect(addFragment(store, { stream: long })).rejects.toThrow(refused);
    expect(scene.problems).toEqual([expect.objectContaining({ code: 'disk-failed' })]);
    await rename(`${streams}.elsewhere`, streams);
    scene.clock.advance(60_000);
    expect(() => store.newest(long, 1)).toThrow(refused);
    const added = await addFragment(store, { stream: long });
    expect(askAll(store).map(({ number }) => number)).toEqual([...numbers, added.number]);
    await store.close();
  });

  test('may be closed while it is made again, and the next start finds everything', async () => {
    let { store, numbers } = await openLarge();
    await overwrite();
    expect(() => askAll(store)).toThrow(refused);
    await store.close();
    expect(scene.problems).toEqual([]);
    store = await scene.openStore();
    expect(askAll(store).map(({ number }) => number)).toEqual(numbers);
    await store.close();
  });
});

test('an index that is deleted while the server runs goes on, and the next start makes it again', async () => {
  let store = await scene.openWithStream();
  const added = [await addFragment(store, { stream: 'cam' })];
  for (const suffix of ['', '-wal']) await rm(join(scene.dataDir, `index.sqlite${suffix}`), { force: true });
  added.push(await addFragment(store, { stream: 'cam' }));
  expect(store.newest('cam', 10)).toEqual(added);
  await store.close();
  store = await scene.openStore();
  expect(store.newest('cam', 10)).toEqual(added);
  await store.close();
});

test('a start that was cut short while it made the index again does not give a number twice', async () => {
  let store = await scene.openWithStream();
  for (let count = 0; count < 5; count++) await addFragment(store, { stream: 'cam' });
  const last = store.newest('cam', 1)[0];
  scene.clock.advance(3 * hourMs);
  await store.enforceRetention();
  await store.close();
  await rm(join(scene.dataDir, 'index.sqlite'));
  // As when it is killed: some of it is done.
  const index = new FragmentIndex(join(scene.dataDir, 'index.sqlite'));
  await writeFile(join(scene.folder(), `${'1'.repeat(47)}.mkv`), '');
  const streams = await StreamRecords.open(join(scene.dataDir, 'streams'));
  await expect(
    reconcile(streams, index, { nowMs: scene.clock.nowMs(), running: AbortSignal.abort() }),
  ).rejects.toThrow();
  index.close();
  store = await scene.openStore();
  expect((await addFragment(store, { stream: 'cam' })).number > (last?.number ?? '')).toBe(true);
  await store.close();
});
