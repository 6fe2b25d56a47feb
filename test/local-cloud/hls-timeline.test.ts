// Odd orders of fragments, and where a session lists them.
import { describe, expect, test } from 'vitest';
import { mainTrackFrames } from '../../agent/local-cloud/hls/fragment-span.ts';
import { mediaPlaylist } from '../../agent/local-cloud/hls/media-playlist.ts';
import { append, emptyTimeline, keepNewest, type TimelineRules } from '../../agent/local-cloud/hls/timeline.ts';
import type { StoredFragment } from '../../agent/local-cloud/store/media-store.ts';
import type { Track } from '../../agent/matroska/track.ts';

/** Two seconds at 25 frames a second, so 1960 ms as KVS counts, unless told otherwise. */
function fragment(number: number, producerMs: number, change: Partial<StoredFragment> = {}): StoredFragment {
  const video = { type: 'video', number: 1, codecId: 'V_MPEG4/ISO/AVC', width: 64, height: 36 } as const;
  return {
    ...{ streamName: 's', number: String(number).padStart(4, '0'), producerMs, serverMs: 50_000 + number * 2000 },
    ...{ lengthMs: 1960, bytes: 1000, frames: 50, timelineMs: 0, codecKey: 'a' },
    tracks: [{ ...video, codecPrivate: new Uint8Array() }],
    ...change,
  };
}

const always = { by: 'producer', discontinuities: 'ALWAYS', followCodecs: true, endToEnd: false } as const;
const never = { by: 'producer', discontinuities: 'NEVER', followCodecs: true, endToEnd: false } as const;
const byServer = { ...always, by: 'server' } as const;
/** As DASH places fragments. */
const endToEnd = { ...never, followCodecs: false, endToEnd: true } as const;
const onDiscontinuity = {
  by: 'producer',
  discontinuities: 'ON_DISCONTINUITY',
  followCodecs: true,
  endToEnd: false,
} as const;

