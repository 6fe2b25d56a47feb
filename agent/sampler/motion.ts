// How much of the picture differs from what is usually there. A slow background is kept for each camera; what people
// and cars cover counts, what the light does to the whole picture does not. Pure arithmetic on small grey rasters.
import { ChangedCells } from './changed-cells.ts';
import { maskedCells, type Polygon } from './mask.ts';
import { raster } from './raster.ts';

/**
 * Grey steps (of 255) that a cell must differ by at medium sensitivity: above the noise of cheap sensors, below a dark coat
 * on a dark wall. From the lowest sensitivity to the highest it goes from three times to a third.
 */
const mediumChange = 18;
/** The background follows what looks like itself with this time constant: daylight, slow shadows. */
const sameMs = 20_000;
/**
 * What covers the background moves it by this many grey steps a second. A steady step, not a share of the difference: a
 * share lets somebody who stood there for half a minute leave a ghost that counts as motion long after they went. This
 * way two minutes leave no trace, and a parked car has become background within about ten.
 */
const coveredStepsPerSecond = 0.15;
/** More than this is no visitor: the lamp was switched, the camera turned, day became night vision. */
const newSceneShare = 0.6;

export type MotionOptions = {
  /** 1–100; default 50. */
  sensitivity?: number;
  /** Areas in which nothing counts. */
  masks?: readonly Polygon[];
};

export type Motion = {
  /** Share of the picture that differs from the background, 0–1. */
  score: number;
  changed: ChangedCells;
};

/** One for each camera. */
export class MotionBackground {
  readonly #changedBy: number;
  readonly #masked: Uint8Array;
  /** Of those that are not masked. */
  readonly #cellCount: number;
  #background: Float32Array | undefined;
  #lastMs = 0;

  constructor({ sensitivity = 50, masks = [] }: MotionOptions = {}) {
    this.#changedBy = mediumChange * 3 ** ((50 - sensitivity) / 50);
    this.#masked = maskedCells(masks);
    this.#cellCount = this.#masked.reduce((sum, masked) => sum + 1 - masked, 0);
  }

  /**
   * `grey`: one byte a cell of the raster, row by row. How it differs from the background, after which it becomes part of it.
   * Of the first raster everything does: nothing is known of the scene.
   */
  observe(grey: Uint8Array, atMs: number): Motion {
    const background = this.#background;
    // After a jump back of the clock, the time between two rasters is unknown; taking it as short changes little.
    const elapsedMs = Math.max(0, atMs - this.#lastMs);
    this.#lastMs = atMs;
    if (background?.length !== grey.length) {
      this.#background = Float32Array.from(grey);
      const changed = new ChangedCells(
        this.#masked.map(masked => 1 - masked),
        true,
      );
      return { score: this.#cellCount > 0 ? 1 : 0, changed };
    }
    const gain = exposureGain(background, grey, this.#masked);
    const cells = this.#changedCells(background, grey, gain);
    const share = cells.reduce((sum, cell) => sum + cell, 0);
    const newScene = share > newSceneShare * this.#cellCount;
    if (newScene) this.#background = Float32Array.from(grey);
    else follow({ background, grey, gain, elapsedMs, changedBy: this.#changedBy });
    return { score: share / grey.length, changed: new ChangedCells(cells, newScene) };
  }

  /** Those that differ by more than the light of the whole picture did, and from their surroundings too. */
  #changedCells(background: Float32Array, grey: Uint8Array, gain: number): Uint8Array {
    return grey.map((now, cell) => {
      if (this.#masked[cell]) return 0;
      const { low, high } = usualAround(background, cell);
      return now > gain * high + this.#changedBy || now < gain * low - this.#changedBy ? 1 : 0;
    });
  }
}

/** Neighbours included: a camera that sways on its pole moves every edge of the picture by a cell. */
function usualAround(background: Float32Array, cell: number): { low: number; high: number } {
  const column = cell % raster.width;
  const first = column === 0 ? 0 : -1;
  const last = column === raster.width - 1 ? 0 : 1;
  let low = background[cell] ?? 0;
  let high = low;
  for (const row of [cell - raster.width, cell, cell + raster.width]) {
    for (let offset = first; offset <= last; offset++) {
      const usual = background[row + offset];
      if (usual === undefined) continue;
      low = Math.min(low, usual);
      high = Math.max(high, usual);
    }
  }
  return { low, high };
}

/**
 * By what the camera's exposure and the clouds multiplied the picture: the median over the cells, because a mean would
 * take the visitor's own brightness for a change of light.
 */
function exposureGain(background: Float32Array, grey: Uint8Array, masked: Uint8Array): number {
  const gains = background
    .map((usual, cell) => ((grey[cell] ?? 0) + 1) / (usual + 1))
    .filter((_, cell) => masked[cell] === 0)
    .sort();
  return gains[gains.length >> 1] ?? 1;
}

type Following = { background: Float32Array; grey: Uint8Array; gain: number; elapsedMs: number; changedBy: number };

// Stricter than the score: a coat whose grey lies between wall and floor must not become background along their edge.
function follow({ background, grey, gain, elapsedMs, changedBy }: Following): void {
  const sameWeight = 1 - Math.exp(-elapsedMs / sameMs);
  const coveredStep = (coveredStepsPerSecond * elapsedMs) / 1000;
  background.forEach((usual, cell) => {
    const now = grey[cell] ?? 0;
    const difference = now - usual;
    const covered = Math.abs(now - gain * usual) > changedBy;
    const step = covered
      ? Math.sign(difference) * Math.min(coveredStep, Math.abs(difference))
      : sameWeight * difference;
    background[cell] = usual + step;
  });
}
