// What we write, read back by ffprobe, ffmpeg and mediabunny.
import { spawnSync } from 'node:child_process';
import { ALL_FORMATS, BufferSource, EncodedPacketSink, Input } from 'mediabunny';
import { describe, expect, test } from 'vitest';
import type { Frame, Track } from '../../agent/matroska/track.ts';
import { initSegment } from '../../agent/mp4/init-segment.ts';
import { mediaSegment } from '../../agent/mp4/media-segment.ts';
import { movieHead } from '../../agent/mp4/movie.ts';
import { playable } from '../../agent/mp4/playable.ts';
import { sampleTiming } from '../../agent/mp4/sample-timing.ts';
import { aac, alaw, h264, h264WithBFrames, h265, makeMatroska } from '../matroska/ffmpeg-oracle.ts';
import { cut, fileOf, mustPlay, trackOf } from './segments.ts';

const startMs = 1_795_420_834_567;

type Probe = {
  streams: { codec_name: string; width?: number; height?: number; time_base: string; nb_read_frames: string }[];
  packets: { pts: number; dts: number; duration: number; flags: string; size: string }[];
};

/** Decodes every frame. Throws when ffprobe warns of anything. */
function probe(file: Uint8Array): Probe {
  const entries = 'stream=codec_name,width,height,time_base,nb_read_frames:packet=pts,dts,duration,flags,size';
  const { stdout, stderr } = spawnSync(
    'ffprobe',
    ['-v', 'warning', '-count_frames', '-show_entries', entries, '-of', 'json', 'pipe:0'],
    { input: file, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 },
  );
  if (stderr !== '') throw new Error(`ffprobe: ${stderr}`);
  return JSON.parse(stdout);
}

describe.each([
  { name: 'H.264', video: h264, codecName: 'h264', codec: /^avc1\.42c0[0-9a-f]{2}$/, reordered: false },
  {
    name: 'H.264 with B-frames',
    video: h264WithBFrames,
    codecName: 'h264',
    codec: /^avc1\.[0-9a-f]{6}$/,
    reordered: true,
  },
  { name: 'H.265', video: h265, codecName: 'hevc', codec: /^hvc1\.1\.6\.L\d+(\.[0-9a-f]+)*$/, reordered: true },
])('$name from ffmpeg', ({ video, codecName, codec, reordered }) => {
  const { playable: track, frames } = trackOf(makeMatroska({ seconds: 3, video }), 'video');
  const file = fileOf(track, cut(frames), startMs);

  test('decodes frame for frame without a warning, at the times the camera gave', () => {
    const { streams, packets } = probe(file);
    expect(streams).toMatchObject([
      { codec_name: codecName, width: 160, height: 120, time_base: '1/90000', nb_read_frames: '75' },
    ]);
    expect(packets.map(packet => packet.pts)).toEqual(frames.map(frame => (startMs + frame.timecodeMs) * 90));
    expect(packets.map(packet => packet.flags.includes('K'))).toEqual(frames.map(frame => frame.keyFrame));
    expect(packets.map(packet => Number(packet.size))).toEqual(frames.map(frame => frame.data.length));
  });

  test('has decode times that strictly increase and never come after the picture is due', () => {
    const { packets } = probe(file);
    const steps = packets.slice(1).map((packet, index) => packet.dts - (packets[index]?.dts ?? 0));
    expect(Math.min(...steps)).toBeGreaterThan(0);
    if (!reordered) expect(new Set(steps)).toEqual(new Set([3600]));
    expect(packets.every(packet => packet.dts <= packet.pts)).toBe(true);
  });

  test('is described to players by the same codec string mediabunny finds in it', async () => {
    using input = new Input({ source: new BufferSource(new Uint8Array(file)), formats: ALL_FORMATS });
    const found = await input.getPrimaryVideoTrack();
    expect(track.codec).toMatch(codec);
    const config = await found?.getDecoderConfig();
    // It names every H.265 hev1, whatever the sample entry is called.
    expect(config?.codec).toBe(track.codec.replace('hvc1', 'hev1'));
    expect(new Uint8Array(config?.description as ArrayBuffer)).toEqual(new Uint8Array(track.track.codecPrivate));
  });
});

