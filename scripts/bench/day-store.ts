// A store that holds a day of fragments without writing a day of media: one real fragment of 1 MB, and as many names for it.
import { link } from 'node:fs/promises';
import { join } from 'node:path';
import { systemClock } from '../../agent/clock.ts';
import { FragmentIndex } from '../../agent/local-cloud/store/fragment-index.ts';
import { fragmentNumber } from '../../agent/local-cloud/store/fragment-number.ts';
import type { StoredFragment } from '../../agent/local-cloud/store/media-store.ts';
import { Store } from '../../agent/local-cloud/store/store.ts';
import { folderName } from '../../agent/local-cloud/store/stream-records.ts';
import { ingest, saveStream } from '../../test/local-cloud/hls-stage.ts';
import { readFootageLoop } from '../../test/local-cloud/soak/footage-loop.ts';
import { matroskaFootage } from './footage.ts';

export const dayStream = 'day';
export const fragmentMs = 2000;
const marginMs = 3_600_000;

export type Day = { fragments: number; startMs: number; endMs: number };

/** Fragments of two seconds, one after the other, the last of which ended an hour ago. */
export async function fillDay(dataDir: string, fragments: number): Promise<Day> {
  const startMs = Math.floor(Date.now() - marginMs - fragments * fragmentMs);
  const real = await storeOne(dataDir, startMs);
  const folder = join(dataDir, 'streams', folderName(dayStream));
  const index = new FragmentIndex(join(dataDir, 'index.sqlite'));
  try {
    for (let place = 1; place < fragments; place++) {
      const serverMs = startMs + place * fragmentMs + 100;
      const number = fragmentNumber({ sequence: place + 1, serverMs, random: Math.random() });
      await link(join(folder, `${real.number}.mkv`), join(folder, `${number}.mkv`));
      const producerMs = startMs + place * fragmentMs;
      // The file's timecodes are those of the first fragment.
      index.add({ ...real, number, serverMs, producerMs, timelineMs: place * fragmentMs });
    }
  } finally {
    index.close();
  }
  return { fragments, startMs, endMs: startMs + fragments * fragmentMs };
}

async function storeOne(dataDir: string, startMs: number): Promise<StoredFragment> {
  const { tracks, fragments } = await readFootageLoop(await matroskaFootage(5));
  const clock = { ...systemClock, nowMs: () => startMs + 100 };
  const store = await Store.open({ dataDir, clock, random: Math.random, onProblem: reject });
  try {
    await saveStream(store, clock, dayStream, 48);
    const frames = fragments[0] ?? [];
    return await ingest({ store }, dayStream, { tracks, frames, byMs: startMs - (frames[0]?.timecodeMs ?? 0) });
  } finally {
    await store.close();
  }
}

function reject(error: Error): never {
  throw error;
}
