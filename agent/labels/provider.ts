// What looks at a still and says what is on it. One interface for every provider; a camera names its own.
import type { LabelSettings } from '../../shared/label-settings.ts';
import type { Box } from '../../shared/sighting.ts';
import type { Still } from '../sampler/still.ts';

export type DetectedLabel = {
  name: string;
  /** 0–100. */
  confidence: number;
  /** Where it is, once for each; empty for labels that describe the whole scene. */
  instances: { box: Box; confidence: number }[];
};

/** What the camera wants to know of its pictures. */
export type LabelWishes = Pick<
  LabelSettings,
  'minConfidence' | 'maxLabels' | 'include' | 'exclude' | 'includeCategories' | 'excludeCategories'
>;

export type DetectOptions = LabelWishes & { signal: AbortSignal };

export type LabelProvider = {
  /**
   * What the wishes ask for, the surest first. @throws AgentError `labels-*` or `model-*`, with `retry: 'never'` when only
   * this still is at fault and the next may go through at once; the signal's reason when it aborts
   */
  detect(still: Still, options: DetectOptions): Promise<DetectedLabel[]>;
};
