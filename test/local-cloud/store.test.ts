// What the store promises across restarts, damage and time.
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { AgentError } from '../../agent/errors.ts';
import { readFragmentFile } from '../../agent/local-cloud/store/fragment-file.ts';
import { fragmentNumber, fragmentNumberParts } from '../../agent/local-cloud/store/fragment-number.ts';
import type { StoredFragment } from '../../agent/local-cloud/store/media-store.ts';
import { Store, type StoreOptions } from '../../agent/local-cloud/store/store.ts';
import { folderName } from '../../agent/local-cloud/store/stream-records.ts';
import { frameHeader, writeHeader } from '../../agent/matroska/write.ts';
import { type ManualClock, manualClock } from './control-cloud.ts';
import { audioTrack, cluster, picture, startMs, videoTrack } from './ingest-producer.ts';

const hourMs = 3_600_000;
const tracks = [videoTrack, audioTrack];
const header = writeHeader(tracks);

let dataDir: string;
let clock: ManualClock;
let problems: AgentError[];

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'local-cloud-store-'));
  clock = manualClock(startMs);
  problems = [];
});

afterEach(() => rm(dataDir, { recursive: true, force: true }));

function openStore(options: Pick<StoreOptions, 'disk'> = {}): Promise<Store> {
  return Store.open({ dataDir, clock, random: () => 0.5, onProblem: problem => problems.push(problem), ...options });
}

async function openWithStream(name = 'cam', options: Pick<StoreOptions, 'disk'> = {}): Promise<Store> {
  const store = await openStore(options);
  const arn = `arn:aws:kinesisvideo:us-west-2:000000000000:stream/${name}/${startMs}`;
  await store.saveStream({ name, arn, createdMs: startMs, version: 'v1', retentionHours: 2, tags: {} });
  return store;
}

async function add(store: Store, producerMs: number, stream = 'cam', padBytes = 0): Promise<StoredFragment> {
  const arrival = await store.receive({ stream, producerMs, header, tags: [] });
  // Without id and size of the cluster, which the writer makes itself.
  await arrival.writer.append([cluster(producerMs, 3).subarray(5)]);
  if (padBytes > 0) await arrival.writer.append([new Uint8Array(padBytes)]);
  return store.persist(arrival, {
    streamName: stream,
    producerMs,
    lengthMs: 200,
    frames: 3,
    timelineMs: 0,
    tracks,
  });
}

const folder = (stream = 'cam') => join(dataDir, 'streams', folderName(stream));
const all = (store: Store, stream = 'cam') =>
  store.fragments({ stream, by: 'producer', fromMs: -Infinity, toMs: Infinity, limit: 1000 });

test('a restart finds everything as it was', async () => {
  let store = await openWithStream();
  const added = [await add(store, startMs), await add(store, startMs + 1000), await add(store, startMs + 2000)];
  await store.close();
  store = await openStore();
  expect(all(store)).toEqual(added);
  expect(store.findStream('cam')?.arn).toBe(`arn:aws:kinesisvideo:us-west-2:000000000000:stream/cam/${startMs}`);
  expect(store.newest('cam', 2)).toEqual(added.slice(1));
  expect(store.fragment('cam', added[1]?.number ?? '')).toEqual(added[1]);
  await store.close();
});

test.each([
  { what: 'lost', damage: () => rm(join(dataDir, 'index.sqlite')) },
  { what: 'damaged', damage: () => writeFile(join(dataDir, 'index.sqlite'), 'this is no database'.repeat(500)) },
])('an index that was $what is made again from the files', async ({ damage }) => {
  let store = await openWithStream();
  const added = [await add(store, startMs), await add(store, startMs + 1000)];
  await store.close();
  for (const suffix of ['-wal', '-shm']) await rm(join(dataDir, `index.sqlite${suffix}`), { force: true });
  await damage();
  store = await openStore();
  expect(all(store)).toEqual(added);
  const next = await add(store, startMs + 2000);
  expect(fragmentNumberParts(next.number)?.sequence).toBe(3);
  await store.close();
});

