// The index held to a list that is filtered and sorted by hand: thousands of seeded questions, the odd ones too.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, test } from 'vitest';
import { FragmentIndex } from '../../agent/local-cloud/store/fragment-index.ts';
import { fragmentNumber } from '../../agent/local-cloud/store/fragment-number.ts';
import type { FragmentQuery, StoredFragment } from '../../agent/local-cloud/store/media-store.ts';
import { readWhole } from '../../agent/local-cloud/store/read-whole.ts';
import { seededRandom } from '../../scripts/fuzz/seeded-random.ts';
import { audioTrack, videoTrack } from './ingest-producer.ts';

const questions = 2000;

async function inFolder(work: (dir: string) => Promise<void>): Promise<void> {
  const dir = await mkdtemp(join(tmpdir(), 'fragment-index-'));
  try {
    await work(dir);
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

function byHand(fragments: readonly StoredFragment[], query: FragmentQuery): string[] {
  const timeOf = (fragment: StoredFragment) => (query.by === 'producer' ? fragment.producerMs : fragment.serverMs);
  const { after } = query;
  return fragments
    .filter(fragment => fragment.streamName === query.stream)
    .filter(fragment => timeOf(fragment) >= query.fromMs && timeOf(fragment) <= query.toMs)
    .filter(
      fragment =>
        !after || timeOf(fragment) > after.ms || (timeOf(fragment) === after.ms && fragment.number > after.number),
    )
    .sort((a, b) => timeOf(a) - timeOf(b) || (a.number < b.number ? -1 : 1))
    .slice(0, query.limit)
    .map(({ number }) => number);
}

test(`${questions} questions about two streams whose times repeat and go back are answered as a list would`, () =>
  inFolder(async dir => {
    const random = seededRandom(20261125);
    const upTo = (most: number) => Math.floor(random() * most);
    const index = new FragmentIndex(join(dir, 'index.sqlite'));
    try {
      const fragments = Array.from({ length: 120 }, (_, place): StoredFragment => {
        const [streamName, serverMs] = [place % 3 === 0 ? 'other' : 'cam', 1000 + Math.floor(place / 4)];
        const number = fragmentNumber({ sequence: place + 1, serverMs, random: random() });
        return index.add({
          ...{ streamName, number, serverMs, producerMs: 1000 + upTo(40), lengthMs: upTo(2000), bytes: upTo(9999) },
          ...{
            frames: 1 + upTo(50),
            timelineMs: upTo(2),
            tracks: place % 5 === 0 ? [videoTrack, audioTrack] : [videoTrack],
          },
        });
      });
      for (let question = 0; question < questions; question++) {
        const someone = fragments[upTo(fragments.length)];
        const stream = upTo(2) === 0 ? 'cam' : 'other';
        const [fromMs, toMs] = [995 + upTo(50), 995 + upTo(50)];
        const after = { ms: 995 + upTo(50), number: someone?.number ?? '' };
        const query: FragmentQuery = {
          ...{ stream, limit: 1 + upTo(30), by: upTo(2) === 0 ? 'producer' : 'server' },
          ...{ fromMs: upTo(5) === 0 ? -Infinity : fromMs, toMs: upTo(5) === 0 ? Infinity : toMs },
          ...(upTo(2) === 0 ? { after } : {}),
        };
        expect(
          index.list(query).map(({ number }) => number),
          JSON.stringify(query),
        ).toEqual(byHand(fragments, query));
      }
      const ofCam = fragments.filter(({ streamName }) => streamName === 'cam');
      expect(index.newest('cam', 7)).toEqual(ofCam.slice(-7));
      expect(index.after('cam', ofCam[9]?.number ?? '', 5)).toEqual(ofCam.slice(10, 15));
      for (const fragment of ofCam) expect(index.find('cam', fragment.number)).toEqual(fragment);
      expect(index.find('other', ofCam[0]?.number ?? '')).toBeUndefined();
    } finally {
      index.close();
    }
  }));

test('codecs that are other in every session are found again, and take neither memory nor disk for ever', () =>
  inFolder(async dir => {
    const path = join(dir, 'index.sqlite');
    let index = new FragmentIndex(path);
    const fragment = (sequence: number) => ({
      ...{ streamName: 'cam', number: fragmentNumber({ sequence, serverMs: 1000, random: 0 }), serverMs: 1000 },
      ...{ producerMs: 1000, lengthMs: 0, bytes: 1, frames: 1, timelineMs: 0 },
      tracks: [{ ...videoTrack, codecPrivate: new Uint8Array(1024 * 1024).fill(sequence) }],
    });
    const privateOf = (found: StoredFragment | undefined) => Buffer.from(found?.tracks[0]?.codecPrivate ?? []);
    const added = Array.from({ length: 24 }, (_, place) => index.add(fragment(place + 1)));
    const [first, last] = [added[0], added.at(-1)];
    expect(index.find('cam', last?.number ?? '')?.tracks).toBe(last?.tracks);
    const again = index.find('cam', first?.number ?? '');
    expect(again?.tracks).not.toBe(first?.tracks);
    expect(privateOf(again).equals(privateOf(first))).toBe(true);
    for (const { number } of added.slice(1)) index.remove('cam', number);
    index.close();
    index = new FragmentIndex(path);
    expect(privateOf(index.find('cam', first?.number ?? '')).equals(privateOf(first))).toBe(true);
    index.close();
    const db = new DatabaseSync(path);
    expect(db.prepare('SELECT count(*) AS count FROM codecs').get()?.count).toBe(1);
    db.close();
  }));

test('a file is read whole, a shorter one than was said as far as it goes, and a missing one is missing', () =>
  inFolder(async dir => {
    const path = join(dir, 'file');
    const content = Uint8Array.from({ length: 100_000 }, (_, place) => place % 251);
    await writeFile(path, content);
    expect(Uint8Array.from(await readWhole(path, content.length))).toEqual(content);
    expect(Uint8Array.from(await readWhole(path, 500_000))).toEqual(content);
    await expect(readWhole(join(dir, 'none'), 10)).rejects.toMatchObject({ code: 'ENOENT' });
  }));
