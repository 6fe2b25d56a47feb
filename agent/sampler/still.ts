// One sampled key frame.
import type { ChangedCells } from './changed-cells.ts';

export type Still = {
  cameraId: string;
  /** Producer timestamp of the key frame: the same number as its timecode in the fragment. */
  atMs: number;
  jpeg: Uint8Array;
  width: number;
  height: number;
  /** Share of the picture that differs from the slow background, 0–1. */
  motionScore: number;
  /** Which parts of it. Left out when nobody knows. */
  changed?: ChangedCells;
};