test('pictures that wait for their turn keep their times on a timeline that begins at 0', async () => {
  const { playable: track, frames } = trackOf(makeMatroska({ seconds: 1, video: h264WithBFrames }), 'video');
  const file = fileOf(track, cut(frames), 0);
  using input = new Input({ source: new BufferSource(new Uint8Array(file)), formats: ALL_FORMATS });
  const found = await input.getPrimaryVideoTrack();
  if (!found) throw new Error('no video');
  const times: number[] = [];
  for await (const packet of new EncodedPacketSink(found).packets()) times.push(Math.round(packet.timestamp * 1000));
  expect(times).toEqual(frames.map(frame => frame.timecodeMs));
});

test('only what comes in fragments says that it is CMAF', () => {
  const { playable: track, frames } = trackOf(makeMatroska({ seconds: 1, video: h264 }), 'video');
  const sizes = frames.map(frame => frame.data.length);
  const timing = sampleTiming(track, { timesMs: frames.map(frame => frame.timecodeMs), sizes });
  const chunks = [{ offsetBytes: 0, samples: sizes.length }];
  const movie = movieHead([{ playable: track, sizes, keys: frames.map(frame => frame.keyFrame), timing, chunks }], 0);
  const brands = (file: Uint8Array) => Buffer.from(file).toString('latin1', 4, file[3]);
  expect(brands(initSegment(track))).toBe('ftypiso6\0\0\0\x01iso6cmfcmp41');
  expect(brands(movie)).toBe('ftypiso6\0\0\0\x01iso6mp41');
});

describe('AAC from ffmpeg', () => {
  const { playable: track, frames } = trackOf(makeMatroska({ seconds: 3, video: h264, audio: aac }), 'audio');

  test('has frames of exactly 1024 samples although Matroska rounded their times to milliseconds', () => {
    const { streams, packets } = probe(fileOf(track, [frames], startMs));
    expect(streams).toMatchObject([{ codec_name: 'aac', time_base: '1/8000' }]);
    expect(packets).toHaveLength(frames.length);
    expect(new Set(packets.slice(1).map((packet, index) => packet.pts - (packets[index]?.pts ?? 0)))).toEqual(
      new Set([1024]),
    );
    expect(packets[0]?.pts).toBe((startMs + (frames[0]?.timecodeMs ?? 0)) * 8);
  });

  test('is read by mediabunny as the same AAC', async () => {
    const file = fileOf(track, [frames], startMs);
    using input = new Input({ source: new BufferSource(new Uint8Array(file)), formats: ALL_FORMATS });
    const found = await input.getPrimaryAudioTrack();
    expect(await found?.getDecoderConfig()).toMatchObject({
      codec: 'mp4a.40.2',
      sampleRate: 8000,
      numberOfChannels: 1,
    });
    let packets = 0;
    if (found)
      for await (const packet of new EncodedPacketSink(found).packets()) packets += packet.byteLength > 0 ? 1 : 0;
    expect(packets).toBe(frames.length);
  });

  test('goes on at the right time after half a second without sound', () => {
    const gap = frames.map((frame, index) => ({ ...frame, timecodeMs: frame.timecodeMs + (index >= 5 ? 500 : 0) }));
    const { packets } = probe(fileOf(track, [gap], startMs));
    expect((packets[5]?.pts ?? 0) - (packets[4]?.pts ?? 0)).toBe(1024 + 500 * 8);
    expect((packets[6]?.pts ?? 0) - (packets[5]?.pts ?? 0)).toBe(1024);
  });
});

