// Detections of one still after another → things that are there for a time. A visit is one track though the detector misses
// somebody now and then, a parked car is one however long it stands. Pure: time comes with the stills. Invariants:
// 1. Never more than `maxTracks` at once; of more detections on one still, the surest count.
// 2. A track is told as new once, and as ended once.
// 3. Whatever the clock does, a track's `lastMs` is never before its `firstMs`.
import type { Box, Observation } from '../../shared/sighting.ts';
import { assign } from './assignment.ts';
import { distance, overlap, sizeDifference } from './box-distance.ts';
import { type Detection, OpenTrack, type Place, type Track } from './track.ts';

export type TrackedStill = {
  atMs: number;
  /** Empty, too, when nobody looked. */
  detections: readonly Detection[];
  /** Whether somebody looked for things on it. Default true. */
  looked?: boolean;
  /** Nothing in the picture differs from its background. Default false. */
  quiet?: boolean;
  /** The background is this picture. Default false. */
  newScene?: boolean;
  /** Share of the box that differs from the background, 0–1. Left out: all of it. */
  changedIn?: (box: Box) => number;
};

/** A track that is there on a still. */
export type Present = {
  track: Track;
  /** Where it is. */
  observation: Observation;
  /** Absent for what was not looked for, or not found, but whose place looks as it does with it. */
  detection?: Detection;
  isNew: boolean;
  /** Since the last entry of its path, which now has one more. */
  moved: boolean;
  /** The confidence is higher than ever before. */
  better: boolean;
};

export type Tracking = { seen: Present[]; ended: Track[] };

export type TrackerOptions = {
  newId: () => string;
  /** How long something may be missed while the picture is not quiet. Longer than two stills are apart. */
  forgetMs: number;
  /** Default 64. */
  maxTracks?: number;
};

/** So much of a place may flicker while it still looks as usual. */
const usualShare = 0.25;
/** How far something may be from where it is expected, in the picture's width: at once, for each second, and at most. */
const reach = { atOnce: 0.12, perSecond: 0.2, most: 0.5 };
/** What did not move overlaps with itself by at least this. */
const unmovedOverlap = 0.3;

export class Tracker {
  readonly #options: Required<TrackerOptions>;
  #open: OpenTrack[] = [];
  #newestMs = Number.NEGATIVE_INFINITY;

  constructor(options: TrackerOptions) {
    this.#options = { maxTracks: 64, ...options };
  }

  /** Goes on with tracks of before a restart; they are not told as new. Before the first still. */
  restore(tracks: readonly Track[]): void {
    const newestFirst = tracks.toSorted((a, b) => b.lastMs - a.lastMs).slice(0, this.#options.maxTracks);
    this.#open = newestFirst.map(track => new OpenTrack(track, { restored: true }));
    for (const { lastMs } of newestFirst) this.#newestMs = Math.max(this.#newestMs, lastMs);
  }

  observe(still: TrackedStill): Tracking {
    const ended = [...this.#forgetAfterSetBack(still.atMs), ...this.#forgetLost(still)];
    const detections = surest(still.detections, this.#options.maxTracks);
    const matches = this.#match(detections, still);
    const matched = new Set(matches.values());
    const seen: Present[] = [];
    for (const track of this.#open) {
      if (matched.has(track)) continue;
      const there = track.miss(placeOf(track.last, still), {
        looked: still.looked ?? true,
        quiet: still.quiet ?? false,
      });
      if (there) seen.push({ ...present(track, still.atMs), isNew: false, moved: false, better: false });
    }
    ended.push(...this.#end(track => track.isOut));
    for (const detection of detections) {
      const track = matches.get(detection);
      seen.push(track ? continued(track, detection, still) : this.#begin(detection, still));
    }
    const detected = new Set(seen.filter(({ detection }) => detection).map(({ track }) => track.id));
    ended.push(...this.#makeRoom(detected));
    return { seen, ended };
  }

  /** Ends all that is open: nobody looks any more. */
  close(): Track[] {
    return this.#end(() => true);
  }

  #begin(detection: Detection, still: TrackedStill): Present {
    const { label, confidence, box } = detection;
    const { atMs } = still;
    const begun = { id: this.#options.newId(), label, firstMs: atMs, lastMs: atMs, confidence, path: [] };
    const track = new OpenTrack({ ...begun, ...(box && { box }) });
    track.see(detection, placeOf(box, still));
    this.#open.push(track);
    return { ...present(track, atMs), detection, isNew: true, moved: false, better: false };
  }

  /** A still from long before the last: the clock was set back, and times of before mean nothing. */
  #forgetAfterSetBack(atMs: number): Track[] {
    const setBack = atMs < this.#newestMs - this.#options.forgetMs;
    this.#newestMs = setBack ? atMs : Math.max(this.#newestMs, atMs);
    return setBack ? this.close() : [];
  }

  /** Nobody saw it for so long, and its place does not say that it is there. */
  #forgetLost(still: TrackedStill): Track[] {
    const { forgetMs } = this.#options;
    return this.#end(track => {
      const stays = track.settled && placeOf(track.last, still).usual;
      return !stays && still.atMs - track.lastMs > forgetMs * track.patience;
    });
  }

  #match(detections: readonly Detection[], still: TrackedStill): Map<Detection, OpenTrack> {
    const matches = new Map<Detection, OpenTrack>();
    for (const kind of Map.groupBy(detections, kindOf).values()) {
      const [first] = kind;
      const tracks = this.#open.filter(track => first && isOfKind(track, first));
      const costs = tracks.map(track => kind.map(detection => costOf(track, detection, still)));
      const columns = assign({ costs, columns: kind.length, alone: 1 });
      for (const [row, column] of columns.entries()) {
        const [track, detection] = [tracks[row], kind[column]];
        if (track && detection) matches.set(detection, track);
      }
    }
    return matches;
  }

  /** The ones that were not seen for longest go, never one that was found on this still. */
  #makeRoom(detected: ReadonlySet<string>): Track[] {
    const excess = this.#open.length - this.#options.maxTracks;
    if (excess <= 0) return [];
    const others = this.#open.filter(({ id }) => !detected.has(id)).sort((a, b) => a.lastMs - b.lastMs);
    const leaving = new Set(others.slice(0, excess));
    return this.#end(track => leaving.has(track));
  }

