// How much the embedded server keeps: the cap on all media, the room left on the disk, and what is told of it.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { CreateStreamCommand } from '@aws-sdk/client-kinesis-video';
import { GetHLSStreamingSessionURLCommand } from '@aws-sdk/client-kinesis-video-archived-media';
import { GetMediaCommand } from '@aws-sdk/client-kinesis-video-media';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { localCloudCommand } from '../../agent/commands/local-cloud-command.ts';
import type { AgentError } from '../../agent/errors.ts';
import type { StoredFragment } from '../../agent/local-cloud/store/media-store.ts';
import { type Disk, Room } from '../../agent/local-cloud/store/room.ts';
import { Store, type StoreOptions } from '../../agent/local-cloud/store/store.ts';
import { folderName } from '../../agent/local-cloud/store/stream-records.ts';
import { MatroskaReader } from '../../agent/matroska/read.ts';
import { writeHeader, writeTags } from '../../agent/matroska/write.ts';
import { seededRandom } from '../../scripts/fuzz/seeded-random.ts';
import { archiveClient, controlClient, type ManualClock, manualClock, testCloud } from './control-cloud.ts';
import { clusterOf, picture, putMedia, record, startMs } from './ingest-producer.ts';
import { addFragment, makeStream } from './stage-store.ts';
import { mediaClient } from './stored-media.ts';

const hourMs = 3_600_000;
const endOfFragment = writeTags([{ name: 'AWS_KINESISVIDEO_END_OF_FRAGMENT', value: '' }]);

let dataDir: string;
let clock: ManualClock;
let problems: AgentError[];
let notices: string[];

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'local-cloud-cap-'));
  clock = manualClock(startMs);
  problems = [];
  notices = [];
});

afterEach(() => rm(dataDir, { recursive: true, force: true }));

function openStore(options: Partial<StoreOptions> = {}): Promise<Store> {
  return Store.open({
    ...{ dataDir, clock, random: Math.random, onProblem: problem => problems.push(problem) },
    onNotice: sentence => notices.push(sentence),
    ...options,
  });
}

/** Numbers of the fragments in an answer of GetMedia, up to this one. */
async function numbersUntil(payload: unknown, last: string | undefined): Promise<string[]> {
  if (!(payload instanceof Readable)) throw new TypeError('payload must be a stream');
  const reader = new MatroskaReader();
  const numbers: string[] = [];
  for await (const chunk of payload) {
    for (const event of reader.push(chunk))
      if (event.type === 'tags')
        for (const { name, value } of event.tags) if (name.endsWith('_FRAGMENT_NUMBER')) numbers.push(value);
    if (numbers.at(-1) === last) break;
  }
  return numbers;
}

/** Number and size of every fragment's file, of whatever stream. */
async function filesOn(folder: string, name = /([0-9]{47})\.mkv$/): Promise<Map<string, number>> {
  const files = new Map<string, number>();
  for (const path of await readdir(join(folder, 'streams'), { recursive: true })) {
    const number = name.exec(path)?.[1];
    if (number) files.set(number, (await stat(join(folder, 'streams', path))).size);
  }
  return files;
}

const sum = (sizes: Iterable<number>) => [...sizes].reduce((total, size) => total + size, 0);
const byArrival = (a: StoredFragment, b: StoredFragment) => a.serverMs - b.serverMs || (a.number < b.number ? -1 : 1);

test.each([1, 2, 3])(
  'what is kept is always what a list of it would keep, across restarts and other caps (%i)',
  async seed => {
    const random = seededRandom(seed);
    const streams = ['a', 'b', 'c'];
    let maxBytes = 60_000;
    let model: StoredFragment[] = [];
    let store = await openStore({ maxBytes });
    for (const name of streams) await makeStream(store, name, { retentionHours: 2, createdMs: startMs });
    const shrink = () => {
      while (sum(model.map(({ bytes }) => bytes)) > maxBytes) model = model.toSorted(byArrival).slice(1);
    };
    for (let step = 0; step < 80; step++) {
      clock.advance(1 + Math.floor(random() * 5000));
      const stream = streams[Math.floor(random() * streams.length)] ?? '';
      const dice = random();
      if (dice < 0.85) {
        model.push(await addFragment(store, { stream, padBytes: Math.floor(random() * 9000) }));
        shrink();
      } else if (dice < 0.9) {
        await store.removeStream(stream);
        model = model.filter(({ streamName }) => streamName !== stream);
        await makeStream(store, stream, { retentionHours: 2, createdMs: clock.nowMs() });
      } else {
        // What is too old when it starts again goes first, then what is too much.
        await store.close();
        clock.advance(random() < 0.5 ? hourMs : 0);
        maxBytes = 20_000 + Math.floor(random() * 80_000);
        store = await openStore({ maxBytes });
        model = model.filter(({ serverMs }) => serverMs >= clock.nowMs() - 2 * hourMs);
        shrink();
      }
      const files = await filesOn(dataDir);
      expect([...files.keys()].toSorted(), `step ${step}`).toEqual(model.map(({ number }) => number).toSorted());
      expect(await store.storage()).toMatchObject({ bytes: sum(files.values()), maxBytes });
      expect(sum(files.values())).toBeLessThanOrEqual(maxBytes);
    }
    expect(problems).toEqual([]);
    await store.close();
  },
);

