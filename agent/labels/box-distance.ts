// How far two boxes of a picture are from each other. Pure.
import type { Box } from '../../shared/sighting.ts';

/** Intersection over union, 0–1. */
export function overlap(a: Box, b: Box): number {
  const width = Math.min(a.left + a.width, b.left + b.width) - Math.max(a.left, b.left);
  const height = Math.min(a.top + a.height, b.top + b.height) - Math.max(a.top, b.top);
  const shared = Math.max(0, width) * Math.max(0, height);
  const union = a.width * a.height + b.width * b.height - shared;
  return union > 0 ? shared / union : 0;
}

/** Between the centres, in widths and heights of the picture. */
export function distance(a: Box, b: Box): number {
  const across = a.left + a.width / 2 - b.left - b.width / 2;
  const down = a.top + a.height / 2 - b.top - b.height / 2;
  return Math.hypot(across, down);
}

/** By what factor the larger is larger than the other, as a logarithm: 0 for equal areas. */
export function sizeDifference(a: Box, b: Box): number {
  const tiny = 1e-6;
  return Math.abs(Math.log(Math.max(tiny, a.width * a.height) / Math.max(tiny, b.width * b.height)));
}
