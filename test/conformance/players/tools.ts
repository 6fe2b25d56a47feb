// Players without a window: ffmpeg decodes everything, GStreamer and VLC demux and parse it, each with its own readers of
// HLS, DASH, MP4, transport streams and Matroska. They throw when the player complains.
import { createHash } from 'node:crypto';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';
import { run as runAtOnce } from '../../local-cloud/hls-stage.ts';
import { framesOf, type Media, type Recording, timesOf } from './media.ts';

/** A frame as a player has it: when it is shown, milliseconds after the first picture, and what it is. */
export type Seen = { ms: number; md5: string };

export type Played = { pictures: Seen[]; sounds: Seen[] };

type Playing = {
  /** Options for the input. */
  input?: readonly string[];
  /** In transport streams sound has headers of its own. */
  transport?: boolean;
  /** Lines that may be said. */
  forgiven?: RegExp;
};

let running = 0;
const waiting: (() => void)[] = [];

/** As hls-stage's `run`, three at a time: tests run side by side, and a machine has few cores. */
async function run(...command: Parameters<typeof runAtOnce>): ReturnType<typeof runAtOnce> {
  while (running >= 3) await new Promise<void>(resolve => waiting.push(resolve));
  running++;
  try {
    return await runAtOnce(...command);
  } finally {
    running--;
    waiting.shift()?.();
  }
}

