// One still and what is there: what labels give, and rules and the sightings' log take.
import type { Sighting } from '../../shared/sighting.ts';
import type { Still } from '../sampler/still.ts';
import type { SeenNow } from './sighting-of.ts';

export type LabelledStill = {
  still: Still;
  /** Everything that is there, also what was not looked for because its place did not change. With paths. */
  seen: SeenNow[];
  /** What is not there any more. */
  ended: Sighting[];
};