test('an index with rubbish in any of its sectors is made again from the files', async () => {
  let store = await openWithStream();
  const added = [];
  for (let count = 0; count < 12; count++) added.push(await add(store, startMs + count * 1000));
  await store.close();
  const path = join(dataDir, 'index.sqlite');
  const whole = await readFile(path);
  const sectorBytes = 512;
  const rubbish = Uint8Array.from({ length: sectorBytes }, (_, index) => (index * 167 + 13) & 0xff);
  for (let at = 0; at < whole.length; at += sectorBytes) {
    const damaged = Uint8Array.from(whole);
    damaged.set(rubbish, at);
    await writeFile(path, damaged);
    store = await openStore();
    expect(all(store), `rubbish at ${at}`).toEqual(added);
    await store.close();
  }
  for (let length = 0; length < whole.length; length += 3000) {
    await writeFile(path, whole.subarray(0, length));
    store = await openStore();
    expect(all(store), `cut to ${length}`).toEqual(added);
    await store.close();
  }
});

test('when the index is lost, numbers go on above those of fragments that are not kept any more', async () => {
  let store = await openWithStream();
  for (let count = 0; count < 5; count++) await add(store, startMs + count);
  const last = await add(store, startMs + 5);
  clock.advance(3 * hourMs);
  await store.enforceRetention();
  expect(all(store)).toEqual([]);
  await store.close();
  await rm(join(dataDir, 'index.sqlite'));
  store = await openStore();
  expect((await add(store, startMs + 6)).number > last.number).toBe(true);
  await store.close();
});

test('a fragment whose stream was deleted meanwhile is not kept, nor given to a new stream of that name', async () => {
  // Asked how full it is before a fragment is stored: the answer comes when the stream is gone.
  let disk: Promise<undefined> = Promise.resolve(undefined);
  const store = await openWithStream('cam', { disk: () => disk });
  const deleted = Promise.withResolvers<undefined>();
  disk = deleted.promise;
  const arrive = () => store.receive({ stream: 'cam', producerMs: startMs, header, tags: [] });
  const persist = (arrival: Awaited<ReturnType<typeof arrive>>) =>
    store.persist(arrival, { streamName: 'cam', producerMs: startMs, lengthMs: 0, frames: 1, timelineMs: 0, tracks });
  const arrival = await arrive();
  await arrival.writer.append([cluster(startMs, 1).subarray(5)]);
  const refused = expect(persist(arrival)).rejects.toThrow();
  await store.removeStream('cam');
  deleted.resolve(undefined);
  await refused;
  const arn = 'arn:aws:kinesisvideo:us-west-2:000000000000:stream/cam/2';
  await store.saveStream({ name: 'cam', arn, createdMs: 2, version: 'v', retentionHours: 2, tags: {} });
  expect(all(store)).toEqual([]);
  expect(await readdir(folder())).toEqual(['stream.json']);
  const late = await arrive();
  const other = 'arn:aws:kinesisvideo:us-west-2:000000000000:stream/cam/3';
  await store.saveStream({ name: 'cam', arn: other, createdMs: 3, version: 'v', retentionHours: 2, tags: {} });
  await late.writer.append([cluster(startMs, 1).subarray(5)]);
  await expect(persist(late)).rejects.toThrow('deleted meanwhile');
  expect(await readdir(folder())).toEqual(['stream.json']);
  await store.close();
});

