// The fragments of a session in playing order, and the counters that let a player follow while old ones leave.
// Pure: a timeline and new fragments give the next timeline. What was once listed never changes its place.
import type { StoredFragment } from '../store/media-store.ts';
import { WireError } from '../wire-error.ts';
import { naturalLengthMs } from './fragment-span.ts';
import { type LengthRules, type Listable, type Listed, lengthToList, owedMs } from './list-length.ts';

const maxCodecChanges = 500;
const discontinuityMs = 50;
/** Not 0: pictures that wait for their turn are decoded before the first one is shown. */
const firstMediaMs = 10_000;

/** What is said of it once stays: a player may have counted on it. */
export type Entry = Listed & {
  /** Which of the timeline's codecs it needs. */
  codec: number;
  /** Its start on a timeline of the session's own, on which each fragment begins where the one before ends. */
  mediaMs: number;
};

export type Timeline = {
  entries: readonly Entry[];
  /** Entries that have left at the front. */
  mediaSequence: number;
  /** Discontinuities that have left with them. */
  discontinuitySequence: number;
  /** Fragments with the codec private data of each init segment; a position is the init's SequenceNumber. */
  codecs: readonly StoredFragment[];
  /** The longest that has been listed so far. */
  longestMs: number;
  /** What no listed length exceeds when it is rounded. Stays what it was at first, unless something longer comes. */
  targetSeconds: number;
};

export const emptyTimeline: Timeline = {
  entries: [],
  mediaSequence: 0,
  discontinuitySequence: 0,
  codecs: [],
  longestMs: 0,
  targetSeconds: 0,
};

/** Cameras are not exact: so much longer than the longest at first a fragment may become, and often more. */
const headroom = 1.1;

export type TimelineRules = LengthRules & {
  discontinuities: 'ALWAYS' | 'NEVER' | 'ON_DISCONTINUITY';
  /** False: the first fragment's codec private data are the session's, whatever comes later. */
  followCodecs: boolean;
};

/**
 * Adds what comes later than everything listed; older fragments that arrived late are never inserted. Of fragments with
 * one producer timestamp the last to arrive counts, unless another one is listed already.
 * @throws WireError when a fragment has other tracks or codecs than the session began with
 */
export function append(timeline: Timeline, fragments: readonly StoredFragment[], rules: TimelineRules): Timeline {
  const codecs = [...timeline.codecs];
  const added: Added[] = [];
  const isListed = listedBefore(timeline);
  let last: Added | undefined = timeline.entries.at(-1);
  for (const fragment of withoutRepeats(fragments, rules.by)) {
    const startMs = rules.by === 'producer' ? fragment.producerMs : fragment.serverMs;
    // Two may arrive within one millisecond.
    const later = !last || (rules.by === 'server' ? startMs >= last.startMs : startMs > last.startMs);
    if (!later || isListed(fragment)) continue;
    if (!last || (rules.followCodecs && last.fragment.codecKey !== fragment.codecKey)) addCodec(codecs, fragment);
    const codec = codecs.length - 1;
    const discontinuity =
      rules.discontinuities === 'ALWAYS' ||
      (last !== undefined &&
        (codec !== last.codec ||
          (rules.discontinuities === 'ON_DISCONTINUITY' && apartMs(last, startMs) > discontinuityMs)));
    last = { fragment, startMs, discontinuity, codec };
    added.push(last);
  }
  return withLengths({ ...timeline, codecs }, added, rules);
}

type Added = Listable & Pick<Entry, 'codec'>;

