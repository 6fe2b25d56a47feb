// Real files made by ffmpeg and mkvmerge, and what ffprobe finds in them: the independent side of the tests.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A directory that is gone after `using` ends. */
export function temporaryDirectory(): Disposable & { path: string } {
  const path = mkdtempSync(join(tmpdir(), 'kvs-edge-matroska-'));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true }) };
}

const testPicture = (seconds: number) => ['-f', 'lavfi', '-i', `testsrc=size=160x120:rate=25:duration=${seconds}`];
const testTone = (seconds: number) => ['-f', 'lavfi', '-i', `sine=sample_rate=8000:duration=${seconds}`];

/** Encodes a test picture (and a tone when `audio` is given) to Matroska on a pipe, as the agent gets it from cameras. */
export function makeMatroska({
  seconds,
  video,
  audio,
}: {
  seconds: number;
  video: string[];
  audio?: string[];
}): Buffer {
  return execFileSync(
    'ffmpeg',
    [
      ...['-hide_banner', '-loglevel', 'error', '-nostdin'],
      ...testPicture(seconds),
      ...(audio ? testTone(seconds) : []),
      ...['-pix_fmt', 'yuv420p', ...video, ...(audio ?? [])],
      ...['-f', 'matroska', 'pipe:1'],
    ],
    { maxBuffer: 64 * 1024 * 1024, stdio: ['ignore', 'pipe', 'inherit'] },
  );
}

export const h264 = ['-c:v', 'libx264', '-preset', 'ultrafast', '-bf', '0', '-g', '25'];
export const h264WithBFrames = ['-c:v', 'libx264', '-preset', 'veryfast', '-bf', '2', '-g', '25'];
export const h265 = ['-c:v', 'libx265', '-preset', 'ultrafast', '-x265-params', 'log-level=error:keyint=25'];
export const aac = ['-c:a', 'aac'];
export const alaw = ['-c:a', 'pcm_alaw'];

/** The same media as mkvmerge writes it: known sizes, cues, seek heads, tags, lacing. */
export function remuxWithMkvmerge(media: Uint8Array): Buffer {
  using directory = temporaryDirectory();
  const from = join(directory.path, 'from.mkv');
  writeFileSync(from, media);
  const to = join(directory.path, 'to.mkv');
  execFileSync('mkvmerge', ['--quiet', '--output', to, from]);
  return readFileSync(to);
}

export type ProbedPacket = { track: number; timecodeMs: number; keyFrame: boolean; sizeBytes: number };

/** Every packet ffprobe finds, in file order. Throws when ffprobe warns of anything. */
export function probePackets(media: Uint8Array): ProbedPacket[] {
  const { stdout, stderr } = spawnSync(
    'ffprobe',
    ['-v', 'warning', '-show_entries', 'packet=stream_index,pts_time,size,flags', '-of', 'json', 'pipe:0'],
    { input: media, maxBuffer: 64 * 1024 * 1024, encoding: 'utf8' },
  );
  if (stderr !== '') throw new Error(`ffprobe: ${stderr}`);
  const { packets }: { packets: { stream_index: number; pts_time: string; size: string; flags: string }[] } =
    JSON.parse(stdout);
  return packets.map(packet => ({
    track: packet.stream_index + 1,
    timecodeMs: Math.round(Number(packet.pts_time) * 1000),
    keyFrame: packet.flags.includes('K'),
    sizeBytes: Number(packet.size),
  }));
}

/** mkvinfo's tree of the file, every element. Throws when mkvinfo warns of anything. */
export function mkvinfo(media: Uint8Array): string {
  using directory = temporaryDirectory();
  const file = join(directory.path, 'written.mkv');
  writeFileSync(file, media);
  const { stdout, stderr, status } = spawnSync('mkvinfo', ['--all', file], {
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  });
  if (status !== 0 || /warning|error|invalid/i.test(stdout + stderr)) throw new Error(`mkvinfo: ${stdout}${stderr}`);
  return stdout;
}