describe('the length of the last frame', () => {
  const track = mustPlay({
    ...{ type: 'video', number: 1, codecId: 'V_MPEG4/ISO/AVC', width: 64, height: 36 },
    codecPrivate: Uint8Array.of(1, 0x42, 0xc0, 0x0d, 0xff, 0xe1, 0, 0),
  });
  const frame = (timecodeMs: number): Frame => ({ trackNumber: 1, timecodeMs, keyFrame: true, data: Uint8Array.of(1) });
  const durations = (timesMs: number[], endMs?: number): number[] => {
    const [head] = mediaSegment(track, { frames: timesMs.map(frame), sequence: 1, timelineMs: 0, endMs });
    const view = new DataView(head?.buffer ?? new ArrayBuffer(0));
    return timesMs.map((_, index) => view.getUint32(88 + 16 * index) / 90);
  };

  test.each([
    { name: 'the next fragment follows', timesMs: [1000, 1040, 1080], endMs: 1110, expected: [40, 40, 30] },
    { name: 'nothing is known of the next', timesMs: [1000, 1040, 1080], endMs: undefined, expected: [40, 40, 40] },
    { name: 'the next overlaps', timesMs: [1000, 1040, 1080], endMs: 1060, expected: [40, 40, 40] },
    { name: 'the only frame', timesMs: [1000], endMs: undefined, expected: [40] },
    { name: 'two frames at one time', timesMs: [1000, 1000], endMs: 1040, expected: [1 / 90, 40] },
    { name: 'frames from 1970', timesMs: [0, 40], endMs: 80, expected: [40, 40] },
  ])('$name', ({ timesMs, endMs, expected }) => {
    expect(durations(timesMs, endMs)).toEqual(expected);
  });

  test('a fragment without frames is the caller’s mistake', () => {
    expect(() => mediaSegment(track, { frames: [], sequence: 1, timelineMs: 0 })).toThrow(TypeError);
  });
});

describe('what a track needs to be played', () => {
  const video = { type: 'video', number: 1, width: 64, height: 36 } as const;
  const audio = { type: 'audio', number: 2, sampleRate: 48_000, channels: 2 } as const;
  const avc = 'V_MPEG4/ISO/AVC';
  const bytes = (hex: string) => Uint8Array.from(Buffer.from(hex, 'hex'));
  const cases: { name: string; track: Track; expected: object }[] = [
    { name: 'no avcC', track: { ...video, codecId: avc, codecPrivate: bytes('') }, expected: { problem: 'missing' } },
    {
      name: 'avcC without parameter sets',
      track: { ...video, codecId: avc, codecPrivate: bytes('0142c01fffe000') },
      expected: { problem: 'missing' },
    },
    {
      name: 'Annex B instead of avcC',
      track: { ...video, codecId: avc, codecPrivate: bytes('0000000167640028') },
      expected: { problem: 'invalid' },
    },
    {
      name: 'hvcC cut short',
      track: { ...video, codecId: 'V_MPEGH/ISO/HEVC', codecPrivate: bytes('0101') },
      expected: { problem: 'invalid' },
    },
    {
      name: 'no AAC config',
      track: { ...audio, codecId: 'A_AAC', codecPrivate: bytes('') },
      expected: { problem: 'missing' },
    },
    {
      name: 'AAC config with a reserved sample rate',
      track: { ...audio, codecId: 'A_AAC', codecPrivate: bytes('1690') },
      expected: { problem: 'invalid' },
    },
    {
      name: 'AAC config with an explicit sample rate',
      track: { ...audio, codecId: 'A_AAC', codecPrivate: bytes('1780232808') },
      expected: { codec: 'mp4a.40.2', timescale: 18_000 },
    },
    {
      name: 'HE-AAC, whose core runs at half the rate',
      track: { ...audio, codecId: 'A_AAC', codecPrivate: bytes('2b118800') },
      expected: { codec: 'mp4a.40.5', timescale: 24_000 },
    },
    {
      name: 'G.711',
      track: trackOfAlaw(),
      expected: { problem: 'unsupported' },
    },
  ];

  test.each(cases)('$name', ({ track, expected }) => {
    expect(playable(track)).toMatchObject(expected);
  });

  function trackOfAlaw(): Track {
    expect(makeMatroska({ seconds: 1, video: h264, audio: alaw }).includes('A_MS/ACM')).toBe(true);
    return { ...audio, codecId: 'A_MS/ACM', codecPrivate: bytes('') };
  }
});

test('the frames of a 547 KB fragment are handed on without copying', () => {
  const { playable: track } = trackOf(makeMatroska({ seconds: 1, video: h264 }), 'video');
  const frames = Array.from({ length: 60 }, (_, index) => ({
    ...{ trackNumber: 1, keyFrame: index === 0, timecodeMs: startMs + index * 33 },
    data: new Uint8Array(9_117),
  }));
  const fragment = { frames, sequence: 1, timelineMs: 0 };
  const parts = mediaSegment(track, fragment);
  for (const { data } of frames) expect(parts.some(part => part === data)).toBe(true);
  expect(initSegment(track).length).toBeLessThan(1_000);
});
