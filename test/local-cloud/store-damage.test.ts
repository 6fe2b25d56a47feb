// What becomes of a store whose files are damaged, or taken away by hand.
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { AgentError } from '../../agent/errors.ts';
import { Store } from '../../agent/local-cloud/store/store.ts';
import { folderName } from '../../agent/local-cloud/store/stream-records.ts';
import { type ManualClock, manualClock } from './control-cloud.ts';
import { startMs } from './ingest-producer.ts';
import { addFragment, makeStream } from './stage-store.ts';

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

const folder = () => join(dataDir, 'streams', folderName('cam'));
const fileOf = ({ number }: { number: string }) => join(folder(), `${number}.mkv`);

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
