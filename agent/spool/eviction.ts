// Which fragments leave when the spool is over its cap. Pure: the spool carries the decision out.
import type { FragmentRecord } from './fragment-record.ts';

/** What the service has goes first; what exists nowhere else goes late; what is perhaps just arriving there goes last. */
function rank({ state, sendBegun }: FragmentRecord): number {
  if (state === 'persisted') return 0;
  if (state === 'rejected') return 1;
  return sendBegun ? 3 : 2;
}

/**
 * The fewest fragments, in the order they leave, that free at least `excessBytes`: the oldest persisted ones, then the
 * oldest refused ones, then the oldest that still wait, those being sent last. All candidates when they do not suffice.
 */
export function chooseEvictions(candidates: readonly FragmentRecord[], excessBytes: number): FragmentRecord[] {
  const sorted = candidates.toSorted((a, b) => rank(a) - rank(b) || a.startMs - b.startMs);
  const chosen: FragmentRecord[] = [];
  let leftBytes = excessBytes;
  for (const fragment of sorted) {
    if (leftBytes <= 0) break;
    chosen.push(fragment);
    leftBytes -= fragment.bytes;
  }
  return chosen;
}
