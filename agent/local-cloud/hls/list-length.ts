// How long a list says that a fragment lasts. It is said once, often before the next fragment is known, and stays. What
// turns out to be wrong the next one makes good, so that in a day of fragments the list does not part from the media. Pure.
import { mainTrackFrames, maxStretchMs, naturalLengthMs, type Placed } from './fragment-span.ts';

export type LengthRules = {
  /** Whose clock says when a fragment starts. */
  by: 'producer' | 'server';
  /** On the player's timeline every fragment begins where the one before ends. */
  endToEnd: boolean;
};

/** `discontinuity`: the player must not expect this fragment to continue the one before. */
export type Listable = Placed & { discontinuity: boolean };

export type Listed = Listable & {
  /** How long the list says it lasts, whole milliseconds. */
  listedMs: number;
  /** By how much the lengths said before it are too short, or, when negative, too long. */
  owedMs: number;
};

/** What is owed at the start of a fragment. A hole, or a discontinuity, begins anew. */
export function owedMs(before: Listed | undefined, entry: Listable, rules: LengthRules): number {
  const distanceMs = before && !entry.discontinuity ? distanceToNextMs(before, entry, rules) : undefined;
  if (!before || distanceMs === undefined) return 0;
  return Math.min(maxStretchMs, Math.max(-maxStretchMs, before.owedMs + distanceMs - before.listedMs));
}

type Around = { before: Listable | undefined; next: Listable | undefined };
type Owing = Listable & Pick<Listed, 'owedMs'>;

/**
 * Milliseconds, whole and at least 1. What comes next may not be known yet.
 * @param roomMs what is owed or stretched beyond it has to wait
 */
export function lengthToList(entry: Owing, around: Around, rules: LengthRules & { roomMs: number }): number {
  const lengthMs = mediaLengthMs(entry, around, rules);
  const mostMs = Math.max(rules.roomMs, naturalLengthMs(entry.fragment));
  return Math.max(1, Math.round(Math.min(Math.max(lengthMs / 2, lengthMs + entry.owedMs), mostMs)));
}

function mediaLengthMs(entry: Listable, { before, next }: Around, rules: LengthRules): number {
  const naturalMs = naturalLengthMs(entry.fragment);
  // A single picture does not tell how long it lasts, but the one before does.
  if (!next)
    return (isPicture(entry) && before && isPicture(before) && distanceToNextMs(before, entry, rules)) || naturalMs;
  const distanceMs = distanceToNextMs(entry, next, rules);
  if (distanceMs === undefined) return naturalMs;
  if (!next.discontinuity || isPicture(entry)) return distanceMs;
  // What is not continued lasts as long as its media do. They reach the next fragment by the producer's clock only.
  const reaches = clockOf(rules) === 'producer' && distanceMs > entry.fragment.lengthMs;
  return reaches ? distanceMs : naturalMs;
}

/** Undefined when the next one does not follow, or a hole is too long to be filled. */
function distanceToNextMs(entry: Placed, next: Placed, rules: LengthRules): number | undefined {
  const distanceMs =
    clockOf(rules) === 'producer' ? next.fragment.producerMs - entry.fragment.producerMs : next.startMs - entry.startMs;
  return distanceMs > 0 && distanceMs <= naturalLengthMs(entry.fragment) + maxStretchMs ? distanceMs : undefined;
}

/** Only the producer's tells whether a fragment continues another; the server's says when it came. */
function clockOf({ by, endToEnd }: LengthRules): 'producer' | 'server' {
  return endToEnd ? 'producer' : by;
}

function isPicture({ fragment }: Placed): boolean {
  return fragment.lengthMs === 0 || mainTrackFrames(fragment) === 1;
}
