// What is seen better while the page is open gets a better picture: its box has to come with it.
import type { Sighting } from '../../shared/sighting.ts';

/** The sightings, each as it is known by now: `known` may have newer ones. The surest is the one on the picture. */
export function asPictured(sightings: readonly Sighting[], known: ReadonlyMap<string, Sighting>): Sighting[] {
  return sightings.map(sighting => {
    const other = known.get(sighting.id);
    return other && other.confidence > sighting.confidence ? other : sighting;
  });
}

export function byId(sightings: readonly Sighting[]): Map<string, Sighting> {
  return new Map(sightings.map(sighting => [sighting.id, sighting]));
}
