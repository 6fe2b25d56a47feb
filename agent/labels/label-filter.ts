// What of a provider's answer a camera wants, the same for every provider. Pure.
import type { DetectedLabel, LabelWishes } from './provider.ts';

/**
 * Names are compared without regard to case: providers write person and Person. The surest first. A label that was only seen
 * in places that are not sure enough is dropped with them.
 */
export function wanted(
  labels: readonly DetectedLabel[],
  { minConfidence, maxLabels, include, exclude = [] }: Omit<LabelWishes, `${string}Categories`>,
): DetectedLabel[] {
  const included = include && new Set(include.map(plain));
  const excluded = new Set(exclude.map(plain));
  const isSure = ({ confidence }: { confidence: number }) => confidence >= minConfidence;
  return labels
    .filter(({ name }) => (included?.has(plain(name)) ?? true) && !excluded.has(plain(name)))
    .filter(label => isSure(label) && (label.instances.length === 0 || label.instances.some(isSure)))
    .map(label => ({ ...label, instances: label.instances.filter(isSure) }))
    .toSorted((a, b) => b.confidence - a.confidence)
    .slice(0, maxLabels);
}

function plain(name: string): string {
  return name.trim().toLowerCase();
}
