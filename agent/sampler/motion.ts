// How much of the picture differs from what is usually there. A slow background is kept for each camera; what people
// and cars cover counts, what the light does to the whole picture does not. Pure arithmetic on small grey rasters.

/** Cells of a grey raster. Coarse, so that noise and leaves average out; a person across a room covers a few per cent. */
export const raster = { width: 64, height: 36 } as const;

/** Grey steps (of 255) that a cell must differ by: above the noise of cheap sensors, below a dark coat on a dark wall. */
const changedBy = 18;
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

/** One for each camera. */
export class MotionBackground {
  #background: Float32Array | undefined;
  #lastMs = 0;

  /**
   * `grey`: one byte a cell of `raster`, row by row.
   * Share of the cells that differ from the background, 0–1, after which the raster becomes part of it.
   * 1 for the first raster: nothing is known of the scene, so all of it is new.
   */
  score(grey: Uint8Array, atMs: number): number {
    const background = this.#background;
    // After a jump back of the clock, the time between two rasters is unknown; taking it as short changes little.
    const elapsedMs = Math.max(0, atMs - this.#lastMs);
    this.#lastMs = atMs;
    if (background?.length !== grey.length) {
      this.#background = Float32Array.from(grey);
      return 1;
    }
    const gain = exposureGain(background, grey);
    const score = changedCells(background, grey, gain) / grey.length;
    if (score > newSceneShare) this.#background = Float32Array.from(grey);
    else follow({ background, grey, gain, elapsedMs });
    return score;
  }
}

/** How many cells differ by more than the light of the whole picture did, and from their surroundings too. */
function changedCells(background: Float32Array, grey: Uint8Array, gain: number): number {
  let changed = 0;
  grey.forEach((now, cell) => {
    const { low, high } = usualAround(background, cell);
    if (now > gain * high + changedBy || now < gain * low - changedBy) changed++;
  });
  return changed;
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
function exposureGain(background: Float32Array, grey: Uint8Array): number {
  const gains = background.map((usual, cell) => ((grey[cell] ?? 0) + 1) / (usual + 1)).sort();
  return gains[gains.length >> 1] ?? 1;
}

type Following = { background: Float32Array; grey: Uint8Array; gain: number; elapsedMs: number };

// Stricter than the score: a coat whose grey lies between wall and floor must not become background along their edge.
function follow({ background, grey, gain, elapsedMs }: Following): void {
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
