// Pictures that KVS cannot take, or that make fragments too long, made H.264 by a real ffmpeg: counted, and judged by ffprobe
// after they went through the fragmenter and the writer.
import { spawnSync } from 'node:child_process';
import { test as sequentialTest } from 'vitest';
import { systemClock } from '../../agent/clock.ts';
import { fragmentItems } from '../../agent/fragmenter/fragment-items.ts';
import type { Track } from '../../agent/matroska/track.ts';
import { frameHeader, writeClusterStart, writeHeader } from '../../agent/matroska/write.ts';
import {
  clip,
  framesOf,
  itemsOf,
  motionJpeg,
  picture,
  repaired,
  type Stream,
  times,
  tone,
  withBFrames,
  withoutBFrames,
} from './clips.ts';

const test = sequentialTest.concurrent;
const plan = { video: 'transcode', audio: 'aac' } as const;
const startMs = Date.UTC(2026, 2, 1, 10);

/** The stream as the fragments of one Matroska file, written as the spool writes them. */
async function fragmentsOf(stream: Stream): Promise<{ starts: number[]; media: Buffer }> {
  const starts: number[] = [];
  const pieces: Uint8Array[] = [];
  let tracks: Track[] | undefined;
  for await (const part of fragmentItems(itemsOf(stream), {
    clock: systemClock,
    cameraId: 'door',
    timeline: { startMs },
  })) {
    if (part.type === 'begin') {
      if (!tracks) pieces.push(writeHeader(part.tracks));
      tracks = part.tracks;
      starts.push(part.startMs - startMs);
      pieces.push(writeClusterStart(part.startMs));
    } else if (part.type === 'frame') {
      pieces.push(frameHeader(part.frame, startMs + (starts.at(-1) ?? 0)), part.frame.data);
    }
  }
  return { starts, media: Buffer.concat(pieces) };
}

type Decoded = { pict_type: string; pts: number; key_frame: number };

/** Every picture that can be decoded, by somebody else's decoder. Throws when it complains of anything. */
function decode(media: Uint8Array): Decoded[] {
  const args = [
    '-v',
    'warning',
    '-select_streams',
    'v:0',
    '-show_entries',
    'frame=pict_type,pts,key_frame',
    '-of',
    'json',
  ];
  const { stdout, stderr } = spawnSync('ffprobe', [...args, 'pipe:0'], {
    input: media,
    maxBuffer: 64 * 1024 * 1024,
    encoding: 'utf8',
  });
  if (stderr !== '') throw new Error(`ffprobe: ${stderr}`);
  return JSON.parse(stdout).frames;
}

test.for([
  { name: 'B-frames and a key frame every 24 s', args: [...picture(6), ...withBFrames] },
  { name: 'MJPEG', args: [...picture(6), ...motionJpeg] },
  { name: 'pictures with an odd size', args: [...picture(6, '321x181'), ...motionJpeg] },
  { name: 'five pictures a second', args: [...picture(6, '320x180', 5), ...withoutBFrames] },
  {
    name: 'H.265',
    args: [
      ...picture(6),
      '-pix_fmt',
      'yuv420p',
      '-c:v',
      'libx265',
      '-preset',
      'ultrafast',
      '-x265-params',
      'log-level=error',
    ],
  },
])(
  '$name: each picture comes out once, in order, at its time, and a key frame every 2 s',
  async ({ args }, { expect }) => {
    const stream = await clip(...args);
    const { only, problems } = await repaired(stream, plan);
    expect(problems).toEqual([]);
    expect(only.tracks).toMatchObject([{ type: 'video', number: 1, codecId: 'V_MPEG4/ISO/AVC' }]);
    expect(times(only.frames)).toEqual(times(stream.frames).sort((a, b) => a - b));
    const keyTimes = times(only.frames.filter(frame => frame.keyFrame));
    expect(keyTimes).toEqual([0, 2000, 4000]);
    const { starts, media } = await fragmentsOf(only);
    expect(starts).toEqual(keyTimes);
    const decoded = decode(media);
    expect(decoded.map(({ pts }) => pts - startMs)).toEqual(times(only.frames));
    expect(decoded.filter(({ pict_type }) => pict_type === 'B')).toEqual([]);
  },
);

test('sound stays with its picture when both are re-encoded', async ({ expect }) => {
  const stream = await clip(...picture(6), ...tone(6), ...withBFrames, '-c:a', 'pcm_alaw');
  const { only } = await repaired(stream, plan);
  const { frames } = only;
  expect(framesOf(only, 'video').length).toBe(framesOf(stream, 'video').length);
  const late = frames.filter((frame, index) => frame.timecodeMs < Math.max(0, ...times(frames.slice(0, index))));
  expect(late).toEqual([]);
});