test('many that arrive at once are over the cap by no more than what is arriving', async () => {
  const maxBytes = 200_000;
  const store = await openStore({ maxBytes });
  for (let index = 0; index < 8; index++) await makeStream(store, `cam-${index}`, { retentionHours: 2, createdMs: 1 });
  let arriving = 0;
  await Promise.all(
    Array.from({ length: 8 }, async (_, index) => {
      for (let count = 0; count < 15; count++) {
        clock.advance(1);
        arriving += 20_000;
        await addFragment(store, { stream: `cam-${index}`, padBytes: 19_000 });
        expect((await store.storage()).bytes).toBeLessThanOrEqual(maxBytes + arriving);
        arriving -= 20_000;
      }
    }),
  );
  const files = await filesOn(dataDir);
  expect(sum(files.values())).toBeLessThanOrEqual(maxBytes);
  expect(sum(files.values())).toBeGreaterThan(maxBytes - 40_000);
  expect((await store.storage()).bytes).toBe(sum(files.values()));
  await store.close();
});

test('several at once that are larger than the cap together are brought under it', async () => {
  const store = await openStore({ maxBytes: 50_000 });
  await makeStream(store, 'cam', { retentionHours: 2, createdMs: startMs });
  await Promise.all(Array.from({ length: 6 }, () => addFragment(store, { stream: 'cam', padBytes: 20_000 })));
  expect((await store.storage()).bytes).toBeLessThanOrEqual(50_000);
  expect(sum((await filesOn(dataDir)).values())).toBe((await store.storage()).bytes);
  await store.close();
});

test('it is said once when it begins, again after a quiet hour, and counted', async () => {
  const store = await openStore({ maxBytes: 31_000 });
  await makeStream(store, 'cam', { retentionHours: 24, createdMs: startMs });
  const added: StoredFragment[] = [];
  for (let count = 0; count < 6; count++) {
    added.push(await addFragment(store, { stream: 'cam', padBytes: 9000 }));
    clock.advance(1000);
  }
  expect(notices).toEqual([expect.stringMatching(/reached --max-bytes.*oldest fragments.*before their retention/)]);
  const gone = added.slice(0, 3);
  expect((await store.storage()).evicted).toEqual({
    fragments: 3,
    bytes: sum(gone.map(({ bytes }) => bytes)),
    latestArrivalMs: gone.at(-1)?.serverMs,
  });
  clock.advance(hourMs);
  await addFragment(store, { stream: 'cam', padBytes: 9000 });
  await addFragment(store, { stream: 'cam', padBytes: 9000 });
  expect(notices).toHaveLength(2);
  await store.close();
});