test('what was not finished is removed, what is damaged is set aside, what is gone is not listed', async () => {
  let store = await openWithStream();
  const [first, second, third] = [
    await add(store, startMs),
    await add(store, startMs + 1),
    await add(store, startMs + 2),
  ];
  await writeFile(join(folder(), `${first?.number.replace(/\d$/, 'x')}.mkv.part`), header);
  await store.close();
  await rm(join(folder(), `${second?.number}.mkv`));
  const other = fragmentNumber({ sequence: 9, serverMs: startMs, random: 0 });
  const whole = await readFile(join(folder(), `${third?.number}.mkv`));
  await writeFile(join(folder(), `${other}.mkv`), whole.subarray(0, -1));
  store = await openStore();
  expect(all(store)).toEqual([first, third]);
  expect((await readdir(folder())).toSorted()).toEqual(
    [`${first?.number}.mkv`, `${third?.number}.mkv`, `${other}.damaged`, 'stream.json'].toSorted(),
  );
  await store.close();
});

test('a fragment file is recognised as whole only when it is, at every length', async () => {
  const store = await openWithStream();
  const added = await add(store, startMs);
  const bytes = await store.readFragment(added);
  expect(bytes.length).toBe(added.bytes);
  const { number, serverMs, producerMs, lengthMs, frames, timelineMs } = added;
  expect(readFragmentFile(bytes)).toEqual({ number, serverMs, producerMs, lengthMs, frames, timelineMs, tracks });
  for (let length = 0; length < bytes.length; length++) {
    expect(readFragmentFile(bytes.subarray(0, length)), `${length} bytes`).toBeUndefined();
  }
  await store.close();
});

test('media older than the retention is deleted, and its readers are told', async () => {
  const store = await openWithStream();
  const old = await add(store, startMs);
  clock.advance(2 * hourMs);
  const young = await add(store, startMs + 1000);
  expect(all(store)).toEqual([old, young]);
  clock.advance(60_000);
  await expect.poll(() => all(store)).toEqual([young]);
  await expect(store.readFragment(old)).rejects.toThrow(expect.objectContaining({ type: 'ResourceNotFoundException' }));
  expect(await readdir(folder())).not.toContain(`${old.number}.mkv`);
  expect(problems).toEqual([]);
  await store.close();
});

test('without retention media stays for five minutes, or 200 MB of it', async () => {
  const store = await openWithStream();
  const stream = store.findStream('cam');
  if (!stream) throw new Error('no stream');
  await store.saveStream({ ...stream, retentionHours: 0 });
  const first = await add(store, startMs);
  clock.advance(5 * 60_000);
  const second = await add(store, startMs + 1000);
  expect(all(store)).toEqual([first, second]);
  clock.advance(60_000);
  await expect.poll(() => all(store)).toEqual([second]);
  const large = [
    await add(store, startMs + 2000, 'cam', 150_000_000),
    await add(store, startMs + 3000, 'cam', 40_000_000),
  ];
  expect(all(store)).toEqual([second, ...large]);
  const last = await add(store, startMs + 4000, 'cam', 20_000_000);
  expect(all(store)).toEqual([large[1], last]);
  expect(problems).toEqual([]);
  await store.close();
});

test('a stream name cannot reach outside the data folder, nor meet another one', async () => {
  const names = ['.', '..', '...', 'a'.repeat(256), `${'a'.repeat(255)}b`, 'Cam', 'cam', 'cam.deleted', 'cam.part'];
  const folders = names.map(folderName);
  expect(new Set(folders.map(name => name.toLowerCase())).size).toBe(names.length);
  expect(folders.filter(name => name.length > 200 || /^\.{1,2}$|[/\\]/.test(name))).toEqual([]);
  let store = await openStore();
  await store.close();
  for (const name of names) {
    store = await openWithStream(name);
    await add(store, startMs, name);
    await store.close();
  }
  store = await openStore();
  expect(store.streams().map(({ name }) => name)).toEqual(names.toSorted());
  expect(names.map(name => all(store, name).length)).toEqual(names.map(() => 1));
  await store.close();
  expect((await readdir(dataDir)).toSorted()).toEqual(['index.sqlite', 'streams']);
});

