// Which pictures of the bench's cameras the embedded server has stored, by the numbers in them.
import { createReadStream } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { readMatroska } from '../../agent/matroska/read.ts';
import { readOrdinal } from '../scripted-camera/stamp.ts';

export type StoredPictures = {
  stored: number;
  /** Numbers that are missing between the first and the last one stored of a camera. */
  lost: number;
  twice: number;
};

/** Of all streams in the server's folder. What was still on its way to the server does not count as lost. */
export async function countStoredPictures(cloudDir: string): Promise<StoredPictures> {
  const files = (await readdir(cloudDir, { recursive: true })).filter(name => name.endsWith('.mkv'));
  const byStream = Map.groupBy(files, dirname);
  const total = { stored: 0, lost: 0, twice: 0 };
  for (const names of byStream.values()) {
    const ordinals: number[] = [];
    for (const name of names) ordinals.push(...(await ordinalsIn(join(cloudDir, name))));
    const distinct = new Set(ordinals);
    const sorted = [...distinct].sort((a, b) => a - b);
    total.stored += ordinals.length;
    total.twice += ordinals.length - distinct.size;
    total.lost += Math.max(0, (sorted.at(-1) ?? -1) - (sorted[0] ?? 0) + 1 - distinct.size);
  }
  return total;
}

async function ordinalsIn(file: string): Promise<number[]> {
  const ordinals: number[] = [];
  for await (const event of readMatroska(createReadStream(file), { borrowFrames: true })) {
    const ordinal = event.type === 'frame' ? readOrdinal(event.frame.data) : undefined;
    if (ordinal !== undefined) ordinals.push(ordinal);
  }
  return ordinals;
}