describe('a disk that fills', () => {
  const sizeBytes = 10_000_000_000;
  /** A disk that has what the files and others leave of it. */
  const disk = (othersBytes: () => number) => async (): Promise<Disk> => ({
    sizeBytes,
    freeBytes: sizeBytes - othersBytes() - sum((await filesOn(dataDir, /([0-9]{47})\.mkv/)).values()),
  });

  async function crowded(minFreeBytes: number | undefined) {
    let othersBytes = 0;
    const store = await openStore({ disk: disk(() => othersBytes), minFreeBytes });
    await makeStream(store, 'cam', { retentionHours: 24, createdMs: startMs });
    const added: StoredFragment[] = [];
    const add = async () => {
      clock.advance(1000);
      added.push(await addFragment(store, { stream: 'cam', padBytes: 9000 }));
    };
    for (let count = 0; count < 5; count++) await add();
    const kept = () => store.newest('cam', 100).map(({ number }) => number);
    const fill = (bytes: number) => {
      othersBytes = bytes;
      clock.advance(60_000);
    };
    return { store, add, added, kept, fill };
  }

  test('gets its free space back from the oldest media, within a minute and as more arrives', async () => {
    const { store, add, added, kept, fill } = await crowded(1_000_000);
    const numbers = () => added.map(({ number }) => number);
    fill(sizeBytes - 1_000_000 - 31_000);
    await expect.poll(kept).toEqual(numbers().slice(2));
    for (let count = 0; count < 4; count++) await add();
    expect(kept()).toEqual(numbers().slice(-4));
    expect(notices).toEqual([expect.stringMatching(/less free space than --min-free-bytes/)]);
    expect(await store.storage()).toMatchObject({ minFreeBytes: 1_000_000, evicted: { fragments: 5 } });
    expect(problems).toEqual([]);
    await store.close();
  });

  test('by default keeps 256 MiB', async () => {
    const { store, add, added, kept, fill } = await crowded(undefined);
    fill(sizeBytes - 256 * 2 ** 20 - 50_000);
    await add();
    expect(kept()).toEqual(added.map(({ number }) => number).slice(-5));
    await store.close();
  });

  test('keeps its media when deleting all of it would not help', async () => {
    const { store, added, kept, fill } = await crowded(1_000_000);
    fill(sizeBytes - 500_000);
    // Looks once more, after the look that the passing minute brought.
    await store.enforceRetention();
    expect(kept()).toEqual(added.map(({ number }) => number));
    expect(notices).toEqual([]);
    await store.close();
  });

  test('is left alone with 0', async () => {
    const { store, added, kept, fill } = await crowded(0);
    fill(sizeBytes - 60_000);
    await store.enforceRetention();
    expect(kept()).toEqual(added.map(({ number }) => number));
    await store.close();
  });

  test('leaves a small one a twentieth', async () => {
    const small = async (): Promise<Disk> => ({ sizeBytes: 10_000_000, freeBytes: 9_000_000 });
    const store = await openStore({ disk: small });
    expect(await store.storage()).toMatchObject({ freeBytes: 9_000_000, minFreeBytes: 500_000 });
    await store.close();
  });
});

test('killed in the middle of evictions, the sum is right at the next start and only the oldest is gone', async () => {
  const maxBytes = 300_000;
  const reported: { number: string; serverMs: number }[] = [];
  for (let round = 0; round < 3; round++) {
    const child = fork(join(import.meta.dirname, 'cap-child.ts'), [dataDir, String(maxBytes)], {
      execArgv: ['--disable-warning=ExperimentalWarning'],
    });
    const exited = once(child, 'exit');
    let seen = 0;
    child.on('message', (message: { number: string; serverMs: number }) => {
      reported.push(message);
      if (++seen === 25 + round * 17) child.kill('SIGKILL');
    });
    expect(await exited).toEqual([null, 'SIGKILL']);
    const store = await openStore({ maxBytes, clock: { ...clock, nowMs: () => Date.now() } });
    const files = await filesOn(dataDir);
    expect((await readdir(join(dataDir, 'streams'), { recursive: true })).join()).not.toContain('.part');
    const { bytes, evicted } = await store.storage();
    expect([bytes, bytes <= maxBytes, evicted.fragments]).toEqual([sum(files.values()), true, 0]);
    // What left was older than all that was stored before it and stayed. One that began to arrive early and was stored late
    // may be older than what left meanwhile.
    const known = reported.filter(({ number }) => files.has(number));
    let oldestMs = Infinity;
    const odd = reported.filter(({ number, serverMs }) => {
      if (files.has(number)) oldestMs = Math.min(oldestMs, serverMs);
      return !files.has(number) && serverMs > oldestMs;
    });
    expect(odd).toEqual([]);
    expect(known.length).toBeGreaterThan(10);
    await store.close();
  }
});

