// What becomes of a store whose files are damaged, or taken away by hand.
import { writeFileSync } from 'node:fs';
import { mkdir, mkdtemp, open, readdir, readFile, rename, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { AgentError } from '../../agent/errors.ts';
import { sqliteCodes } from '../../agent/local-cloud/store/disk-error.ts';
import { FragmentIndex } from '../../agent/local-cloud/store/fragment-index.ts';
import { fragmentNumber } from '../../agent/local-cloud/store/fragment-number.ts';
import type { StoredFragment, StoredStream } from '../../agent/local-cloud/store/media-store.ts';
import { reconcile } from '../../agent/local-cloud/store/reconcile.ts';
import { Store } from '../../agent/local-cloud/store/store.ts';
import { folderName, StreamRecords } from '../../agent/local-cloud/store/stream-records.ts';
import { writeHeader } from '../../agent/matroska/write.ts';
import { type ManualClock, manualClock } from './control-cloud.ts';
import { cluster, startMs, videoTrack } from './ingest-producer.ts';
import { addFragment, makeStream } from './stage-store.ts';

const hourMs = 3_600_000;

let dataDir: string;
let clock: ManualClock;
let problems: AgentError[];
let notices: string[];

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'store-damage-'));
  clock = manualClock(startMs);
  problems = [];
  notices = [];
});

afterEach(() => rm(dataDir, { recursive: true, force: true }));

const openStore = () =>
  Store.open({
    ...{ dataDir, clock, random: () => 0.5, onProblem: problem => problems.push(problem) },
    onNotice: sentence => void notices.push(sentence),
  });

async function openWithStream(): Promise<Store> {
  const store = await openStore();
  await makeStream(store, 'cam', { retentionHours: 2, createdMs: startMs });
  return store;
}

const folder = (stream = 'cam') => join(dataDir, 'streams', folderName(stream));
const fileOf = ({ number }: { number: string }, stream = 'cam') => join(folder(stream), `${number}.mkv`);

async function read(store: Store, fragment: StoredFragment | undefined): Promise<Uint8Array> {
  if (!fragment) throw new TypeError('no fragment');
  return store.readFragment(fragment);
}

function streamNamed(name: string): StoredStream {
  const arn = `arn:aws:kinesisvideo:us-west-2:000000000000:stream/${name}/${startMs}`;
  return { name, arn, createdMs: startMs, version: 'v', retentionHours: 2, tags: {} };
}

const inLetters = (text: string) => text.replace(/\d{3}$/, 'abc');

test.each([
  { what: 'a server time in letters', from: /SERVER_TIMESTAMPD..[0-9.]+/s, to: inLetters },
  { what: 'a producer time in letters', from: /PRODUCER_TIMESTAMPD..[0-9.]+/s, to: inLetters },
])('a file with $what is set aside when the index is made again, and the server starts', async ({ from, to }) => {
  let store = await openWithStream();
  const [kept, damaged] = [await addFragment(store, { stream: 'cam' }), await addFragment(store, { stream: 'cam' })];
  await store.close();
  const text = await readFile(fileOf(damaged), 'latin1');
  const altered = text.replace(from, to);
  expect(altered).not.toBe(text);
  await writeFile(fileOf(damaged), altered, 'latin1');
  await rm(join(dataDir, 'index.sqlite'));
  store = await openStore();
  expect(store.newest('cam', 10)).toEqual([kept]);
  expect((await readdir(folder())).toSorted()).toEqual(
    [`${kept.number}.mkv`, `${damaged.number}.damaged`, 'stream.json'].toSorted(),
  );
  await store.close();
});

test('a stream whose record cannot be read is not taken for one that is not there', async () => {
  let store = await openWithStream();
  const added = await addFragment(store, { stream: 'cam' });
  await store.close();
  const record = join(folder(), 'stream.json');
  const text = await readFile(record);
  await rm(record);
  // In its place something that is there, and that nobody can read.
  await mkdir(record);
  await expect(openStore()).rejects.toThrow(/EISDIR/);
  await rm(record, { recursive: true });
  await writeFile(record, text);
  store = await openStore();
  expect(store.newest('cam', 10)).toEqual([added]);
  await store.close();
});