/** Says how long each of those added lasts, and where it lies on the session's own timeline. */
function withLengths(timeline: Timeline, added: readonly Added[], rules: TimelineRules): Timeline {
  const { targetSeconds } = timeline;
  const entries = [...timeline.entries];
  let { longestMs } = timeline;
  // A hole is filled as far as the target duration has room.
  const roomMs = targetSeconds > 0 && !rules.endToEnd ? targetSeconds * 1000 + 499 : Infinity;
  added.forEach((entry, index) => {
    const before = entries.at(-1);
    const owing = { ...entry, owedMs: owedMs(before, entry, rules) };
    const listedMs = lengthToList(owing, { before, next: added[index + 1] }, { ...rules, roomMs });
    entries.push({ ...owing, listedMs, mediaMs: before ? mediaEndMs(before) : firstMediaMs });
    longestMs = Math.max(longestMs, listedMs);
  });
  return { ...timeline, entries, longestMs, targetSeconds: targetOf(targetSeconds, longestMs) };
}

function targetOf(targetSeconds: number, longestMs: number): number {
  const enough = targetSeconds > 0 && Math.round(longestMs / 1000) <= targetSeconds;
  return enough ? targetSeconds : Math.max(1, Math.round((longestMs * headroom) / 1000));
}

/** Lets the oldest leave until at most `count` are listed. */
export function keepNewest(timeline: Timeline, count: number): Timeline {
  const leaving = timeline.entries.slice(0, Math.max(0, timeline.entries.length - count));
  if (leaving.length === 0) return timeline;
  return {
    ...timeline,
    entries: timeline.entries.slice(leaving.length),
    mediaSequence: timeline.mediaSequence + leaving.length,
    discontinuitySequence: timeline.discontinuitySequence + leaving.filter(entry => entry.discontinuity).length,
  };
}

/** A producer that lost its connection sends again what was not acknowledged: a player has seen that. */
function listedBefore({ entries }: Timeline): (fragment: StoredFragment) => boolean {
  const newestMs = entries.reduce((most, { fragment }) => Math.max(most, fragment.producerMs), -Infinity);
  return ({ producerMs }) =>
    producerMs <= newestMs && entries.some(({ fragment }) => fragment.producerMs === producerMs);
}

/**
 * Of fragments with one producer timestamp the last to arrive: it is the whole one after an interrupted upload.
 * @param by whose order they are to keep: in the producer's it stands where the first of them stood
 */
export function withoutRepeats(fragments: readonly StoredFragment[], by: TimelineRules['by']): StoredFragment[] {
  if (ascends(fragments)) return [...fragments];
  const latest = new Map<number, StoredFragment>();
  for (const fragment of fragments) {
    const known = latest.get(fragment.producerMs);
    if (!known || fragment.number > known.number) latest.set(fragment.producerMs, fragment);
  }
  return by === 'producer' ? [...latest.values()] : fragments.filter(one => latest.get(one.producerMs) === one);
}

/** Nearly always: then no time can be there twice, and a day of fragments needs no table of them. */
function ascends(fragments: readonly StoredFragment[]): boolean {
  let lastMs = -Infinity;
  return fragments.every(({ producerMs }) => {
    const isLater = producerMs > lastMs;
    lastMs = producerMs;
    return isLater;
  });
}

/** Where the entry ends on the session's own timeline. */
export function mediaEndMs({ mediaMs, listedMs }: Entry): number {
  return mediaMs + listedMs;
}

/** Gap or overlap between the end of a fragment and the start of the next. */
function apartMs({ fragment, startMs }: Listable, nextMs: number): number {
  return Math.abs(nextMs - startMs - naturalLengthMs(fragment));
}

function addCodec(codecs: StoredFragment[], fragment: StoredFragment): void {
  const [first] = codecs;
  if (first && tracksOf(first) !== tracksOf(fragment))
    throw new WireError(
      'UnsupportedStreamMediaTypeException',
      'The number of tracks or a codec changed within the streaming session. Ask for a new session.',
    );
  if (codecs.length > maxCodecChanges)
    throw new WireError(
      'InvalidCodecPrivateDataException',
      `The codec private data changed more than ${maxCodecChanges} times within the streaming session.`,
    );
  codecs.push(fragment);
}

function tracksOf({ tracks }: StoredFragment): string {
  return tracks.map(({ number, codecId }) => `${number} ${codecId}`).join();
}
