// The footage every bench is fed: 1080p25 H.264 of 4 Mbit/s with a key frame every 2 s, made once and kept in the system's
// folder for temporary files. Ten seconds are encoded and repeated: encoding 90 MB would take a minute and change nothing.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, mkdir, rename } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const folder = join(tmpdir(), 'kvs-edge-bench');
export const framesPerSecond = 25;
export const bitsPerSecond = 4_000_000;
const encodedSeconds = 10;
const picture = `testsrc2=size=1920x1080:rate=${framesPerSecond}:duration=${encodedSeconds}`;
const encoder = [
  ...['-c:v', 'libx264', '-preset', 'ultrafast', '-b:v', '4M', '-maxrate', '4M', '-bufsize', '2M'],
  ...['-bf', '0', '-g', '50', '-keyint_min', '50', '-sc_threshold', '0', '-pix_fmt', 'yuv420p'],
];

/** A Matroska file as ffmpeg writes it for the agent, of about `megabytes`. Rejects with ffmpeg's complaint. */
export async function matroskaFootage(megabytes: number): Promise<string> {
  const seconds = Math.round((megabytes * 8_000_000) / bitsPerSecond);
  const clip = await encodedClip();
  return await made(join(folder, `${seconds}-seconds.mkv`), [
    ...['-stream_loop', String(Math.ceil(seconds / encodedSeconds) - 1), '-i', clip, '-t', String(seconds)],
    ...['-c', 'copy', '-cluster_time_limit', '200', '-f', 'matroska'],
  ]);
}

/** The ten seconds themselves, for the pretend camera to repeat. */
export async function encodedClip(): Promise<string> {
  return await made(join(folder, 'clip.mkv'), [
    ...['-f', 'lavfi', '-i', picture, '-vf', 'noise=alls=8:allf=t', ...encoder, '-f', 'matroska'],
  ]);
}

async function made(file: string, args: string[]): Promise<string> {
  const exists = await access(file).then(
    () => true,
    () => false,
  );
  if (exists) return file;
  await mkdir(folder, { recursive: true });
  const partial = `${file}.${process.pid}`;
  const ffmpeg = spawn('ffmpeg', ['-v', 'error', '-nostdin', '-y', ...args, partial], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const [code] = await once(ffmpeg, 'exit');
  if (code !== 0) throw new Error(`ffmpeg could not make ${file} (exit code ${code})`);
  await rename(partial, file);
  return file;
}