test('a stream whose folder somebody took away can be deleted, and made anew', async () => {
  const store = await openWithStream();
  await addFragment(store, { stream: 'cam' });
  await rm(folder(), { recursive: true });
  await store.removeStream('cam');
  expect(store.findStream('cam')).toBeUndefined();
  await makeStream(store, 'cam', { retentionHours: 2, createdMs: startMs + 1 });
  const added = await addFragment(store, { stream: 'cam' });
  expect(store.newest('cam', 10)).toEqual([added]);
  expect((await store.storage()).bytes).toBe(added.bytes);
  await store.close();
});

test('a stream that is deleted on a full disk is gone with its media, although the index has no room to forget it before', async () => {
  const store = await openWithStream();
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
  expect(await readdir(join(dataDir, 'streams'))).toEqual([folderName('other')]);
  expect((await store.storage()).bytes).toBe(kept.bytes);
  expect(store.newest('cam', 1)).toEqual([]);
  expect(problems).toEqual([]);
  await store.close();
});

test('a fragment whose file somebody deleted is answered as one that is gone, listed no more, and it is said once', async () => {
  const store = await openWithStream();
  const added = [];
  for (let count = 0; count < 5; count++) added.push(await addFragment(store, { stream: 'cam' }));
  for (const fragment of added.slice(1, 4)) await rm(fileOf(fragment));
  const [first, second, third, , last] = added;
  await expect(read(store, second)).rejects.toMatchObject({ type: 'ResourceNotFoundException' });
  await expect(read(store, third)).rejects.toMatchObject({ type: 'ResourceNotFoundException' });
  expect(store.newest('cam', 10)).toEqual([first, last]);
  expect((await store.storage()).bytes).toBe((first?.bytes ?? 0) + (last?.bytes ?? 0));
  expect(notices).toEqual([
    expect.stringMatching(/^3 fragments of the stream cam are not listed any more: somebody else deleted/),
  ]);
  expect(problems).toEqual([]);
  await store.close();
});

test('a fragment whose file was cut short is not sent, set aside and said', async () => {
  const store = await openWithStream();
  const [cut, whole] = [await addFragment(store, { stream: 'cam' }), await addFragment(store, { stream: 'cam' })];
  await truncate(fileOf(cut), 100);
  await expect(read(store, cut)).rejects.toMatchObject({ type: 'ResourceNotFoundException' });
  expect(store.newest('cam', 10)).toEqual([whole]);
  expect(await readdir(folder())).toContain(`${cut.number}.damaged`);
  expect(notices).toEqual([expect.stringContaining('was cut short by somebody else')]);
  await store.close();
});

test('what leaves with its stream is not said to be missing', async () => {
  const store = await openWithStream();
  const added = [];
  for (let count = 0; count < 30; count++) added.push(await addFragment(store, { stream: 'cam' }));
  let isOver = false;
  const removing = store.removeStream('cam').then(() => {
    isOver = true;
  });
  while (!isOver) await Promise.allSettled(added.map(fragment => store.readFragment(fragment)));
  await removing;
  expect([notices, problems]).toEqual([[], []]);
  await store.close();
});

test('what leaves because its time has come is not said to be missing', async () => {
  const store = await openWithStream();
  const added = [];
  for (let count = 0; count < 30; count++) added.push(await addFragment(store, { stream: 'cam' }));
  clock.advance(3 * hourMs);
  let isOver = false;
  const removing = store.enforceRetention().then(() => {
    isOver = true;
  });
  while (!isOver) await Promise.allSettled(added.map(fragment => store.readFragment(fragment)));
  await removing;
  expect(store.newest('cam', 1)).toEqual([]);
  expect([notices, problems]).toEqual([[], []]);
  await store.close();
});

