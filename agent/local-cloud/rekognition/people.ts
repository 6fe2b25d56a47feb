// From raw detector windows to people, and from the detector's weight to a confidence. Pure.

import type { Box } from '../../../shared/sighting.ts';

/** With the weight the support vector machine gave it. */
export type Window = Box & { weight: number };
export type Person = Box & { confidence: number };

/** The detector was trained on people with this much picture around them in its 64 × 128 window. */
const marginX = 0.17;
const marginY = 0.09;
const maxOverlap = 0.6;
/** Weights of the fine search run this much higher. */
const fineSurplus = 0.15;

/**
 * One person for each group of overlapping windows of the coarse search. Of windows within each other the tall ones
 * win: a person's head, arm or leg looks a little like a small person. For the same reason a person is believed only as
 * far as the fine search finds something like a person in it; a car seen from above has the outline but not the parts.
 */
export function peopleOf(coarse: readonly Window[], fine: readonly Window[]): Person[] {
  const ranked = coarse.map(insideMargin).sort((a, b) => rank(b) - rank(a));
  const kept: Window[] = [];
  for (const window of ranked.map(withinPicture)) {
    if (window.width > 0 && window.height > 0 && kept.every(other => overlap(window, other) <= maxOverlap))
      kept.push(window);
  }
  const parts = fine.map(insideMargin);
  return kept
    .map(({ weight, ...box }) => ({ ...box, confidence: confidenceOf(Math.min(weight, partsWeight(box, parts))) }))
    .sort((a, b) => b.confidence - a.confidence);
}

/** The best of what lies in the box; 0 when nothing does. */
function partsWeight(box: Box, parts: readonly Window[]): number {
  const within = parts.filter(part => overlap(part, box) > maxOverlap);
  return Math.max(0, ...within.map(part => part.weight - fineSurplus));
}

/**
 * 0–100, by a logistic curve through 71 at weight 0.5 and 86 at weight 0.8: on real footage windows below 0.5 are
 * mostly wrong, above 0.8 mostly right.
 */
export function confidenceOf(weight: number): number {
  return 100 / (1 + Math.exp(-3 * (weight - 0.2)));
}

function rank({ weight, height }: Window): number {
  return Math.max(0, weight) * height ** 1.5;
}

function insideMargin({ left, top, width, height, weight }: Window): Window {
  return {
    left: left + width * marginX,
    top: top + height * marginY,
    width: width * (1 - 2 * marginX),
    height: height * (1 - 2 * marginY),
    weight,
  };
}

function withinPicture({ left, top, width, height, weight }: Window): Window {
  const [x, y] = [Math.max(0, left), Math.max(0, top)];
  return { left: x, top: y, width: Math.min(1, left + width) - x, height: Math.min(1, top + height) - y, weight };
}

/** Share of the smaller box that lies in the other. */
function overlap(a: Box, b: Box): number {
  const width = Math.min(a.left + a.width, b.left + b.width) - Math.max(a.left, b.left);
  const height = Math.min(a.top + a.height, b.top + b.height) - Math.max(a.top, b.top);
  if (width <= 0 || height <= 0) return 0;
  return (width * height) / Math.min(a.width * a.height, b.width * b.height);
}
