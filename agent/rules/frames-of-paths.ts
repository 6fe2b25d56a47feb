// Sightings with their paths as the frames that showed them, for sightings whose frames were not kept. Between the first and
// the last moment in one place there were frames nobody knows of: one a second is a good guess, and no more than a guess.
import type { Observation, Sighting } from '../../shared/sighting.ts';
import type { RuleFrame } from './evaluate.ts';

const stepMs = 1_000;
/** In one place; a parked car stands for days. */
const maxSteps = 600;

/** In the order of time, each camera's frames by themselves. */
export function framesOfPaths(sightings: readonly Sighting[]): RuleFrame[] {
  const frames = new Map<string, RuleFrame & { seen: RuleFrame['seen'][number][] }>();
  for (const { path, ...sighting } of sightings) {
    for (const { atMs, observation } of (path ?? [wholeOf(sighting)]).flatMap(moments)) {
      // On one grid, so that things that were there together are on the same frames.
      const frameMs = Math.max(sighting.atMs, Math.round(atMs / stepMs) * stepMs);
      const key = `${sighting.cameraId} ${frameMs}`;
      const frame = frames.get(key) ?? { cameraId: sighting.cameraId, atMs: frameMs, seen: [] };
      frames.set(key, frame);
      if (frame.seen.some(seen => seen.sighting.id === sighting.id)) continue;
      frame.seen.push({ sighting, observation: { ...observation, atMs: frameMs }, isNew: frameMs === sighting.atMs });
    }
  }
  return [...frames.values()].sort((a, b) => a.atMs - b.atMs);
}

function moments(observation: Observation): { atMs: number; observation: Observation }[] {
  const { atMs, untilMs = atMs } = observation;
  const steps = Math.min(maxSteps, Math.max(0, Math.ceil((untilMs - atMs) / stepMs)));
  return Array.from({ length: steps + 1 }, (_, step) => {
    return { atMs: steps === 0 ? atMs : atMs + ((untilMs - atMs) * step) / steps, observation };
  });
}

function wholeOf({ atMs, untilMs, confidence, box }: Sighting): Observation {
  return { atMs, confidence, ...(untilMs === undefined ? {} : { untilMs }), ...(box ? { box } : {}) };
}
