// What the tracker follows, as the rest of the agent knows it, and back. Pure.
import type { Seen, Sighting } from '../../shared/sighting.ts';
import type { Track } from './track.ts';
import type { Present } from './tracker.ts';

/** With what decides whether it is kept now or later. */
export type SeenNow = Seen & Pick<Present, 'moved' | 'better'>;

export function seenOf({ track, observation, isNew, moved, better }: Present, cameraId: string): SeenNow {
  return { sighting: sightingOf(track, cameraId), observation, isNew, moved, better };
}

/** With its path. */
export function sightingOf(track: Track, cameraId: string): Sighting {
  const { id, label, firstMs, lastMs, confidence, box, path } = track;
  const until = lastMs > firstMs ? { untilMs: lastMs } : {};
  return { id, cameraId, atMs: firstMs, ...until, label, confidence, ...(box && { box }), path };
}

export function trackOf({ id, label, atMs, untilMs = atMs, confidence, box, path = [] }: Sighting): Track {
  return { id, label, firstMs: atMs, lastMs: untilMs, confidence, ...(box && { box }), path };
}

/** As lists and events show it. */
export function withoutPath({ path: _, ...sighting }: Sighting): Sighting {
  return sighting;
}
