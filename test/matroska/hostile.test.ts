// Damaged, cut and malicious input: it ends in events or an AgentError, soon, and without eating memory.
import { describe, expect, test } from 'vitest';
import { AgentError, type ErrorCode } from '../../agent/errors.ts';
import { concatBytes, element, idBytes, stringElement, uintElement, varintBytes } from '../../agent/matroska/ebml.ts';
import { ids } from '../../agent/matroska/elements.ts';
import type { MatroskaEvent } from '../../agent/matroska/event.ts';
import { MatroskaReader, type ReadLimits } from '../../agent/matroska/read.ts';
import { scanFragment } from '../../agent/matroska/scan.ts';
import { frameHeader, writeClusterStart, writeHeader } from '../../agent/matroska/write.ts';
import { seededRandom } from '../../scripts/fuzz/seeded-random.ts';
import { aac, h264, makeMatroska, remuxWithMkvmerge } from './ffmpeg-oracle.ts';

type Outcome = { events: number; error?: AgentError };

/** Reads in chunks of `chunkBytes`; anything thrown that is not an AgentError fails the test that called. */
function outcomeOf(media: Uint8Array, chunkBytes: number, limits?: ReadLimits): Outcome {
  const reader = new MatroskaReader(limits);
  const outcome: Outcome = { events: 0 };
  try {
    for (let start = 0; start < media.length; start += chunkBytes) {
      for (const _ of reader.push(media.subarray(start, start + chunkBytes))) outcome.events++;
    }
    reader.end();
  } catch (error) {
    if (!(error instanceof AgentError)) throw error;
    outcome.error = error;
  }
  return outcome;
}

function smallFragment(): { media: Uint8Array; blockEnds: number[] } {
  const data = (length: number) => Uint8Array.from({ length }, (_, index) => index);
  const parts = [
    writeHeader([{ type: 'video', number: 1, codecId: 'V_X', codecPrivate: data(20), width: 64, height: 36 }]),
    writeClusterStart(1000),
  ];
  const blockEnds: number[] = [];
  for (const [index, length] of [300, 0, 1, 90].entries()) {
    const frame = { trackNumber: 1, timecodeMs: 1000 + index * 40, keyFrame: index === 0, data: data(length) };
    parts.push(frameHeader(frame, 1000), frame.data);
    blockEnds.push(concatBytes(parts).length);
  }
  return { media: concatBytes(parts), blockEnds };
}

describe('a fragment cut at any byte', () => {
  const { media, blockEnds } = smallFragment();

  test('is whole only where an element ends, and truncated everywhere else', () => {
    const wholeAt: number[] = [];
    for (let length = 0; length <= media.length; length++) {
      const { error } = outcomeOf(media.subarray(0, length), 7);
      if (!error) wholeAt.push(length);
      else expect(error.code).toBe('matroska-truncated');
    }
    expect(wholeAt.slice(-blockEnds.length)).toEqual(blockEnds);
    // Before the blocks: nothing, EBML header, Segment, Info, Tracks, Cluster, Timecode.
    expect(wholeAt).toHaveLength(blockEnds.length + 7);
  });

  test('gives every block before the cut, and says how far it is good', () => {
    for (let length = 0; length <= media.length; length++) {
      const scan = scanFragment(media.subarray(0, length));
      const whole = blockEnds.filter(end => end <= length);
      expect(scan.frames).toHaveLength(whole.length);
      expect(scan.validBytes).toBe(whole.at(-1) ?? scan.headerBytes);
      expect(scanFragment(media.subarray(0, scan.validBytes)).error).toBeUndefined();
    }
  });
});

