// What of a provider's answer a camera wants, the same for every provider. Pure.
import type { LabelSettings } from '../../shared/label-settings.ts';
import type { DetectedLabel } from './provider.ts';

export type LabelFilter = Pick<LabelSettings, 'minConfidence' | 'maxLabels' | 'include' | 'exclude'>;

/** Names are compared without regard to case: providers write person and Person. The surest first. */
export function wanted(labels: readonly DetectedLabel[], filter: LabelFilter): DetectedLabel[] {
  const { minConfidence, maxLabels, include, exclude = [] } = filter;
  const included = include && new Set(include.map(plain));
  const excluded = new Set(exclude.map(plain));
  return labels
    .filter(({ name, confidence }) => {
      const isWanted = (included?.has(plain(name)) ?? true) && !excluded.has(plain(name));
      return isWanted && confidence >= minConfidence;
    })
    .map(label => ({ ...label, instances: label.instances.filter(({ confidence }) => confidence >= minConfidence) }))
    .toSorted((a, b) => b.confidence - a.confidence)
    .slice(0, maxLabels);
}

function plain(name: string): string {
  return name.trim().toLowerCase();
}