describe('which fragments are listed, where a discontinuity is, and how long each lasts', () => {
  test.each<{
    name: string;
    rules: TimelineRules;
    fragments: StoredFragment[];
    numbers: string[];
    marks: boolean[];
    seconds: string[];
  }>([
    {
      ...{ name: 'one follows the other', rules: never, fragments: [fragment(1, 0), fragment(2, 2000)] },
      ...{ numbers: ['0001', '0002'], marks: [false, false], seconds: ['2', '2'] },
    },
    {
      ...{ name: 'ALWAYS marks the first one too', rules: always, fragments: [fragment(1, 0), fragment(2, 2000)] },
      ...{ numbers: ['0001', '0002'], marks: [true, true], seconds: ['2', '2'] },
    },
    {
      ...{ name: '50 ms of jitter is no gap', rules: onDiscontinuity, fragments: [fragment(1, 0), fragment(2, 2050)] },
      ...{ numbers: ['0001', '0002'], marks: [false, false], seconds: ['2.05', '2'] },
    },
    {
      ...{ name: '51 ms is a gap', rules: onDiscontinuity, fragments: [fragment(1, 0), fragment(2, 2051)] },
      ...{ numbers: ['0001', '0002'], marks: [false, true], seconds: ['2.051', '2'] },
    },
    {
      ...{ name: 'an overlap', rules: onDiscontinuity, fragments: [fragment(1, 0), fragment(2, 1900)] },
      ...{ numbers: ['0001', '0002'], marks: [false, true], seconds: ['2', '2'] },
    },
    {
      ...{ name: 'a gap of 4 s is not filled', rules: never, fragments: [fragment(1, 0), fragment(2, 6000)] },
      ...{ numbers: ['0001', '0002'], marks: [false, false], seconds: ['2', '2'] },
    },
    {
      ...{
        name: 'an older one that comes late stays out',
        rules: never,
        fragments: [fragment(1, 2000), fragment(2, 0)],
      },
      ...{ numbers: ['0001'], marks: [false], seconds: ['2'] },
    },
    {
      ...{ name: 'of one time the last counts', rules: never, fragments: [fragment(1, 0), fragment(2, 0)] },
      ...{ numbers: ['0002'], marks: [false], seconds: ['2'] },
    },
    {
      name: 'what is sent again behind a later one takes the place of the first',
      ...{ rules: never, fragments: [fragment(1, 0), fragment(2, 2000), fragment(3, 0)] },
      ...{ numbers: ['0003', '0002'], marks: [false, false], seconds: ['2', '2'] },
    },
    {
      name: 'by server time it keeps its own place',
      ...{
        rules: { ...byServer, discontinuities: 'NEVER' },
        fragments: [1, 2, 3].map(n => fragment(n, n === 2 ? 2000 : 0)),
      },
      ...{ numbers: ['0002', '0003'], marks: [false, false], seconds: ['2', '2'] },
    },
    {
      name: 'other codec private data is a discontinuity even with NEVER',
      ...{ rules: never, fragments: [fragment(1, 0), fragment(2, 2000, { codecKey: 'b' })] },
      ...{ numbers: ['0001', '0002'], marks: [false, true], seconds: ['2', '2'] },
    },
    {
      name: 'a single frame',
      ...{ rules: never, fragments: [fragment(1, 0, { lengthMs: 0, frames: 1 })] },
      ...{ numbers: ['0001'], marks: [false], seconds: ['0.04'] },
    },
  ])('$name', ({ rules, fragments, numbers, marks, seconds }) => {
    const timeline = append(emptyTimeline, fragments, rules);
    expect(timeline.entries.map(entry => entry.fragment.number)).toEqual(numbers);
    expect(timeline.entries.map(entry => entry.discontinuity)).toEqual(marks);
    const playlist = { trackNumber: 1, token: 'T', showTimestamps: false, onDemand: true, ended: true };
    const text = mediaPlaylist({ ...playlist, container: 'FRAGMENTED_MP4', timeline });
    expect([...text.matchAll(/#EXTINF:([\d.]+),/g)].map(match => match[1])).toEqual(seconds);
  });
});

test('what has left is counted, and the target duration does not shrink when a long fragment leaves', () => {
  const first = append(emptyTimeline, [fragment(1, 0, { lengthMs: 9800 }), fragment(2, 10_000)], always);
  const later = keepNewest(append(first, [fragment(3, 12_000), fragment(4, 14_000)], always), 2);
  expect(later.entries.map(entry => entry.fragment.number)).toEqual(['0003', '0004']);
  expect(later).toMatchObject({ mediaSequence: 2, discontinuitySequence: 2, longestMs: 10_000 });
});

test('what a list said of a fragment stays when the next one comes', () => {
  const lengths = (timeline: ReturnType<typeof append>) => timeline.entries.map(({ listedMs }) => listedMs);
  const first = append(emptyTimeline, [fragment(1, 0), fragment(2, 2010)], never);
  expect(lengths(first)).toEqual([2010, 2000]);
  expect(first.targetSeconds).toBe(2);
  // A late frame could be filled up to 2.6 s, which the target duration has no room for.
  const later = append(first, [fragment(3, 4300), fragment(4, 6900)], never);
  // What the second was too short, and what did not fit into the third, is still owed.
  expect(lengths(later)).toEqual([2010, 2000, 2499, 2391]);
  expect(later.targetSeconds).toBe(2);
  const longer = append(later, [fragment(5, 9000, { lengthMs: 5000 })], never);
  expect(longer.targetSeconds).toBe(6);
});

test('a single picture is listed for as long as the one before it lasted', () => {
  const picture = (number: number) => fragment(number, number * 1000, { lengthMs: 0, frames: 1 });
  const first = append(emptyTimeline, [picture(1), picture(2)], never);
  const later = append(first, [picture(3)], never);
  expect(later.entries.map(({ listedMs }) => listedMs)).toEqual([1000, 1000, 1000]);
});

test('single pictures that come one by one are listed for as long as they are apart, once that is known', () => {
  let timeline = emptyTimeline;
  for (let number = 1; number <= 6; number++)
    timeline = append(timeline, [fragment(number, number * 1000, { lengthMs: 0, frames: 1 })], never);
  // A second of them has room for half a second more, in which the first one's error is made good.
  expect(timeline.entries.map(({ listedMs }) => listedMs)).toEqual([40, 1499, 1461, 1000, 1000, 1000]);
});

test('behind a discontinuity, what came in a burst is listed for as long as it plays', () => {
  const burst = [1, 2, 3].map(number => fragment(number, number * 2000, { serverMs: 50_000 + number * 100 }));
  const { entries } = append(emptyTimeline, burst, byServer);
  expect(entries.map(({ listedMs }) => listedMs)).toEqual([2000, 2000, 2000]);
});

/** Twelve hours of 25 pictures and 46.875 packets of sound a second, times rounded to milliseconds, two seconds each. */
function halfDay(): StoredFragment[] {
  const packetMs = 1024 / 48;
  return Array.from({ length: 21_600 }, (_, index) => {
    const [fromMs, toMs] = [index * 2000, (index + 1) * 2000];
    const [firstPacket, nextPacket] = [Math.ceil(fromMs / packetMs), Math.ceil(toMs / packetMs)];
    const lastMs = Math.max(toMs - 40, Math.round((nextPacket - 1) * packetMs));
    const [video] = fragment(0, 0).tracks;
    const tracks = video ? [video, { ...aac, codecPrivate: lowComplexity }] : [];
    const frames = 50 + nextPacket - firstPacket;
    return fragment(index, fromMs, { lengthMs: lastMs - fromMs, frames, tracks });
  });
}

test.each([
  { name: 'HLS', rules: never },
  { name: 'DASH', rules: endToEnd },
])('$name, LIVE: in half a day what was said stays, and the list does not part from the media', ({ rules }) => {
  let timeline = emptyTimeline;
  let listedMs = 0;
  const parted: number[] = [];
  for (const live of halfDay()) {
    const said = timeline.entries;
    timeline = keepNewest(append(timeline, [live], rules), 5);
    expect(timeline.entries.slice(0, -1)).toEqual(said.slice(-4));
    parted.push(listedMs - live.producerMs);
    listedMs += timeline.entries.at(-1)?.listedMs ?? 0;
  }
  // A packet of sound at most.
  expect(Math.max(...parted.map(Math.abs))).toBeLessThanOrEqual(22);
  expect((timeline.entries.at(-1)?.mediaMs ?? 0) - 10_000).toBe(listedMs - (timeline.entries.at(-1)?.listedMs ?? 0));
  expect(timeline.targetSeconds).toBe(2);
});

test('DASH: a frame that comes late is made good by the fragment behind it, a hole is left out', () => {
  let timeline = emptyTimeline;
  for (const producerMs of [0, 2400, 4400, 6400, 20_000, 22_000])
    timeline = append(timeline, [fragment(producerMs, producerMs)], endToEnd);
  expect(timeline.entries.map(({ listedMs }) => listedMs)).toEqual([2000, 2400, 2000, 2000, 2000, 2000]);
  expect(timeline.entries.map(({ mediaMs }) => mediaMs - 10_000)).toEqual([0, 2000, 4400, 6400, 8400, 10_400]);
});

const aac = { type: 'audio', number: 2, codecId: 'A_AAC', sampleRate: 48_000, channels: 2 } as const;
const lowComplexity = Uint8Array.of(0x11, 0x90);

test.each<{ name: string; sound: Track; packets: number; lastMs: number; expectedMs: number }>([
  {
    name: 'ten pictures a second and sound: no longer than the last packet of sound is',
    ...{ sound: { ...aac, codecPrivate: lowComplexity }, packets: 94, lastMs: 1984, expectedMs: 2005 },
  },
  {
    name: 'HE-AAC, whose track has the rate of what is heard and half as many packets',
    ...{ sound: { ...aac, codecPrivate: Uint8Array.of(0x2b, 0x11, 0x88, 0x00) }, packets: 47, lastMs: 1963 },
    expectedMs: 2006,
  },
  {
    name: 'sound at no rate at all',
    ...{ sound: { ...aac, sampleRate: Number.NaN, codecPrivate: new Uint8Array() }, packets: 0, lastMs: 1900 },
    expectedMs: 2006,
  },
])('$name', ({ sound, packets, lastMs, expectedMs }) => {
  const [video] = fragment(1, 0).tracks;
  const mixed = fragment(1, 0, { lengthMs: lastMs, frames: 20 + packets, tracks: video ? [video, sound] : [] });
  expect(append(emptyTimeline, [mixed], never).entries[0]?.listedMs).toBe(expectedMs);
  expect(Math.abs(mainTrackFrames(mixed) - 20)).toBeLessThanOrEqual(1);
});

test('a picture and the sound of the same millisecond last as long as one picture', () => {
  const [entry] = append(emptyTimeline, [fragment(1, 0, { lengthMs: 0, frames: 2 })], never).entries;
  expect(entry?.listedMs).toBe(40);
});

test('by server time, what arrives within one millisecond is all listed', () => {
  const serverMs = 50_000;
  const burst = [fragment(1, 0, { serverMs }), fragment(2, 2000, { serverMs })];
  const { entries } = append(emptyTimeline, burst, byServer);
  expect(entries.map(({ listedMs }) => listedMs)).toEqual([2000, 2000]);
});

test.each([never, byServer, endToEnd])('what is listed is not listed again when it is sent again', rules => {
  const first = append(emptyTimeline, [fragment(1, 0), fragment(2, 2000), fragment(3, 4000)], rules);
  const later = append(first, [fragment(4, 2000), fragment(5, 4000), fragment(6, 6000)], rules);
  expect(later.entries.map(entry => entry.fragment.number)).toEqual(['0001', '0002', '0003', '0006']);
});

test('coming back to earlier codec private data is listed with an init segment again', () => {
  const changes = [fragment(1, 0), fragment(2, 2000, { codecKey: 'b' }), fragment(3, 4000)];
  const timeline = append(emptyTimeline, changes, never);
  expect(timeline.entries.map(entry => entry.codec)).toEqual([0, 1, 2]);
  expect(timeline.codecs.map(({ number }) => number)).toEqual(['0001', '0002', '0003']);
});

test('sound that appears in mid-session ends the session', () => {
  const [video] = fragment(1, 0).tracks;
  const sound: Track = {
    type: 'audio',
    number: 2,
    codecId: 'A_AAC',
    sampleRate: 48_000,
    channels: 2,
    codecPrivate: new Uint8Array(),
  };
  const changed = fragment(2, 2000, { codecKey: 'b', tracks: video ? [video, sound] : [] });
  expect(() => append(emptyTimeline, [fragment(1, 0), changed], never)).toThrow(/codec changed/);
});

test('by server time it is the arrival that places a fragment', () => {
  const timeline = append(emptyTimeline, [fragment(1, 9000), fragment(2, 1000)], byServer);
  expect(timeline.entries.map(entry => entry.startMs)).toEqual([52_000, 54_000]);
});
