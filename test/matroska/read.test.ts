// The reader against files of other muxers, with ffprobe's findings as the truth.
import { describe, expect, test } from 'vitest';
import { element, floatElement, stringElement, uintElement } from '../../agent/matroska/ebml.ts';
import { ids } from '../../agent/matroska/elements.ts';
import type { MatroskaEvent } from '../../agent/matroska/event.ts';
import { MatroskaReader, readMatroska } from '../../agent/matroska/read.ts';
import { scanFragment } from '../../agent/matroska/scan.ts';
import type { Frame } from '../../agent/matroska/track.ts';
import {
  aac,
  alaw,
  h264,
  h264WithBFrames,
  h265,
  makeMatroska,
  type ProbedPacket,
  probePackets,
  remuxWithMkvmerge,
} from './ffmpeg-oracle.ts';

function readAll(media: Uint8Array, chunkBytes = media.length): MatroskaEvent[] {
  const reader = new MatroskaReader();
  const events: MatroskaEvent[] = [];
  for (let start = 0; start < media.length; start += chunkBytes) {
    events.push(...reader.push(media.subarray(start, start + chunkBytes)));
  }
  reader.end();
  return events;
}

const framesOf = (events: MatroskaEvent[]): Frame[] =>
  events.flatMap(event => (event.type === 'frame' ? [event.frame] : []));

const asPacket = (frame: Frame): ProbedPacket => ({
  track: frame.trackNumber,
  timecodeMs: frame.timecodeMs,
  keyFrame: frame.keyFrame,
  sizeBytes: frame.data.length,
});

describe('every packet ffprobe finds is found, with its timecode and key flag', () => {
  test.each([
    ['H.264 with AAC', { video: h264, audio: aac }, ['V_MPEG4/ISO/AVC', 'A_AAC']],
    ['H.264 with A-law', { video: h264, audio: alaw }, ['V_MPEG4/ISO/AVC', 'A_MS/ACM']],
    ['H.264 with B-frames', { video: h264WithBFrames }, ['V_MPEG4/ISO/AVC']],
    ['H.265', { video: h265 }, ['V_MPEGH/ISO/HEVC']],
  ])('%s', (_, codecs, codecIds) => {
    const media = makeMatroska({ seconds: 3, ...codecs });
    const scan = scanFragment(media);
    expect(scan.error).toBeUndefined();
    expect(scan.tracks.map(track => track.codecId)).toEqual(codecIds);
    expect(scan.tracks[0]).toMatchObject({ type: 'video', width: 160, height: 120 });
    if ('audio' in codecs) expect(scan.tracks[1]).toMatchObject({ type: 'audio', sampleRate: 8000, channels: 1 });
    expect(scan.frames.map(asPacket)).toEqual(probePackets(media));
    expect(scan.frameCounts.get(1)).toBe(75);
  });

  test('as mkvmerge writes it: known sizes, cues, seek heads and lacing', () => {
    const media = remuxWithMkvmerge(makeMatroska({ seconds: 3, video: h264, audio: aac }));
    const byTrack = (packets: ProbedPacket[], track: number) => packets.filter(packet => packet.track === track);
    const found = scanFragment(media).frames.map(asPacket);
    const expected = probePackets(media);
    expect(byTrack(found, 1)).toEqual(byTrack(expected, 1));
    expect(byTrack(found, 2).map(packet => packet.sizeBytes)).toEqual(byTrack(expected, 2).map(p => p.sizeBytes));
  });
});

test('where the transport cuts the stream makes no difference, at any byte', () => {
  const media = makeMatroska({ seconds: 0.4, video: h264, audio: alaw });
  const whole = readAll(media);
  expect(framesOf(whole).length).toBeGreaterThan(10);
  expect(readAll(media, 1)).toEqual(whole);
  const summary = JSON.stringify(whole.map(event => [event.type, event.offset, event.endOffset]));
  for (let cut = 1; cut < media.length; cut += 1) {
    const halves = new MatroskaReader({ borrowFrames: true });
    const events = [...halves.push(media.subarray(0, cut)), ...halves.push(media.subarray(cut))];
    halves.end();
    expect(JSON.stringify(events.map(event => [event.type, event.offset, event.endOffset]))).toBe(summary);
  }
});

test('a chunk may be reused by the transport once its events were read', () => {
  const media = makeMatroska({ seconds: 1, video: h264 });
  const expected = framesOf(readAll(media));
  const reader = new MatroskaReader();
  const shared = new Uint8Array(1000);
  const events: MatroskaEvent[] = [];
  for (let start = 0; start < media.length; start += shared.length) {
    const piece = media.subarray(start, start + shared.length);
    shared.set(piece);
    events.push(...reader.push(shared.subarray(0, piece.length)));
    shared.fill(0xaa);
  }
  expect(framesOf(events)).toEqual(expected);
});