test('a stream whose folder somebody took away takes fragments again, and keeps its settings over a restart', async () => {
  let store = await openWithStream();
  await addFragment(store, { stream: 'cam' });
  await rm(folder(), { recursive: true });
  const added = await addFragment(store, { stream: 'cam' });
  expect(store.newest('cam', 10)).toEqual([added]);
  expect(notices).toEqual([
    expect.stringMatching(/^The folder of the stream cam is made again/),
    expect.stringMatching(/^1 fragment of the stream cam is not listed any more/),
  ]);
  const stream = store.findStream('cam');
  await store.close();
  store = await openStore();
  expect([store.findStream('cam'), store.newest('cam', 10)]).toEqual([stream, [added]]);
  await store.close();
});

test('a folder that is made again without its record, as on a full disk, takes no fragment', async () => {
  let store = await openWithStream();
  await rm(folder(), { recursive: true });
  const full = Object.assign(new Error('no space left on device'), { code: 'ENOSPC' });
  using _saving = vi.spyOn(StreamRecords.prototype, 'save').mockRejectedValueOnce(full);
  await expect(addFragment(store, { stream: 'cam' })).rejects.toThrow(full);
  const added = await addFragment(store, { stream: 'cam' });
  await store.close();
  store = await openStore();
  expect(store.newest('cam', 10)).toEqual([added]);
  await store.close();
});

test('when the disk was taken away, nothing is forgotten and no folder is made in its place', async () => {
  const store = await openWithStream();
  const added = await addFragment(store, { stream: 'cam' });
  const streams = join(dataDir, 'streams');
  await rename(streams, `${streams}.elsewhere`);
  await expect(addFragment(store, { stream: 'cam' })).rejects.toThrow(/ENOENT/);
  await expect(read(store, added)).rejects.toMatchObject({ code: 'disk-failed' });
  const stream = store.findStream('cam') ?? streamNamed('cam');
  for (const changed of [{ ...stream, deviceName: 'porch' }, streamNamed('other')])
    await expect(store.saveStream(changed)).rejects.toMatchObject({ code: 'disk-failed' });
  expect(await readdir(dataDir)).not.toContain('streams');
  await rename(`${streams}.elsewhere`, streams);
  expect(await store.readFragment(added)).toHaveLength(added.bytes);
  const next = await addFragment(store, { stream: 'cam' });
  expect(store.newest('cam', 10)).toEqual([added, next]);
  await store.close();
});

describe('an index that is damaged while the server runs', () => {
  // A name longer than any real one makes long rows: more of the index than SQLite keeps in memory.
  const long = 'cam'.padEnd(3000, '-');
  const fragments = 400;

  /** So many files that are one, and an index that knows them. */
  async function openLarge(): Promise<{ store: Store; numbers: string[] }> {
    let store = await openStore();
    await makeStream(store, long, { retentionHours: 2, createdMs: startMs });
    const real = await addFragment(store, { stream: long });
    await store.close();
    const index = new FragmentIndex(join(dataDir, 'index.sqlite'));
    const numbers = [real.number];
    const file = await readFile(fileOf(real, long), 'latin1');
    for (let sequence = 2; sequence <= fragments; sequence++) {
      const number = fragmentNumber({ sequence, serverMs: startMs, random: 0.5 });
      writeFileSync(fileOf({ number }, long), file.replace(real.number, number), 'latin1');
      numbers.push(index.add({ ...real, number }).number);
    }
    index.close();
    store = await openStore();
    return { store, numbers };
  }

  async function overwrite(): Promise<void> {
    const path = join(dataDir, 'index.sqlite');
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
    expect(notices).toEqual([expect.stringMatching(/^The index of fragments was damaged while the server ran/)]);
    expect(problems).toEqual([]);
    await store.close();
  });

  test('and cannot be made again is tried once a minute, and said each time', async () => {
    const { store, numbers } = await openLarge();
    const streams = join(dataDir, 'streams');
    await rename(streams, `${streams}.elsewhere`);
    await overwrite();
    for (let count = 0; count < 20; count++) expect(() => askAll(store)).toThrow(refused);
    await expect(addFragment(store, { stream: long })).rejects.toThrow(refused);
    expect(problems).toEqual([expect.objectContaining({ code: 'disk-failed' })]);
    await rename(`${streams}.elsewhere`, streams);
    clock.advance(60_000);
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
    expect(problems).toEqual([]);
    store = await openStore();
    expect(askAll(store).map(({ number }) => number)).toEqual(numbers);
    await store.close();
  });
});

