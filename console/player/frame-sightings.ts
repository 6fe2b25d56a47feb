// Which sightings belong to the frame on the screen, and where they are on it. A thing is looked for on one frame in
// `everySeconds`: where it was found it is shown from the first frame to the last that it was found there on. What was in two
// places one after the other moved between them; otherwise a place holds for half that interval before and after.
import type { Box, Observation, Sighting } from '../../shared/sighting.ts';

/** Half the sampling interval when the camera does not say how often labels are looked for. */
export const DEFAULT_EVERY_SECONDS = 2;

/** In half intervals: so far apart may two places be to draw what moved between them. One picture may be missed. */
const MOST_BETWEEN = 4;
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
    const moving = movingPlace(sighting, frameMs, MOST_BETWEEN * halfIntervalMs);
    if (moving) return [moving];
    const { observation, awayMs } = nearestPlace(sighting, frameMs);
    // Half-way between two samples the one before holds, not both.
    if (awayMs > halfIntervalMs || frameMs + halfIntervalMs === observation.atMs) return [];
    const { atMs: fromMs, untilMs = fromMs, confidence, box } = observation;
    const { box: _, ...rest } = sighting;
    const atMs = Math.min(Math.max(frameMs, fromMs), untilMs);
    return [{ sighting: { ...rest, confidence, ...(box && { box }) }, atMs, fromMs }];
  });
}

/** Between two places it was found in, on a straight line; undefined when it was not on the way between two. */
function movingPlace({ path = [], ...rest }: Sighting, frameMs: number, mostMs: number): FrameSighting | undefined {
  const next = path.findIndex(({ atMs }) => atMs > frameMs);
  const [from, to] = [path[next - 1], path[next]];
  if (!from?.box || !to?.box) return undefined;
  const { atMs: fromMs, untilMs: leftMs = fromMs } = from;
  const gapMs = to.atMs - leftMs;
  if (frameMs <= leftMs || gapMs > mostMs) return undefined;
  const share = (frameMs - leftMs) / gapMs;
  const { confidence } = share < 0.5 ? from : to;
  return { sighting: { ...rest, confidence, box: boxBetween(from.box, to.box, share) }, atMs: frameMs, fromMs };
}

function boxBetween(from: Box, to: Box, share: number): Box {
  const between = (side: keyof Box) => from[side] + (to[side] - from[side]) * share;
  return { left: between('left'), top: between('top'), width: between('width'), height: between('height') };
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
