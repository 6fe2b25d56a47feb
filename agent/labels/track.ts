// One thing that is followed across stills: where it was, where it is expected, and whether its place still looks as it does
// with it. State of the tracker only; what others see of it is a copy.
import type { Box, Observation } from '../../shared/sighting.ts';
import { overlap } from './box-distance.ts';

export type Detection = {
  label: string;
  /** 0–100. */
  confidence: number;
  /** Absent for labels that describe the whole scene. */
  box?: Box;
  /** There is never more than one of its label at a time, wherever it is. */
  only?: boolean;
};

/** What is known of one thing, from the still it was first seen on to the last. */
export type Track = {
  id: string;
  label: string;
  firstMs: number;
  lastMs: number;
  /** The best, 0–100, and the box at that moment. */
  confidence: number;
  box?: Box;
  /** Where it was, oldest first: an entry for the first still and one for each on which it had moved. */
  path: Observation[];
};

/** What a still says of the place of a track. */
export type Place = {
  atMs: number;
  /** It looks like the camera's background. */
  usual: boolean;
  /** Share of the picture that is within the place and differs from the background. */
  changedArea: number;
  /** There is no background to compare with yet. */
  newScene: boolean;
};

/** Less in common with its place is a move; what trembles stays above. */
const unmovedOverlap = 0.6;
/** Less in common with the last entry of the path is one too: who creeps moves as well, and takes their place along. */
const creptOverlap = 0.4;
/** Of a new box in the place. One box alone may be a bad one, and everything after it would seem to have moved. */
const placeWeight = 0.25;
/** Beyond it, every second entry but the first and last goes. */
const maxPath = 200;
/** Nobody keeps a straight line for longer. */
const maxPredictionMs = 3_000;
const maxPatience = 6;
/** Until somebody looks: who restored it knew that it may still be there. */
const restoredPatience = 12;
/** Well above what counts as motion: it cannot be there and not be seen in the pixels. */
const standsOutArea = 0.015;
/** A settled thing that every look misses is not there, whatever its place looks like. */
const maxMissedLooks = 20;
const maxUndetectedMs = 12 * 3_600_000;

export class OpenTrack {
  readonly #track: Track;
  #last: Box | undefined;
  #lastConfidence: number;
  /** Where it stays: the mean of its boxes since the last entry of the path. */
  #place: Box | undefined;
  /** Of the centre, in fractions of the picture. */
  #velocity: { across: number; down: number } | undefined;
  #unmovedLooks = 0;
  #settled = false;
  #missedLooks = 0;
  #detectedMs: number;
  #restored: boolean;
  /** In a row, since it was seen. */
  #quietStills = 0;
  #stoodOut = false;

  /** `restored`: it was followed before a restart, which took a while, and what was noted of it may be a minute old. */
  constructor(track: Track, { restored = false } = {}) {
    this.#track = { ...track, path: [...track.path] };
    this.#last = track.path.at(-1)?.box ?? track.box;
    this.#place = this.#last;
    this.#lastConfidence = track.confidence;
    this.#restored = restored;
    this.#detectedMs = track.lastMs;
  }

  get id(): string {
    return this.#track.id;
  }

  get label(): string {
    return this.#track.label;
  }

  get lastMs(): number {
    return this.#track.lastMs;
  }

  get last(): Box | undefined {
    return this.#last;
  }

