// Groups sightings, so that someone standing at the door for a minute is one entry and not thirty. Pure.
import type { Sighting } from '../../shared/sighting.ts';

const SAME_EVENT_MS = 60_000;

/** Sightings of one label at one camera, each less than 60 s from the next. */
export type SightingGroup = {
  /** The one to show: the most confident. */
  best: Sighting;
  fromMs: number;
  toMs: number;
  /** All of them, newest first. */
  sightings: Sighting[];
};

/** Groups in the order in which they ended, newest first. `sightings` may be in any order. */
export function groupSightings(sightings: readonly Sighting[]): SightingGroup[] {
  const newestFirst = sightings.toSorted((a, b) => b.atMs - a.atMs);
  const groups: SightingGroup[] = [];
  const open = new Map<string, SightingGroup>();
  for (const sighting of newestFirst) {
    const key = `${sighting.cameraId}\n${sighting.label}`;
    const group = open.get(key);
    const untilMs = sighting.untilMs ?? sighting.atMs;
    if (group && group.fromMs - untilMs < SAME_EVENT_MS) {
      group.fromMs = sighting.atMs;
      group.toMs = Math.max(group.toMs, untilMs);
      group.sightings.push(sighting);
      if (sighting.confidence > group.best.confidence) group.best = sighting;
    } else {
      const begun = { best: sighting, fromMs: sighting.atMs, toMs: untilMs, sightings: [sighting] };
      open.set(key, begun);
      groups.push(begun);
    }
  }
  return groups;
}

/** All sightings once each, oldest first; of the same one, what was known later, with every place of its path. */
export function mergeSightings(...lists: readonly (readonly Sighting[])[]): Sighting[] {
  const byId = new Map<string, Sighting>();
  for (const sighting of lists.flat()) {
    const known = byId.get(sighting.id);
    byId.set(sighting.id, known ? joinSightings(known, sighting) : sighting);
  }
  return [...byId.values()].sort((a, b) => a.atMs - b.atMs);
}

/** Live events tell of a thing only where it is now: the places before it are in what was known. */
function joinSightings(one: Sighting, other: Sighting): Sighting {
  const [known, newer] = (one.untilMs ?? one.atMs) <= (other.untilMs ?? other.atMs) ? [one, other] : [other, one];
  if (!known.path || !newer.path) return { ...known, ...newer };
  const places = new Map([...known.path, ...newer.path].map(place => [place.atMs, place]));
  return { ...known, ...newer, path: [...places.values()].sort((a, b) => a.atMs - b.atMs) };
}