/** All pictures, decoded, and all sound as it is packed. Throws when ffmpeg warns of anything: each time in a line of its own. */
export async function ffmpeg(url: string, { input = [], transport = false, forgiven }: Playing = {}): Promise<Played> {
  const { stdout, stderr } = await run('ffmpeg', [
    ...['-v', 'repeat+warning', '-nostdin', ...input, '-i', url, '-map', '0:v?', '-map', '0:a?'],
    ...['-autoscale', '0', '-fps_mode', 'passthrough', '-enc_time_base:v', '1:1000', '-c:a', 'copy'],
    ...[...(transport ? ['-bsf:a', 'aac_adtstoasc'] : []), '-f', 'framemd5', '-'],
  ]);
  complain('ffmpeg', stderr.replaceAll(/^Guessed Channel Layout.*\n/gm, ''), forgiven);
  const types = new Map([...stdout.matchAll(/^#media_type (\d): (\w+)$/gm)].map(match => [match[1], match[2]]));
  const unitsMs = new Map(
    [...stdout.matchAll(/^#tb (\d): (\d+)\/(\d+)$/gm)].map(match => [
      match[1],
      (1000 * +(match[2] ?? 0)) / +(match[3] ?? 1),
    ]),
  );
  const played: Played = { pictures: [], sounds: [] };
  for (const [, index, pts, md5 = ''] of stdout.matchAll(/^(\d), +-?\d+, +(-?\d+), +\d+, +\d+, (\w{32})/gm)) {
    const list = types.get(index) === 'video' ? played.pictures : played.sounds;
    list.push({ ms: Number(pts) * (unitsMs.get(index) ?? 0), md5 });
  }
  return fromFirst(played);
}

const decoded = new WeakMap<Media, Promise<string[]>>();

/** What a player that misses nothing has: each picture as ffmpeg decodes it from the encoder's own file. */
export async function truthOf(recording: Recording): Promise<Played> {
  const pictures: string[] = [];
  for (const { media } of recording) {
    const known =
      decoded.get(media) ?? withFile(media.file, ffmpeg).then(({ pictures }) => pictures.map(({ md5 }) => md5));
    decoded.set(media, known);
    pictures.push(...(await known));
  }
  const sounds = recording.flatMap(({ media }) => framesOf(media, 'audio').map(({ data }) => md5Of([data])));
  const timed = (md5s: readonly string[], times: readonly number[]) =>
    md5s.map((md5, index): Seen => ({ md5, ms: times[index] ?? Number.NaN }));
  return fromFirst({
    pictures: timed(pictures, timesOf(recording, 'video')),
    sounds: timed(sounds, timesOf(recording, 'audio')),
  });
}

/** What `look` makes of the file, which is gone afterwards. */
export async function withFile<Result>(bytes: Uint8Array, look: (path: string) => Promise<Result>): Promise<Result> {
  const dir = await mkdtemp(join(tmpdir(), 'players-'));
  try {
    // VLC comes as nobody.
    await chmod(dir, 0o755);
    await writeFile(join(dir, 'media'), bytes);
    return await look(join(dir, 'media'));
  } finally {
    await rm(dir, { recursive: true });
  }
}

/** The same frames at the same times. Sound is placed by its samples, not by rounded milliseconds. */
export function expectSame(played: Played, truth: Played): void {
  for (const kind of ['pictures', 'sounds'] as const) {
    expect(
      played[kind].map(({ md5 }) => md5),
      kind,
    ).toEqual(truth[kind].map(({ md5 }) => md5));
    const tolerance = kind === 'pictures' ? 1 : 2;
    const late = played[kind].filter(({ ms }, index) => Math.abs(ms - (truth[kind][index]?.ms ?? 0)) > tolerance);
    expect(late, kind).toEqual([]);
  }
}

function fromFirst({ pictures, sounds }: Played): Played {
  const firstMs = pictures[0]?.ms ?? sounds[0]?.ms ?? 0;
  const moved = (seen: readonly Seen[]) => seen.map(({ ms, md5 }) => ({ ms: ms - firstMs, md5 }));
  return { pictures: moved(pictures), sounds: moved(sounds) };
}

export type Parsed = { name: string /** Widths of pictures, rates of sound. */; shapes: number[]; times: number[] };

/**
 * Each stream's access units, times in milliseconds. Throws when GStreamer gives up.
 * @param readers of HLS and DASH: GStreamer has two of each
 */
export async function gstreamer(url: string, readers: 'newer' | 'older' = 'newer'): Promise<Record<string, Parsed>> {
  const element = readers === 'newer' ? 'uridecodebin3' : 'uridecodebin';
  const script = join(import.meta.dirname, 'gstreamer-player.py');
  const once = () => run('/usr/bin/python3', [script, element, url]);
  let { stdout, stderr } = await once();
  // It gives a server that a busy machine keeps from answering little time.
  if (stderr.includes("Couldn't download fragments")) ({ stdout, stderr } = await once());
  complain('GStreamer', stderr);
  const streams: Parsed[] = JSON.parse(stdout);
  return Object.fromEntries(
    streams.map(({ name, shapes, times }) => [
      name.startsWith('video') ? 'video' : 'audio',
      { name, shapes, times: times.map(ns => ns / 1e6) },
    ]),
  );
}

export type Demuxed = { frames: number /** Of all of them together. */; md5: string };

const nobody = 65_534;

/** What VLC takes out of a file or a stream, by Video and Audio. It does not run as root. */
export async function vlc(url: string): Promise<Record<string, Demuxed>> {
  const dir = await mkdtemp(join(tmpdir(), 'vlc-player-'));
  try {
    await chmod(dir, 0o777);
    const file = join(dir, 'stats');
    const args = ['-q', '-I', 'dummy', '--play-and-exit', url, 'vlc://quit', '--sout', `#stats{output=${file}}`];
    const asNobody = process.getuid?.() === 0 ? { uid: nobody, gid: nobody } : {};
    const { stderr } = await run('cvlc', args, { HOME: dir }, asNobody);
    const text = await readFile(file, 'utf8').catch(() => '');
    if (text === '') throw new Error(`VLC: ${stderr}`);
    const finals = text.matchAll(/^#stats: final type:(\w+) id:\d+ segments:(\d+) .*md5:(\w{32})/gm);
    return Object.fromEntries([...finals].map(([, type, frames, md5 = '']) => [type, { frames: Number(frames), md5 }]));
  } finally {
    await rm(dir, { recursive: true });
  }
}

export function md5Of(pieces: readonly Uint8Array[]): string {
  const hash = createHash('md5');
  for (const piece of pieces) hash.update(piece);
  return hash.digest('hex');
}

function complain(player: string, said: string, forgiven?: RegExp): void {
  const lines = said.split('\n').filter(line => line.trim() !== '' && !forgiven?.test(line));
  if (lines.length > 0) throw new Error(`${player}: ${lines.join('\n')}`);
}