test('who reads while the oldest leaves goes on with what is kept; a player is told 404', async () => {
  await using running = await testCloud({ maxBytes: 64 * 2 ** 20, onNotice: sentence => void notices.push(sentence) });
  const { url } = running.cloud;
  await controlClient(url).send(new CreateStreamCommand({ StreamName: 'cam', DataRetentionInHours: 24 }));
  const producer = await putMedia(url);
  const { tracks } = await record(1);
  const header = writeHeader(tracks.filter(({ type }) => type === 'video'));
  const numbers: string[] = [];
  const send = async (count: number) => {
    for (let index = 0; index < count; index++) {
      const atMs = startMs + numbers.length * 1000;
      await producer.send(
        ...(numbers.length === 0 ? [header] : []),
        clusterOf(atMs, [picture(atMs, { data: new Uint8Array(4_000_000).fill(numbers.length) })]),
        // Completes the fragment.
        endOfFragment,
      );
      numbers.push((await producer.until('PERSISTED')).at(-1)?.FragmentNumber ?? '');
    }
  };
  await send(4);
  const StartSelector = { StartSelectorType: 'EARLIEST' } as const;
  const { Payload } = await mediaClient(url).send(new GetMediaCommand({ StreamName: 'cam', StartSelector }));
  const archive = archiveClient(url);
  const session = await archive.send(new GetHLSStreamingSessionURLCommand({ StreamName: 'cam' }));
  const media = (number = '') =>
    fetch(
      `${session.HLSStreamingSessionURL?.replace('HLSMasterPlaylist.m3u8', 'MP4MediaFragment.mp4')}&TrackNumber=1&FragmentNumber=${number}`,
    ).then(({ status }) => status);
  // Nothing is taken off the answer meanwhile: the reader falls behind what is kept.
  await send(20);
  expect([await media(numbers[0]), await media(numbers.at(-1))]).toEqual([404, 200]);
  const read = await numbersUntil(Payload, numbers.at(-1));
  expect(read).toEqual(numbers.filter(number => read.includes(number)));
  expect(read).toEqual(expect.arrayContaining(numbers.slice(-16)));
  expect(read.length).toBeLessThan(numbers.length);
  expect(notices).toEqual([expect.stringContaining('--max-bytes')]);
  const { bytes, evicted } = await running.cloud.storage();
  expect(bytes).toBeLessThanOrEqual(64 * 2 ** 20);
  expect(evicted.fragments).toBe(numbers.length - 16);
  producer.request.destroy();
  expect(running.problems).toEqual([]);
});

test('a cap that one fragment may exceed, and a size that is none, are refused in words', async () => {
  await expect(testCloud({ maxBytes: 60_000_000 })).rejects.toMatchObject({
    code: 'settings-invalid',
    message: expect.stringContaining('64 MiB at least'),
  });
  const run = (...args: string[]) =>
    localCloudCommand(['--port', '0', '--data', dataDir, ...args], {
      tell: () => undefined,
      signal: AbortSignal.abort(),
    });
  await expect(run('--max-bytes', '20 gigs')).rejects.toThrow('--max-bytes takes a size such as 20GB or 500MiB');
  await expect(run('--min-free-bytes', '-1')).rejects.toThrow(/min-free-bytes/);
  await run('--max-bytes', '20GB', '--min-free-bytes', '0');
  expect(await readdir(join(dataDir, 'streams'))).toEqual([]);
});

test('fragments that came at once and are kept count as kept, also when the oldest cannot be deleted for them', async () => {
  const kept: StoredFragment[] = [];
  const { promise: bothWritten, resolve } = Promise.withResolvers<void>();
  const keep = async (number: string) => {
    if (number === '2') resolve();
    // Nothing is there yet that could make room for either.
    await bothWritten;
    const fragment = { number, bytes: 80, serverMs: startMs } as StoredFragment;
    kept.push(fragment);
    return fragment;
  };
  const evict = vi.fn(() => Promise.reject(new Error('EROFS')));
  const room = new Room({
    ...{ bytes: 0, maxBytes: 100, minFreeBytes: 0, streams: () => [{ name: 'cam' }], oldest: () => [...kept] },
    ...{ evict, onEvicted: () => undefined, disk: async () => undefined },
  });
  const both = await Promise.all([room.take(80, () => keep('1')), room.take(80, () => keep('2'))]);
  expect(both).toEqual(kept);
  expect(room.bytes).toBe(160);
  expect(evict).toHaveBeenCalled();
});

test('the server starts although the oldest cannot be deleted for a lower cap, says so, and deletes the next', async () => {
  let store = await openStore();
  await makeStream(store, 'cam', { retentionHours: 24, createdMs: startMs });
  const stuck = await addFragment(store, { stream: 'cam' });
  await addFragment(store, { stream: 'cam' });
  await store.close();
  const file = join(dataDir, 'streams', folderName('cam'), `${stuck.number}.mkv`);
  await rm(file);
  // A folder in the file's place, which nothing here removes.
  await mkdir(file);
  store = await openStore({ maxBytes: stuck.bytes });
  expect(problems).toMatchObject([{ message: expect.stringMatching(/cannot delete old fragments/) }]);
  const kept = () => {
    clock.advance(60_000);
    return store.newest('cam', 10);
  };
  await expect.poll(kept).toEqual([stuck]);
  await store.close();
});