describe('input that is not what it should be', () => {
  const header = element(ids.ebml, stringElement(ids.docType, 'matroska'));
  const segment = concatBytes([idBytes(ids.segment), Uint8Array.of(0xff)]);
  const cluster = writeClusterStart(0);
  const announce = (id: number, sizeBytes: number) => concatBytes([idBytes(id), varintBytes(sizeBytes, 8)]);
  const tracksOf = (...fields: Uint8Array[]) => element(ids.tracks, element(ids.trackEntry, ...fields));
  const video = [uintElement(ids.trackType, 1), stringElement(ids.codecId, 'V_X'), uintElement(ids.trackNumber, 1)];

  const rows: [string, Uint8Array[], ErrorCode][] = [
    ['a web page', [Buffer.from('<!doctype html><title>Sign in</title>')], 'matroska-invalid'],
    ['zeros', [new Uint8Array(100)], 'matroska-invalid'],
    ['all ones', [new Uint8Array(100).fill(0xff)], 'matroska-invalid'],
    ['a segment without an EBML header', [segment, cluster], 'matroska-invalid'],
    ['another document type', [element(ids.ebml, stringElement(ids.docType, 'x'))], 'matroska-invalid'],
    ['a newer EBML', [element(ids.ebml, uintElement(ids.ebmlReadVersion, 2))], 'matroska-invalid'],
    [
      'a block outside of a cluster',
      [header, segment, element(ids.simpleBlock, new Uint8Array(9))],
      'matroska-invalid',
    ],
    ['a cluster outside of a segment', [header, cluster], 'matroska-invalid'],
    [
      'a block before the timecode',
      [header, segment, cluster.subarray(0, 5), element(ids.simpleBlock, Uint8Array.of(0x81, 0, 0, 0))],
      'matroska-invalid',
    ],
    [
      'a block of two bytes',
      [header, segment, cluster, element(ids.simpleBlock, new Uint8Array(2))],
      'matroska-invalid',
    ],
    ['a block group without a block', [header, segment, cluster, element(ids.blockGroup)], 'matroska-invalid'],
    [
      'laced frames larger than their block',
      [header, segment, cluster, element(ids.simpleBlock, Uint8Array.of(0x81, 0, 0, 2, 1, 9, 0))],
      'matroska-invalid',
    ],
    [
      'an uneven fixed lacing',
      [header, segment, cluster, element(ids.simpleBlock, Uint8Array.of(0x81, 0, 0, 4, 1, 9, 0, 0))],
      'matroska-invalid',
    ],
    ['a track without a number', [header, segment, tracksOf(...video.slice(0, 2))], 'matroska-invalid'],
    ['a compressed track', [header, segment, tracksOf(...video, element(ids.contentEncodings))], 'matroska-invalid'],
    ['a child larger than its parent', [header, segment, element(ids.tags, announce(ids.tag, 99))], 'matroska-invalid'],
    [
      'a time scale of zero',
      [header, segment, element(ids.info, uintElement(ids.timecodeScale, 0))],
      'matroska-invalid',
    ],
    [
      'an integer of nine bytes',
      [header, segment, cluster.subarray(0, 5), element(ids.timecode, new Uint8Array(9))],
      'matroska-invalid',
    ],
    ['tracks of unknown size', [header, segment, idBytes(ids.tracks), Uint8Array.of(0xff)], 'matroska-invalid'],
    [
      'a cluster larger than its segment',
      [header, announce(ids.segment, 20), announce(ids.cluster, 20)],
      'matroska-invalid',
    ],
    [
      'a segment inside a cluster of known size',
      [header, segment, announce(ids.cluster, 50), segment],
      'matroska-invalid',
    ],
    ['a segment of known size that stops early', [header, announce(ids.segment, 20)], 'matroska-truncated'],
    ['a block of 51 MB', [header, segment, cluster, announce(ids.simpleBlock, 51_000_000)], 'matroska-too-large'],
    ['tracks of 3 MB', [header, segment, announce(ids.tracks, 3_000_000)], 'matroska-too-large'],
    ['a void of 2^50 bytes', [header, segment, announce(ids.void, 2 ** 50)], 'matroska-too-large'],
  ];

  test.each(rows)('%s', (_, parts, code) => {
    for (const chunkBytes of [1, 5, 4096]) {
      const { error } = outcomeOf(concatBytes(parts), chunkBytes);
      expect(error?.code).toBe(code);
      expect(error?.message).toMatch(/^The stream .+\. Reading starts again .+\.$/);
    }
  });

  test('events before the bad byte arrive before its error', () => {
    const reader = new MatroskaReader();
    const events: MatroskaEvent[] = [];
    const media = concatBytes([smallFragment().media, new Uint8Array(4)]);
    expect(() => {
      for (const event of reader.push(media)) events.push(event);
    }).toThrow(AgentError);
    expect(events.filter(event => event.type === 'frame')).toHaveLength(4);
  });
});

test('an announced block of 50 MB costs memory only as it arrives', () => {
  const { media } = smallFragment();
  const announced = concatBytes([media, idBytes(ids.simpleBlock), varintBytes(50_000_000, 8), new Uint8Array(10)]);
  const before = process.memoryUsage().arrayBuffers;
  const readers = Array.from({ length: 20 }, () => {
    const reader = new MatroskaReader();
    for (const _ of reader.push(announced));
    return reader;
  });
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(20 * 1024 * 1024);
  expect(() => readers[0]?.end()).toThrow(AgentError);
});

test('a block of 8 MB that arrives in pieces of 100 bytes is read in linear time', () => {
  const data = new Uint8Array(8_000_000).fill(7);
  const frame = { trackNumber: 1, timecodeMs: 1000, keyFrame: true, data };
  const media = concatBytes([smallFragment().media, frameHeader(frame, 1000), data]);
  // Copying what is pending on every push would move 320 GB here.
  expect(outcomeOf(media, 100)).toEqual({ events: 9 });
});

test('24 000 mutated files: events or an AgentError, nothing else, in bounded time', () => {
  const random = seededRandom(20261123);
  const live = makeMatroska({ seconds: 0.2, video: h264, audio: aac });
  const originals = [smallFragment().media, live.subarray(0, 2500), remuxWithMkvmerge(live).subarray(0, 2500)];
  const codes = new Map<string, number>();
  for (let round = 0; round < 24_000; round++) {
    const media = mutate(originals[round % originals.length] ?? new Uint8Array(0), random);
    const limits = { maxFrameBytes: 10_000, maxHeaderElementBytes: 4000 };
    const { error, events } = outcomeOf(media, 1 + Math.floor(random() * 600), limits);
    expect(events).toBeLessThanOrEqual(media.length);
    codes.set(error?.code ?? 'whole', (codes.get(error?.code ?? 'whole') ?? 0) + 1);
  }
  // Every kind of ending was met, so the mutations reached deep enough.
  expect([...codes.keys()].sort()).toEqual(['matroska-invalid', 'matroska-too-large', 'matroska-truncated', 'whole']);
});

/** One to four of: a byte replaced, a bit flipped, bytes cut out, bytes put in. */
function mutate(original: Uint8Array, random: () => number): Uint8Array {
  let media: Uint8Array = Uint8Array.from(original);
  for (let left = 1 + Math.floor(random() * 4); left > 0; left--) {
    const at = Math.floor(random() * media.length);
    const kind = Math.floor(random() * 4);
    if (kind === 0) media[at] = Math.floor(random() * 256);
    else if (kind === 1) media[at] = (media[at] ?? 0) ^ (1 << Math.floor(random() * 8));
    else {
      const bytes = Math.floor(random() * 12);
      const filling = kind === 2 ? new Uint8Array(0) : Uint8Array.from({ length: bytes }, () => random() * 256);
      media = concatBytes([media.subarray(0, at), filling, media.subarray(kind === 2 ? at + bytes : at)]);
    }
  }
  return media;
}
