// Which fragment shows the picture of a time, and which pictures can come from one decoder. Pure.
import { spanMs } from '../hls/fragment-span.ts';
import type { StoredFragment } from '../store/media-store.ts';

/** A time and how far into its fragment it lies. */
export type Sample = { atMs: number; offsetMs: number };

/** Samples of one fragment. */
export type Sampled = { fragment: StoredFragment; samples: Sample[] };

type Clock = 'producer' | 'server';

/**
 * The fragments that are needed, in order; times that no fragment covers are left out.
 * @param fragments in order of this clock
 * @param timesMs ascending
 */
export function placeSamples(fragments: readonly StoredFragment[], timesMs: readonly number[], by: Clock): Sampled[] {
  const placed = fragments.map(fragment => ({
    fragment,
    startMs: by === 'producer' ? fragment.producerMs : fragment.serverMs,
  }));
  const found: Sampled[] = [];
  for (const atMs of timesMs) {
    const index = placed.findLastIndex(({ startMs }) => startMs <= atMs);
    const current = placed[index];
    if (!current || atMs >= current.startMs + spanMs(current, placed[index + 1])) continue;
    const sample = { atMs, offsetMs: atMs - current.startMs };
    const last = found.at(-1);
    if (last?.fragment === current.fragment) last.samples.push(sample);
    else found.push({ fragment: current.fragment, samples: [sample] });
  }
  return found;
}

/** Neighbours with one codec private data together: a decoder is started with it. */
export function byCodec(sampled: readonly Sampled[]): Sampled[][] {
  const groups: Sampled[][] = [];
  for (const entry of sampled) {
    const group = groups.at(-1);
    if (group?.[0]?.fragment.codecKey === entry.fragment.codecKey) group.push(entry);
    else groups.push([entry]);
  }
  return groups;
}