describe('hand-made streams', () => {
  const header = element(ids.ebml, stringElement(ids.docType, 'matroska'));
  const unknownSegment = Uint8Array.of(0x18, 0x53, 0x80, 0x67, 0xff);
  const unknownCluster = Uint8Array.of(0x1f, 0x43, 0xb6, 0x75, 0xff);
  const block = (id: number, track: number, relative: number, flags: number, ...body: number[]) =>
    element(id, Uint8Array.of(0x80 | track, (relative >> 8) & 0xff, relative & 0xff, flags, ...body));
  const stream = (...parts: Uint8Array[]) => Buffer.concat([header, unknownSegment, ...parts]);
  const cluster = (...blocks: Uint8Array[]) =>
    Buffer.concat([unknownCluster, uintElement(ids.timecode, 1000), ...blocks]);

  test.each([
    ['Xiph', 0x02, [2, 2, 1, 10, 11, 20, 30, 31]],
    ['EBML', 0x06, [2, 0x82, 0xbe, 10, 11, 20, 30, 31]],
  ])('%s lacing gives each of its frames', (_, lacing, body) => {
    const frames = framesOf(readAll(stream(cluster(block(ids.simpleBlock, 1, 5, 0x80 | lacing, ...body)))));
    expect(frames.map(frame => [...frame.data])).toEqual([[10, 11], [20], [30, 31]]);
    expect(frames.map(frame => frame.timecodeMs)).toEqual([1005, 1005, 1005]);
  });

  test('fixed lacing gives each of its frames, spaced by the default duration of the track', () => {
    const tracks = element(
      ids.tracks,
      element(
        ids.trackEntry,
        uintElement(ids.trackNumber, 3),
        uintElement(ids.trackType, 2),
        stringElement(ids.codecId, 'A_AAC'),
        uintElement(ids.defaultDuration, 20_000_000),
        element(ids.audio, floatElement(ids.samplingFrequency, 48_000), uintElement(ids.channels, 2)),
      ),
    );
    const events = readAll(stream(tracks, cluster(block(ids.simpleBlock, 3, -7, 0x04, 2, 1, 2, 3))));
    expect(framesOf(events).map(({ timecodeMs, data }) => [timecodeMs, ...data])).toEqual([
      [993, 1],
      [1013, 2],
      [1033, 3],
    ]);
    expect(events.find(event => event.type === 'tracks')).toMatchObject({
      tracks: [{ number: 3, sampleRate: 48_000, channels: 2, codecPrivate: new Uint8Array(0) }],
    });
  });

  test('a block group is a key frame unless it references another', () => {
    const group = (...extra: Uint8Array[]) => element(ids.blockGroup, block(ids.block, 1, 0, 0, 9), ...extra);
    const frames = framesOf(readAll(stream(cluster(group(), group(element(ids.referenceBlock, Uint8Array.of(1)))))));
    expect(frames.map(frame => frame.keyFrame)).toEqual([true, false]);
  });

  test('the timecode scale is honoured', () => {
    const info = element(ids.info, uintElement(ids.timecodeScale, 100_000));
    const events = readAll(stream(info, cluster(block(ids.simpleBlock, 1, 250, 0x80, 1))));
    expect(framesOf(events).map(frame => frame.timecodeMs)).toEqual([125]);
    expect(events.find(event => event.type === 'cluster')).toMatchObject({ timecodeMs: 100 });
  });

  test('void, checksums, cues and elements nobody knows are passed over, at any level', () => {
    const noise = [ids.void, ids.crc32, 0x4abc].map(id => element(id, new Uint8Array(300)));
    const media = stream(...noise, element(ids.cues, new Uint8Array(9)), cluster(...noise, block(0xa3, 1, 0, 0x80, 7)));
    expect(readAll(media).map(event => event.type)).toEqual(['header', 'segment', 'cluster', 'frame']);
  });

  test('a second header, segment and an undeclared track are reported, not refused', () => {
    const media = Buffer.concat([
      stream(cluster(block(0xa3, 9, 0, 0x80, 7))),
      stream(cluster(block(0xa3, 8, 0, 0, 7))),
    ]);
    const events = readAll(media);
    expect(events.map(event => event.type)).toEqual([
      ...['header', 'segment', 'cluster', 'frame'],
      ...['header', 'segment', 'cluster', 'frame'],
    ]);
    expect(framesOf(events).map(frame => frame.trackNumber)).toEqual([9, 8]);
  });

  test('offsets say where an element is in the stream', () => {
    const media = stream(cluster(block(0xa3, 1, 0, 0x80, 7)));
    const offsets = readAll(media, 3).map(({ type, offset, endOffset }) => [type, offset, endOffset]);
    const start = header.length;
    expect(offsets).toEqual([
      ['header', 0, start],
      ['segment', start, start + 5],
      ['cluster', start + 5, start + 14],
      ['frame', start + 14, start + 21],
    ]);
  });

  test('an async stream gives the same events', async () => {
    const media = stream(cluster(block(0xa3, 1, 0, 0x80, 7)));
    async function* chunks() {
      yield media.subarray(0, 20);
      yield media.subarray(20);
    }
    const events: MatroskaEvent[] = [];
    for await (const event of readMatroska(chunks())) events.push(event);
    expect(events).toEqual(readAll(media));
  });

  test('forgetting to iterate a push is told at the next one', () => {
    const reader = new MatroskaReader();
    reader.push(header);
    expect(() => reader.push(header)).toThrow(TypeError);
  });
});
