// Real coded video for the sampler tests: scenes that ffmpeg draws, and the footage kept beside the repository.
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { scanFragment } from '../../agent/matroska/scan.ts';
import type { Frame, Track } from '../../agent/matroska/track.ts';
import { frameHeader, writeClusterStart, writeHeader } from '../../agent/matroska/write.ts';
import type { KeyFrame } from '../../agent/sampler/annex-b.ts';

export type Coded = { tracks: Track[]; frames: Frame[] };

const maxBuffer = 64 * 2 ** 20;

/** Encodes `seconds` of an ffmpeg source at 5 frames and one key frame a second, without B-frames. */
export function encode(source: string, { seconds = 1, codec = 'libx264' } = {}): Coded {
  const bytes = execFileSync(
    'ffmpeg',
    [
      ...['-v', 'error', '-f', 'lavfi', '-i', source, '-t', String(seconds), '-r', '5'],
      ...['-c:v', codec, '-preset', 'ultrafast', '-g', '5', '-bf', '0', '-pix_fmt', 'yuv420p', '-threads', '1'],
      ...['-x265-params', 'log-level=none:bframes=0', '-f', 'matroska', 'pipe:1'],
    ],
    { maxBuffer, stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const { tracks, frames } = scanFragment(bytes);
  return { tracks, frames };
}

export function keyFrameOf({ tracks, frames }: Coded): KeyFrame {
  const [track] = tracks;
  const frame = frames.find(frame => frame.keyFrame);
  if (track?.type !== 'video' || !frame) throw new Error('ffmpeg made no key frame');
  return { track, data: frame.data };
}

/** The frames as a fragment whose first one has the timecode `startMs`, as the spool keeps it. */
export function fragmentAt(startMs: number, { tracks, frames }: Coded): Uint8Array {
  const firstMs = frames[0]?.timecodeMs ?? 0;
  const parts = frames.flatMap(frame => {
    const moved = { ...frame, timecodeMs: frame.timecodeMs - firstMs + startMs };
    return [frameHeader(moved, startMs), frame.data];
  });
  return Buffer.concat([writeHeader(tracks), writeClusterStart(startMs), ...parts]);
}

/** Undefined when the machine does not have the footage. */
export function footagePath(name: string): string | undefined {
  const path = join(import.meta.dirname, '../../../shared/media', name);
  return existsSync(path) ? path : undefined;
}

/** Grey rasters of a video, one every `everySeconds`. */
export function rastersOf(path: string, everySeconds: number): Uint8Array[] {
  const filter = `fps=1/${everySeconds},scale=64:36:flags=area,format=gray`;
  const raw = execFileSync('ffmpeg', ['-v', 'error', '-i', path, '-vf', filter, '-f', 'rawvideo', 'pipe:1'], {
    maxBuffer,
  });
  const bytes = 64 * 36;
  return Array.from({ length: raw.length / bytes }, (_, index) => raw.subarray(index * bytes, (index + 1) * bytes));
}
