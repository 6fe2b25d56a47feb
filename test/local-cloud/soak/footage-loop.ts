// A recording as an endless live stream: cut at its key frames, repeated, with the time that passes for timecodes.
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { scanFragment } from '../../../agent/matroska/scan.ts';
import type { Frame, Track } from '../../../agent/matroska/track.ts';

export type FootageLoop = {
  tracks: Track[];
  /** Pictures of each fragment, the first of each a key frame. All fragments have as many. */
  fragments: Frame[][];
  /** From one picture to the next. */
  pictureMs: number;
  fragmentMs: number;
};

/** @param file a Matroska file with one track, a constant picture rate and a key frame every so many pictures */
export async function readFootageLoop(file: string): Promise<FootageLoop> {
  const { tracks, frames, error } = scanFragment(await readFile(file));
  if (error || tracks.length !== 1) throw new Error(`${file} is no recording of one track`, { cause: error });
  const fragments: Frame[][] = [];
  for (const frame of frames) {
    if (frame.keyFrame) fragments.push([frame]);
    else fragments.at(-1)?.push(frame);
  }
  const pictures = fragments[0]?.length ?? 0;
  const whole = fragments.filter(fragment => fragment.length === pictures);
  const [first, second] = frames;
  if (!first || !second || whole.length < fragments.length - 1) throw new Error(`${file} has no steady key frames`);
  const pictureMs = second.timecodeMs - first.timecodeMs;
  return { tracks, fragments: whole, pictureMs, fragmentMs: pictures * pictureMs };
}

/** What tells the fragments' pictures apart, in the order of the fragments. */
export function digestsOf({ fragments }: FootageLoop): string[] {
  return fragments.map(fragment => digestOf(fragment.map(({ data }) => data)));
}

export function digestOf(pieces: readonly Uint8Array[]): string {
  const hash = createHash('sha256');
  for (const piece of pieces) hash.update(piece);
  return hash.digest('base64');
}