  /** What the still of `atMs` shows of it, found or not. */
  observation(atMs: number): Observation {
    return { atMs, confidence: this.#lastConfidence, ...(this.#last && { box: this.#last }) };
  }

  /** The picture is as it is without it. One quiet still says so of what stood out; of a small thing, two in a row. */
  get isOut(): boolean {
    return this.#quietStills >= (this.#stoodOut ? 1 : 2);
  }

  /** It is part of what the place usually looks like: a parked car. While the place stays so, it is there. */
  get settled(): boolean {
    return this.#settled;
  }

  /** How many times as long as others it may be missed: a thing found in one place for hours is not gone after five misses. */
  get patience(): number {
    return this.#restored ? restoredPatience : Math.min(maxPatience, 1 + this.#unmovedLooks / 100);
  }

  snapshot(): Track {
    return { ...this.#track, path: [...this.#track.path] };
  }

  /** Where it should be by now if it goes on as it went. */
  expectedAt(atMs: number): Box | undefined {
    const { across, down } = this.#velocity ?? { across: 0, down: 0 };
    const seconds = Math.min(maxPredictionMs, Math.max(0, atMs - this.#track.lastMs)) / 1000;
    return (
      this.#last && { ...this.#last, left: this.#last.left + across * seconds, top: this.#last.top + down * seconds }
    );
  }

  /** It is on the still. Whether it moved since the last entry of its path, and whether it was never surer. */
  see({ confidence, box, only = false }: Detection, place: Place): { moved: boolean; better: boolean } {
    const { atMs, usual, newScene, changedArea } = place;
    this.#stoodOut = !only && changedArea >= standsOutArea;
    const track = this.#track;
    const moved = box !== undefined && this.#movedTo(box);
    if (box) this.#follow(box, moved, atMs - track.lastMs);
    const better = confidence > track.confidence;
    if (better) Object.assign(track, { confidence, ...(box && { box }) });
    this.#lastConfidence = confidence;
    this.#unmovedLooks = moved ? 0 : this.#unmovedLooks + 1;
    if (newScene) this.#settled = !only;
    else if (moved) this.#settled = false;
    // Something seen only once in passing, and in the same grey as what it covers, must not stay for ever.
    else if (usual && this.#unmovedLooks > 1) this.#settled = !only;
    this.#restored = false;
    this.#missedLooks = 0;
    this.#quietStills = 0;
    this.#detectedMs = Math.max(this.#detectedMs, atMs);
    this.#lasts(atMs);
    this.#note({ atMs, confidence, ...(box && { box }) }, moved);
    return { moved, better };
  }

  /** It was not found on the still. Whether it is there all the same. */
  miss({ atMs, usual }: Place, { looked, quiet }: { looked: boolean; quiet: boolean }): boolean {
    if (looked) {
      this.#missedLooks++;
      this.#restored = false;
    }
    if (this.#missedLooks > maxMissedLooks || atMs - this.#detectedMs > maxUndetectedMs) this.#settled = false;
    if (this.#settled && usual) {
      this.#lasts(atMs);
      this.#note(this.observation(atMs), false);
      return true;
    }
    this.#quietStills = quiet ? this.#quietStills + 1 : 0;
    return false;
  }

  /** A new entry of the path, or that the last one holds still. */
  #note(observation: Observation, moved: boolean): void {
    const { path } = this.#track;
    const last = path.at(-1);
    if (!last || (moved && observation.atMs > last.atMs)) this.#track.path = thinned([...path, observation]);
    else if (observation.atMs > last.atMs) {
      const confidence = Math.max(last.confidence, observation.confidence);
      path[path.length - 1] = { ...last, untilMs: Math.max(last.untilMs ?? 0, observation.atMs), confidence };
    }
  }

  #lasts(atMs: number): void {
    this.#track.lastMs = Math.max(this.#track.lastMs, atMs);
  }

  #movedTo(box: Box): boolean {
    const kept = this.#track.path.at(-1)?.box;
    const crept = kept !== undefined && overlap(kept, box) < creptOverlap;
    return crept || (this.#place !== undefined && overlap(this.#place, box) < unmovedOverlap);
  }

  #follow(box: Box, moved: boolean, elapsedMs: number): void {
    const from = this.#last;
    this.#last = box;
    this.#place = moved || !this.#place ? box : between(this.#place, box);
    if (!moved || !from) this.#velocity = undefined;
    if (!moved || !from || elapsedMs <= 0) return;
    const across = ((box.left + box.width / 2 - from.left - from.width / 2) * 1000) / elapsedMs;
    const down = ((box.top + box.height / 2 - from.top - from.height / 2) * 1000) / elapsedMs;
    const before = this.#velocity ?? { across, down };
    this.#velocity = { across: (before.across + across) / 2, down: (before.down + down) / 2 };
  }
}

function between(place: Box, box: Box): Box {
  const mean = (side: keyof Box) => place[side] + placeWeight * (box[side] - place[side]);
  return { left: mean('left'), top: mean('top'), width: mean('width'), height: mean('height') };
}

function thinned(path: Track['path']): Track['path'] {
  if (path.length <= maxPath) return path;
  return path.filter((_, index) => index % 2 === 0 || index === path.length - 1);
}