test('fragments are found by time and after a place, in order', async () => {
  const store = await openWithStream();
  const added: StoredFragment[] = [];
  for (const offsetMs of [3000, 1000, 2000, 2000]) {
    added.push(await add(store, startMs + offsetMs));
    clock.advance(10);
  }
  const [a, b, c, d] = added;
  const range = { stream: 'cam', fromMs: startMs + 1000, toMs: startMs + 3000, limit: 10 };
  expect(store.fragments({ ...range, by: 'producer' })).toEqual([b, c, d, a]);
  expect(store.fragments({ ...range, by: 'producer', toMs: startMs + 2999 })).toEqual([b, c, d]);
  expect(store.fragments({ ...range, by: 'producer', fromMs: startMs + 1001, limit: 1 })).toEqual([c]);
  const after = { ms: startMs + 2000, number: c?.number ?? '' };
  expect(store.fragments({ ...range, by: 'producer', after })).toEqual([d, a]);
  expect(store.fragments({ ...range, by: 'server', fromMs: startMs + 10, toMs: startMs + 20 })).toEqual([b, c]);
  await store.close();
});

test('fragment numbers have the form of those that KVS gave', () => {
  // As printed in AWS's documentation and in its issue trackers.
  expect(fragmentNumberParts('91343852333181432392682062607743920146159169392')).toEqual({
    sequence: 1,
    serverMs: 1_511_852_109_126,
  });
  const made = fragmentNumber({ sequence: 41, serverMs: startMs, random: 0.999_999 });
  expect(made).toMatch(/^\d{47}$/);
  expect(fragmentNumberParts(made)).toEqual({ sequence: 41, serverMs: startMs });
  expect(['', '12', 'x'.repeat(47), '1'.repeat(47)].map(fragmentNumberParts)).toEqual([
    undefined,
    undefined,
    undefined,
    undefined,
  ]);
});

test('deleting a stream deletes its media; a new one of the same name begins empty', async () => {
  const store = await openWithStream();
  await add(store, startMs);
  const stream = store.findStream('cam');
  await store.removeStream('cam');
  expect(await readdir(join(dataDir, 'streams'))).toEqual([]);
  if (stream) await store.saveStream(stream);
  expect(all(store)).toEqual([]);
  await store.close();
});

test('a stream that is being deleted is gone for whoever sends to it, from the first moment on', async () => {
  const store = await openWithStream();
  await add(store, startMs);
  const arrival = await store.receive({ stream: 'cam', producerMs: startMs, header, tags: [] });
  const removing = store.removeStream('cam');
  // What fails now fails because the stream is not there, and not because the disk does.
  expect(store.findStream('cam')).toBeUndefined();
  const content = { streamName: 'cam', producerMs: startMs, lengthMs: 0, frames: 1, timelineMs: 0, tracks };
  await expect(store.persist(arrival, content)).rejects.toThrow();
  await removing;
  expect(await readdir(join(dataDir, 'streams'))).toEqual([]);
  expect((await store.storage()).bytes).toBe(0);
  await store.close();
});

test('a fragment of many frames is written in order however it is flushed', async () => {
  const store = await openWithStream();
  const frames = Array.from({ length: 200 }, (_, index) =>
    picture(startMs + index * 10, { keyFrame: index === 0, data: new Uint8Array(5000).fill(index) }),
  );
  const arrival = await store.receive({ stream: 'cam', producerMs: startMs, header, tags: [] });
  await arrival.writer.append([cluster(startMs, 0).subarray(5)]);
  for (const frame of frames) await arrival.writer.append([frameHeader(frame, startMs), frame.data]);
  const content = { streamName: 'cam', producerMs: startMs, lengthMs: 1990, frames: 200, timelineMs: 0, tracks };
  const bytes = Buffer.from(await store.readFragment(await store.persist(arrival, content)));
  const positions = frames.map(frame => bytes.indexOf(frame.data));
  expect(positions.every((position, index) => position > (positions[index - 1] ?? 0))).toBe(true);
  expect(readFragmentFile(bytes)?.frames).toBe(200);
  await store.close();
});
