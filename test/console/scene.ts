// A short video for the console's tests, made by ffmpeg: a bright block stands in one of eight columns and jumps to
// another every two seconds. Whoever sees a frame knows which two seconds it is from, without trusting any timestamp.
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Box } from '../../shared/sighting.ts';

const run = promisify(execFile);

export const SEGMENT_MS = 2000;
export const SEGMENTS = 16;
const COLUMNS = 8;
const [WIDTH, HEIGHT] = [640, 360];
const BLOCK = { width: WIDTH / COLUMNS, top: 80, height: 200 };

/** Which column the block is in during the segment that begins at `segment * SEGMENT_MS` since 1970. */
export function columnOf(segment: number): number {
  return ((segment % SEGMENTS) * 3) % COLUMNS;
}

/** The block as a label's box. */
export function boxOf(segment: number): Box {
  return {
    left: columnOf(segment) / COLUMNS,
    top: BLOCK.top / HEIGHT,
    width: 1 / COLUMNS,
    height: BLOCK.height / HEIGHT,
  };
}

export type Scene = {
  init: Buffer;
  /** One a segment. The decode times begin anew with the first, so a discontinuity belongs before it. */
  segments: Buffer[];
  /** The frame in the middle of each segment. */
  stills: Buffer[];
};

/** Draws the scene into `dir`; or takes real `footage` instead of the block, to look at. */
export async function makeScene(dir: string, footage?: string): Promise<Scene> {
  const seconds = (SEGMENTS * SEGMENT_MS) / 1000;
  const x = `${BLOCK.width}*mod(floor(t/2+0.01)*3\\,${COLUMNS})`;
  const ground = `color=c=0x1d3a4f:s=${WIDTH}x${HEIGHT}:r=10[ground]`;
  const block = `color=c=white:s=${BLOCK.width}x${BLOCK.height}:r=10[block]`;
  const drawn = ['-f', 'lavfi', '-i', `${ground};${block};[ground][block]overlay=x='${x}':y=${BLOCK.top}`];
  const input = footage === undefined ? drawn : ['-ss', '18', '-i', footage];
  const video = ['-t', String(seconds), '-an', '-vf', `scale=${WIDTH}:${HEIGHT},fps=10,format=yuv420p`];
  const codec = ['-c:v', 'libx264', '-preset', 'ultrafast', '-bf', '0', '-g', '20', '-sc_threshold', '0'];
  const hls = ['-f', 'hls', '-hls_time', '2', '-hls_segment_type', 'fmp4', '-hls_playlist_type', 'vod'];
  const names = ['-hls_segment_filename', join(dir, '%d.m4s'), join(dir, 'media.m3u8')];
  await run('ffmpeg', ['-v', 'error', '-y', ...input, ...video, ...codec, ...hls, ...names]);
  const middle = ['-vf', 'fps=10,select=eq(mod(n\\,20)\\,10)', '-fps_mode', 'passthrough', '-q:v', '4'];
  await run('ffmpeg', ['-v', 'error', '-y', '-i', join(dir, 'media.m3u8'), ...middle, join(dir, '%d.jpg')]);
  const numbers = Array.from({ length: SEGMENTS }, (_, number) => number);
  return {
    init: await readFile(join(dir, 'init.mp4')),
    segments: await Promise.all(numbers.map(number => readFile(join(dir, `${number}.m4s`)))),
    stills: await Promise.all(numbers.map(number => readFile(join(dir, `${number + 1}.jpg`)))),
  };
}
