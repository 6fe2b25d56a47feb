// What a model found, by the names of its labels and as places on the picture. Pure.
import type { DetectedLabel } from '../provider.ts';
import { boxOn, type Placement } from './model-input.ts';
import type { Found } from './suppress.ts';

/** Of a model that gives one score and has no labels. */
export const anomalyLabel = 'Anomaly';

/** One label for each class that was found, with each place it was found at; what lies beside the picture is left out. */
export function objectLabels(
  found: readonly Found[],
  labels: readonly string[],
  placement: Placement,
): DetectedLabel[] {
  const seen = new Map<string, DetectedLabel>();
  for (const { label, score, corners } of found) {
    const box = boxOn(placement, corners);
    const name = labels[label];
    if (!box || name === undefined) continue;
    const confidence = confidenceOf(score);
    const known = seen.get(name) ?? { name, confidence, instances: [] };
    known.confidence = Math.max(known.confidence, confidence);
    known.instances.push({ box, confidence });
    seen.set(name, known);
  }
  return [...seen.values()];
}

/** Labels of the whole picture, by their scores. */
export function sceneLabels(scores: readonly number[], labels: readonly string[], minScore: number): DetectedLabel[] {
  return scores.flatMap((score, index) => {
    const name = labels[index];
    return name === undefined || score < minScore ? [] : [{ name, confidence: confidenceOf(score), instances: [] }];
  });
}

function confidenceOf(score: number): number {
  return Math.min(100, Math.max(0, score * 100));
}
