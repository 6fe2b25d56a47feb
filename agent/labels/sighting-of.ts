// What the tracker follows, as the rest of the agent knows it, and back. Pure.
import type { Seen, Sighting } from '../../shared/sighting.ts';
import type { Track } from './track.ts';
import type { Present } from './tracker.ts';

/** With what decides whether it is kept now or later. */
export type SeenNow = Seen & Pick<Present, 'moved' | 'better'> & { found: boolean };

export function seenOf({ track, observation, detection, isNew, moved, better }: Present, cameraId: string): SeenNow {
  return { sighting: sightingOf(track, cameraId), observation, isNew, moved, better, found: detection !== undefined };
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

/** As facts tell of it: where it is now. */
export function withLastPlace({ path, ...sighting }: Sighting): Sighting {
  return path ? { ...sighting, path: path.slice(-1) } : sighting;
}
