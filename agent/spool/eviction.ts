// Which fragments leave when the spool is over its cap. Pure: the spool carries the decision out.
import type { FragmentRecord, FragmentState } from './fragment-record.ts';

/** What the service has goes first; what exists nowhere else goes last. */
const order: Record<FragmentState, number> = { persisted: 0, rejected: 1, waiting: 2 };

/**
 * The fewest fragments, in the order they leave, that free at least `excessBytes`: the oldest persisted ones, then the
 * oldest refused ones, then the oldest that still wait. All candidates when they do not suffice.
 */
export function chooseEvictions(candidates: readonly FragmentRecord[], excessBytes: number): FragmentRecord[] {
  const sorted = candidates.toSorted((a, b) => order[a.state] - order[b.state] || a.startMs - b.startMs);
  const chosen: FragmentRecord[] = [];
  let leftBytes = excessBytes;
  for (const fragment of sorted) {
    if (leftBytes <= 0) break;
    chosen.push(fragment);
    leftBytes -= fragment.bytes;
  }
  return chosen;
}