  #end(isOver: (track: OpenTrack) => boolean): Track[] {
    const over = this.#open.filter(isOver);
    if (over.length > 0) this.#open = this.#open.filter(track => !over.includes(track));
    return over.map(track => track.snapshot());
  }
}

function continued(track: OpenTrack, detection: Detection, still: TrackedStill): Present {
  const { moved, better } = track.see(detection, placeOf(detection.box, still));
  return { ...present(track, still.atMs), detection, isNew: false, moved, better };
}

function present(track: OpenTrack, atMs: number): Pick<Present, 'track' | 'observation'> {
  return { track: track.snapshot(), observation: track.observation(atMs) };
}

/** Things with a box never go on as a label of the whole scene. */
function kindOf({ label, box, only }: Detection): string {
  return `${only ? 'only' : box ? 'box' : 'scene'} ${label}`;
}

function isOfKind({ label, last }: OpenTrack, { label: wanted, box, only }: Detection): boolean {
  return label === wanted && (only || (last === undefined) === (box === undefined));
}

/** A scene label stands for the whole picture. */
function placeOf(box: Box | undefined, { atMs, quiet = false, newScene = false, changedIn }: TrackedStill): Place {
  if (!box) return { atMs, newScene, usual: quiet, changedArea: 0 };
  const changed = changedIn?.(box);
  const usual = changed !== undefined && changed < usualShare;
  return { atMs, newScene, usual, changedArea: newScene ? 0 : (changed ?? 0) * box.width * box.height };
}

/** 0 for what is where it was expected, 1 for the farthest that may still be the same, `Infinity` for what may not. */
function costOf(track: OpenTrack, { box, only }: Detection, still: TrackedStill): number {
  const { last } = track;
  const expected = track.expectedAt(still.atMs);
  if (only || !box || !last || !expected) return 0;
  const shared = Math.max(overlap(expected, box), overlap(last, box));
  // Its place looks as it does with it: it did not go anywhere.
  const stays = track.settled && placeOf(last, still).usual;
  if (stays && shared < unmovedOverlap) return Number.POSITIVE_INFINITY;
  const seconds = Math.max(0, still.atMs - track.lastMs) / 1000;
  const within = Math.min(reach.most, reach.atOnce + reach.perSecond * seconds);
  // Who turned round is nearer to where they were than to where they were expected.
  const nearest = Math.min(distance(expected, box), distance(last, box));
  if (nearest > within && shared < unmovedOverlap) return Number.POSITIVE_INFINITY;
  const far = distance(expected, box) / within;
  return 0.6 * Math.min(1, far) + 0.3 * (1 - shared) + 0.1 * Math.min(1, sizeDifference(last, box) / 3);
}

function surest(detections: readonly Detection[], count: number): readonly Detection[] {
  if (detections.length <= count) return detections;
  return detections.toSorted((a, b) => b.confidence - a.confidence).slice(0, count);
}