test('an index that is deleted while the server runs goes on, and the next start makes it again', async () => {
  let store = await openWithStream();
  const added = [await addFragment(store, { stream: 'cam' })];
  for (const suffix of ['', '-wal']) await rm(join(dataDir, `index.sqlite${suffix}`), { force: true });
  added.push(await addFragment(store, { stream: 'cam' }));
  expect(store.newest('cam', 10)).toEqual(added);
  await store.close();
  store = await openStore();
  expect(store.newest('cam', 10)).toEqual(added);
  await store.close();
});

test('a start that was cut short while it made the index again does not give a number twice', async () => {
  let store = await openWithStream();
  for (let count = 0; count < 5; count++) await addFragment(store, { stream: 'cam' });
  const last = store.newest('cam', 1)[0];
  clock.advance(3 * hourMs);
  await store.enforceRetention();
  await store.close();
  await rm(join(dataDir, 'index.sqlite'));
  // As when it is killed: some of it is done.
  const index = new FragmentIndex(join(dataDir, 'index.sqlite'));
  await writeFile(join(folder(), `${'1'.repeat(47)}.mkv`), '');
  const streams = await StreamRecords.open(join(dataDir, 'streams'));
  await expect(reconcile(streams, index, { nowMs: clock.nowMs(), running: AbortSignal.abort() })).rejects.toThrow();
  index.close();
  store = await openStore();
  expect((await addFragment(store, { stream: 'cam' })).number > (last?.number ?? '')).toBe(true);
  await store.close();
});

test('a file that cannot be deleted keeps what is too old of its own stream only, and is said', async () => {
  const store = await openWithStream();
  await makeStream(store, 'other', { retentionHours: 2, createdMs: startMs });
  const stuck = await addFragment(store, { stream: 'cam' });
  await addFragment(store, { stream: 'other' });
  // A folder in the file's place, which nothing here removes.
  await rm(fileOf(stuck));
  await mkdir(fileOf(stuck));
  clock.advance(3 * hourMs - 1);
  await expect(store.enforceRetention()).rejects.toThrow();
  expect([store.newest('cam', 10), store.newest('other', 10)]).toEqual([[stuck], []]);
  const said = () => {
    // By itself it looks once a minute.
    clock.advance(60_000);
    return problems[0]?.message ?? '';
  };
  await expect.poll(said).toMatch(/^The embedded server cannot delete old fragments/);
  await store.close();
});

test('a file that cannot be deleted does not keep the server from starting, is said, and goes once it can', async () => {
  let store = await openWithStream();
  await makeStream(store, 'other', { retentionHours: 200, createdMs: startMs });
  const [stuck, young] = [await addFragment(store, { stream: 'cam' }), await addFragment(store, { stream: 'other' })];
  await store.close();
  await rm(fileOf(stuck));
  await mkdir(fileOf(stuck));
  clock.advance(3 * hourMs);
  store = await openStore();
  expect(problems.map(({ message }) => message)).toEqual([
    expect.stringMatching(/^The embedded server cannot delete old fragments/),
  ]);
  expect([store.newest('cam', 10), store.newest('other', 10)]).toEqual([[stuck], [young]]);
  await rm(fileOf(stuck), { recursive: true });
  const left = () => {
    clock.advance(60_000);
    return store.newest('cam', 10);
  };
  await expect.poll(left).toEqual([]);
  await store.close();
});
