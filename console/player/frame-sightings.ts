// Which sightings belong to the frame on the screen. A label is looked for on one frame in `everySeconds`; its boxes hold
// for half that interval before and after, so that each frame shows the sample nearest to it and never one of another.
import type { Sighting } from '../../shared/sighting.ts';

/** Half the sampling interval when the camera does not say how often labels are looked for. */
export const DEFAULT_EVERY_SECONDS = 2;

const FULL_FOR_MS = 200;
const FADE_MS = 600;
const FADED = 0.4;

export type FrameSightings = {
  /** Producer timestamp of the sampled frame; undefined when no sample is near enough. */
  atMs: number | undefined;
  sightings: readonly Sighting[];
};

/** The sightings of the sample nearest to `frameMs`, at most `halfIntervalMs` away. `sightings` may be in any order. */
export function sightingsForFrame(
  sightings: readonly Sighting[],
  frameMs: number,
  halfIntervalMs: number,
): FrameSightings {
  let atMs: number | undefined;
  for (const sighting of sightings) {
    const distance = Math.abs(sighting.atMs - frameMs);
    if (distance > halfIntervalMs) continue;
    if (atMs === undefined || distance < Math.abs(atMs - frameMs)) atMs = sighting.atMs;
  }
  return { atMs, sightings: sightings.filter(sighting => sighting.atMs === atMs) };
}

/** How strongly a box is drawn, 0–1: it fades over 600 ms away from its own frame rather than pretend to track. */
export function boxStrength(atMs: number, frameMs: number): number {
  const away = Math.max(0, Math.abs(frameMs - atMs) - FULL_FOR_MS);
  return Math.max(FADED, 1 - (away / FADE_MS) * (1 - FADED));
}
