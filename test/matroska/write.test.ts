// What the writer writes, as mkvinfo, ffprobe and our own reader see it.
import { expect, test } from 'vitest';
import { MatroskaReader } from '../../agent/matroska/read.ts';
import { scanFragment } from '../../agent/matroska/scan.ts';
import type { Frame, Track } from '../../agent/matroska/track.ts';
import { frameHeader, writeClusterStart, writeHeader, writeTags } from '../../agent/matroska/write.ts';
import { aac, alaw, h264, h265, makeMatroska, mkvinfo, probePackets } from './ffmpeg-oracle.ts';

const startMs = 1_795_420_701_007;

/** One segment with a new cluster for every second of media. */
function write(tracks: Track[], frames: Frame[]): { written: Uint8Array; clusters: number } {
  const parts = [writeHeader(tracks)];
  let clusters = 0;
  let clusterMs = Number.NEGATIVE_INFINITY;
  for (const frame of frames) {
    if (frame.timecodeMs - clusterMs >= 1000) {
      clusterMs = frame.timecodeMs;
      clusters++;
      parts.push(writeTags([{ name: 'ROOM', value: 'Küche' }]), writeClusterStart(clusterMs));
    }
    parts.push(frameHeader(frame, clusterMs), frame.data);
  }
  return { written: Buffer.concat(parts), clusters };
}

test.each([
  ['H.264 with AAC', { video: h264, audio: aac }],
  ['H.264 with A-law', { video: h264, audio: alaw }],
  ['H.265', { video: h265 }],
])('%s: read, stamped and written again, it is the same media to ffprobe, mkvinfo and the reader', (_, codecs) => {
  const original = makeMatroska({ seconds: 3, ...codecs });
  const { tracks, frames } = scanFragment(original);
  const stamped = frames.map(frame => ({ ...frame, timecodeMs: frame.timecodeMs + startMs }));
  const { written, clusters } = write(tracks, stamped);

  const expected = probePackets(original).map(packet => ({ ...packet, timecodeMs: packet.timecodeMs + startMs }));
  expect(probePackets(written)).toEqual(expected);
  const tree = mkvinfo(written);
  expect(tree.match(/\+ Cluster$/gm)).toHaveLength(clusters);
  expect(tree.match(/\+ Simple block/gi)).toHaveLength(frames.length);

  const again = scanFragment(written);
  expect(again).toMatchObject({ tracks, startMs: stamped[0]?.timecodeMs, validBytes: written.length });
  expect(again.headerBytes).toBe(writeHeader(tracks).length);
  expect(again.frames).toEqual(stamped);
});

test('equal tracks give equal header bytes', () => {
  const { tracks } = scanFragment(makeMatroska({ seconds: 0.2, video: h264, audio: alaw }));
  expect(writeHeader(structuredClone(tracks))).toEqual(writeHeader(tracks));
});

test('the header is laid out byte by byte as KVS producers lay it out', () => {
  const track: Track = {
    type: 'video',
    number: 1,
    codecId: 'V_A',
    codecPrivate: Uint8Array.of(9),
    width: 640,
    height: 360,
  };
  const name = Buffer.from('kvs-edge-agent').toString('hex');
  expect(Buffer.from(writeHeader([track])).toString('hex')).toBe(
    [
      '1a45dfa3a3',
      '42868101',
      '42f78101',
      '42f28104',
      '42f38108',
      '4282886d6174726f736b61',
      '42878104',
      '42858102',
      '18538067ff',
      '1549a966a9',
      '2ad7b1830f4240',
      `4d808e${name}`,
      `57418e${name}`,
      '1654ae6ba6',
      'aea4',
      'd78101',
      '73c5880000000000000001',
      '838101',
      '8683565f41',
      'e088',
      'b0820280',
      'ba820168',
      '63a28109',
    ].join(''),
  );
});

test('a block header has an eight-byte size, the time since its cluster and the key flag', () => {
  const frame = { trackNumber: 2, timecodeMs: startMs - 2, keyFrame: true, data: new Uint8Array(300) };
  expect(Buffer.from(frameHeader(frame, startMs)).toString('hex')).toBe('a30100000000000130' + '82fffe80');
  expect(Buffer.from(writeClusterStart(startMs)).toString('hex')).toBe('1f43b675ffe788000001a20769c14f');
});

test('tags are read back as written, in order', () => {
  const tags = [
    { name: 'AWS_KINESISVIDEO_END_OF_FRAGMENT', value: '' },
    { name: 'a', value: '✓' },
  ];
  const bytes = Buffer.concat([writeHeader([]), writeTags(tags), writeClusterStart(0)]);
  expect([...new MatroskaReader().push(bytes)].find(event => event.type === 'tags')).toMatchObject({ tags });
  expect(mkvinfo(bytes)).toContain('AWS_KINESISVIDEO_END_OF_FRAGMENT');
});

test.each([32_768, -32_769, 0.5])('a frame %s ms from its cluster is refused: the format cannot say it', offsetMs => {
  const frame = { trackNumber: 1, timecodeMs: startMs + offsetMs, keyFrame: false, data: new Uint8Array(1) };
  expect(() => frameHeader(frame, startMs)).toThrow(TypeError);
});
