// Which sightings belong to the frame on the screen, and where they are on it. A thing is looked for on one frame in
// `everySeconds`: where it was found it is shown from the first frame to the last that it was found there on, and for half that
// interval before and after.
import type { Observation, Sighting } from '../../shared/sighting.ts';

/** Half the sampling interval when the camera does not say how often labels are looked for. */
export const DEFAULT_EVERY_SECONDS = 2;

const FULL_FOR_MS = 200;
const FADE_MS = 600;
const FADED = 0.4;

/** One thing on a frame. */
export type FrameSighting = {
  /** With the box and the confidence that it has there. */
  sighting: Sighting;
  /** The moment nearest to the frame at which it was there. */
  atMs: number;
  /** When it was first found in this place: a sampled frame. */
  fromMs: number;
};

/** All that is on the frame. `sightings` may be in any order, those without a path were in one place. */
export function sightingsForFrame(
  sightings: readonly Sighting[],
  frameMs: number,
  halfIntervalMs: number,
): FrameSighting[] {
  return sightings.flatMap(sighting => {
    const { observation, awayMs } = nearestPlace(sighting, frameMs);
    // Half-way between two samples the one before holds, not both.
    if (awayMs > halfIntervalMs || frameMs + halfIntervalMs === observation.atMs) return [];
    const { atMs: fromMs, untilMs = fromMs, confidence, box } = observation;
    const { box: _, ...rest } = sighting;
    const atMs = Math.min(Math.max(frameMs, fromMs), untilMs);
    return [{ sighting: { ...rest, confidence, ...(box && { box }) }, atMs, fromMs }];
  });
}

function nearestPlace(sighting: Sighting, frameMs: number): { observation: Observation; awayMs: number } {
  let nearest: { observation: Observation; awayMs: number } = {
    observation: sighting,
    awayMs: Number.POSITIVE_INFINITY,
  };
  for (const observation of sighting.path ?? [sighting]) {
    const { atMs, untilMs = atMs } = observation;
    const awayMs = Math.max(0, atMs - frameMs, frameMs - untilMs);
    if (awayMs < nearest.awayMs) nearest = { observation, awayMs };
  }
  return nearest;
}

/** How strongly a box is drawn, 0–1: it fades over 600 ms away from its own frame rather than pretend to track. */
export function boxStrength(atMs: number, frameMs: number): number {
  const away = Math.max(0, Math.abs(frameMs - atMs) - FULL_FOR_MS);
  return Math.max(FADED, 1 - (away / FADE_MS) * (1 - FADED));
}
