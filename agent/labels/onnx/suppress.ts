// Of boxes of one class that mean the same thing, the surest stays. Pure.
import type { Corners } from './model-input.ts';

/** Something a model found: the number of its class, how sure it is (0–1), and where, in the model's pixels. */
export type Found = { label: number; score: number; corners: Corners };

/** Enough for a crowded square; what comes after it costs time with the square of the number. */
const maxCandidates = 1_000;
export const maxFound = 300;

/** The surest first. Two of one class that overlap by more than `iou` are one. */
export function suppress(found: readonly Found[], iou: number): Found[] {
  const candidates = found.toSorted((a, b) => b.score - a.score).slice(0, maxCandidates);
  const kept: Found[] = [];
  for (const candidate of candidates) {
    const same = kept.some(
      ({ label, corners }) => label === candidate.label && overlap(corners, candidate.corners) > iou,
    );
    if (!same) kept.push(candidate);
    if (kept.length === maxFound) break;
  }
  return kept;
}

/** Intersection over union. */
function overlap([ax1, ay1, ax2, ay2]: Corners, [bx1, by1, bx2, by2]: Corners): number {
  const width = Math.min(ax2, bx2) - Math.max(ax1, bx1);
  const height = Math.min(ay2, by2) - Math.max(ay1, by1);
  if (width <= 0 || height <= 0) return 0;
  const shared = width * height;
  const union = (ax2 - ax1) * (ay2 - ay1) + (bx2 - bx1) * (by2 - by1) - shared;
  return union > 0 ? shared / union : 0;
}
