// Parameter sets against ffmpeg: what it says a stream's size is, and what it writes as codec private data itself.
import { describe, expect, test } from 'vitest';
import { nalLengthSize, trackForKeyFrame } from '../../agent/codec/codec-private.ts';
import { isRandomAccess } from '../../agent/codec/nal.ts';
import { scanFragment } from '../../agent/matroska/scan.ts';
import type { VideoTrack } from '../../agent/matroska/track.ts';
import { cameraMedia } from '../fragmenter/camera-media.ts';

function firstKeyFrame(media: Uint8Array): { track: VideoTrack; data: Uint8Array } {
  const { tracks, frames } = scanFragment(media);
  const [track] = tracks;
  const [frame] = frames;
  if (track?.type !== 'video' || !frame) throw new Error('ffmpeg made no video');
  return { track, data: frame.data };
}

const streams = [
  ['H.264 Baseline', { codec: 'h264', size: '320x180', extra: ['-profile:v', 'baseline'] }],
  ['H.264 High', { codec: 'h264', size: '640x360', extra: ['-profile:v', 'high'] }],
  ['H.264 cropped at the right and the bottom', { codec: 'h264', size: '322x182', extra: [] }],
  ['H.264 4:4:4, 10 bits', { codec: 'h264', size: '318x178', extra: ['-pix_fmt', 'yuv444p10le'] }],
  ['H.264 interlaced', { codec: 'h264', size: '320x180', extra: ['-flags', '+ildct+ilme'] }],
  ['H.265', { codec: 'h265', size: '320x180', extra: [] }],
  ['H.265 cropped, 10 bits', { codec: 'h265', size: '322x182', extra: ['-pix_fmt', 'yuv420p10le'] }],
] as const;

describe.each(streams)('%s', (_, { codec, size, extra }) => {
  const { track, data } = firstKeyFrame(cameraMedia({ codec, size, seconds: 0.2, extra }));

  test('codec private data and size are made from the key frame when the container has none', () => {
    const bare = { ...track, codecPrivate: new Uint8Array(0), width: 0, height: 0 };
    const made = trackForKeyFrame(bare, data);
    expect(`${made.width}x${made.height}`).toBe(size);
    expect({ width: made.width, height: made.height }).toEqual({ width: track.width, height: track.height });
    if (codec === 'h264') expect(hex(made.codecPrivate)).toBe(hex(track.codecPrivate));
    else expect(hex(made.codecPrivate).slice(0, 26)).toBe(hex(track.codecPrivate).slice(0, 26));
    expect(nalLengthSize(made)).toBe(4);
  });

  test('a key frame that repeats the known sets changes nothing', () => {
    expect(trackForKeyFrame(track, data)).toBe(track);
  });

  test('the key frame is recognised without its flag', () => {
    expect(isRandomAccess(codec, data, 4, false)).toBe(true);
  });
});

test.each(['h264', 'h265'] as const)('%s: a new picture size in band makes new codec private data', codec => {
  const before = firstKeyFrame(cameraMedia({ codec, size: '320x180', seconds: 0.2 }));
  const after = firstKeyFrame(cameraMedia({ codec, size: '640x360', seconds: 0.2 }));
  const changed = trackForKeyFrame(before.track, after.data);
  expect(changed).toMatchObject({ width: 640, height: 360, number: before.track.number });
  expect(hex(changed.codecPrivate)).not.toBe(hex(before.track.codecPrivate));
  expect(trackForKeyFrame(changed, after.data)).toBe(changed);
});

test('a key frame without parameter sets, or with damaged ones, keeps the track', () => {
  const { track, data } = firstKeyFrame(cameraMedia({ codec: 'h264', size: '320x180', seconds: 0.2 }));
  expect(trackForKeyFrame(track, Uint8Array.of(0, 0, 0, 3, 0x65, 0x88, 0x80))).toBe(track);
  for (let length = 0; length < 60; length++) {
    const cut = trackForKeyFrame({ ...track, codecPrivate: track.codecPrivate.subarray(0, length % 40) }, data);
    expect(cut.width).toBe(320);
    expect(() => trackForKeyFrame(track, data.subarray(0, length))).not.toThrow();
  }
  expect(trackForKeyFrame(track, Uint8Array.of(0, 0, 0, 2, 0x67, 0x64))).toBe(track);
});

test('a damaged parameter set with an id that no set can have is left out', () => {
  const { track } = firstKeyFrame(cameraMedia({ codec: 'h264', size: '320x180', seconds: 0.2 }));
  const withPps = (...body: number[]) =>
    trackForKeyFrame(track, Uint8Array.of(0, 0, 0, 1 + body.length, 0x68, ...body));
  // 00000000 1 00000001 is 256, one too many; 00000000 1 00000000 is 255.
  expect(withPps(0x00, 0x80, 0x80)).toBe(track);
  expect(withPps(0x00, 0x80, 0x40).codecPrivate.length).toBeGreaterThan(track.codecPrivate.length);
});

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}
