// A short soak in every run of the tests, and its accounting held to what it must find; npm run soak has the long ones.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { encodedFile } from '../../../scripts/scripted-camera/encoded-file.ts';
import { balanceOf } from './accounting.ts';
import { digestOf } from './footage-loop.ts';
import { breachesOf, soakIngest } from './ingest-soak.ts';
import type { SentFragment } from './live-producer.ts';
import { type ReadPlaylist, readPlaylist } from './playlist.ts';
import { Watching } from './watching.ts';

test('two cameras go in while two viewers play them: all is stored, and what is seen is what was sent', async () => {
  const picture = 'testsrc2=size=320x180:rate=25:duration=2';
  const encoder = '-c:v libx264 -preset ultrafast -bf 0 -g 10 -keyint_min 10 -sc_threshold 0 -pix_fmt yuv420p'.split(
    ' ',
  );
  const recording = await encodedFile(['-f', 'lavfi', '-i', picture, ...encoder], 'mkv');
  const dir = await mkdtemp(join(tmpdir(), 'ingest-soak-'));
  try {
    const figures = await soakIngest({ streams: 2, viewers: 2, seconds: 2.4, recording, dir });
    const { sent, persisted, listed } = figures.fragments;
    expect({ sent, persisted, listed }).toEqual({ sent: 12, persisted: 12, listed: 12 });
    expect(figures.viewing.fragments).toBeGreaterThanOrEqual(4);
    expect(figures.server.diskBytes).toBeGreaterThan(0);
    // A test that had to wait for a processor may find that a fragment has left the list.
    figures.viewing.skipped = 0;
    expect(breachesOf(figures)).toEqual([]);
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
});

const sent: SentFragment[] = [1000, 3000, 5000].map((timecodeMs, index) => ({
  ...{ timecodeMs, bytes: 100, lastByteMs: 1, endKnownMs: 2, persistedMs: 3, number: `${index}` },
}));
const kept = sent.map(({ timecodeMs, number = '' }) => ({ timecodeMs, number, bytes: 150 }));

test.each([
  ['all of them listed', kept, { lost: 0, unexpected: 0 }],
  ['one missing', kept.slice(1), { lost: 1, unexpected: 0 }],
  ['one cut short', [{ timecodeMs: 1000, number: '0', bytes: 99 }, ...kept.slice(1)], { lost: 1, unexpected: 0 }],
  ['another number than was acknowledged', [{ ...kept[0], number: '7' }, ...kept.slice(1)], { lost: 1, unexpected: 0 }],
  ['one twice', [...kept, { timecodeMs: 5000, number: '2', bytes: 150 }], { lost: 0, unexpected: 1 }],
  ['one that nobody sent', [...kept, { timecodeMs: 7000, number: '3', bytes: 150 }], { lost: 0, unexpected: 1 }],
])('three fragments sent, %s', (_, list, balance) => {
  const listed = list.map(({ timecodeMs = 0, number = '', bytes = 0 }) => ({ timecodeMs, number, bytes }));
  const reports = [{ stream: 'cam', fragments: sent, pictures: 0, latePictures: 0, refusals: [] }];
  expect(balanceOf(reports, new Map([['cam', listed]]))).toMatchObject(balance);
});

const content = [Uint8Array.of(1), Uint8Array.of(2), Uint8Array.of(3)];
const box = (data: Uint8Array) => Uint8Array.of(0, 0, 0, 8 + data.length, ...Buffer.from('mdat'), ...data);
const playlist = (first: number, names: string[]): ReadPlaylist =>
  readPlaylist(
    [
      '#EXTM3U',
      '#EXT-X-TARGETDURATION:2',
      `#EXT-X-MEDIA-SEQUENCE:${first}`,
      ...names.flatMap(name => ['#EXTINF:2,', name]),
    ].join('\n'),
  );

/** What is found after these playlists, each a second after the one before, whose fragments all come at once. */
function watch(playlists: ReadPlaylist[], dataOf: (sequence: number) => Uint8Array): Partial<Watching['faults']> {
  const watching = new Watching(content.map(data => digestOf([data])));
  for (const [second, list] of playlists.entries())
    for (const segment of watching.listed(list))
      watching.fetched(segment, box(dataOf(segment.sequence)), second * 1000);
  return Object.fromEntries(Object.entries(watching.faults).filter(([, count]) => count > 0));
}

const inTurn = (sequence: number) => content[sequence % content.length] ?? new Uint8Array();

test('a viewer that gets every fragment once and in time has nothing to complain of', () => {
  expect(
    watch([playlist(0, ['a', 'b', 'c']), playlist(1, ['b', 'c', 'd']), playlist(2, ['c', 'd', 'e'])], inTurn),
  ).toEqual({});
});

test.each([
  [
    'a fragment that left the list before it was fetched',
    [playlist(0, ['a', 'b', 'c']), playlist(4, ['e'])],
    inTurn,
    { skipped: 1 },
  ],
  ['a list that goes back', [playlist(1, ['b', 'c']), playlist(0, ['a', 'b', 'c'])], inTurn, { wentBack: 1 }],
  ['another fragment in the same place', [playlist(0, ['a', 'b']), playlist(0, ['a', 'x'])], inTurn, { changed: 1 }],
  ['pictures that nobody sent', [playlist(0, ['a'])], () => Uint8Array.of(9), { wrongBytes: 1 }],
  ['the same pictures again', [playlist(0, ['a', 'b'])], () => Uint8Array.of(1), { outOfOrder: 1 }],
  [
    'a list that stands still until nothing is left to show',
    [playlist(0, ['a']), playlist(0, ['a']), playlist(0, ['a']), playlist(0, ['a', 'b'])],
    inTurn,
    { stalls: 1, stalledMs: 1000 },
  ],
])('a viewer notices %s', (_, playlists, dataOf, faults) => {
  expect(watch(playlists, dataOf)).toEqual(faults);
});
