// What looks at a still and says what is on it. One interface for every provider; a camera names its own.
import type { Box } from '../../shared/sighting.ts';
import type { Still } from '../sampler/still.ts';

export type DetectedLabel = {
  name: string;
  /** 0–100. */
  confidence: number;
  /** Where it is, once for each; empty for labels that describe the whole scene. */
  instances: { box: Box; confidence: number }[];
};

export type DetectOptions = {
  /** 0–100. */
  minConfidence: number;
  signal: AbortSignal;
};

export type LabelProvider = {
  /**
   * Labels of at least `minConfidence`. @throws AgentError `labels-*`, with `retry: 'never'` when only this still is at
   * fault and the next may go through at once; the signal's reason when it aborts
   */
  detect(still: Still, options: DetectOptions): Promise<DetectedLabel[]>;
};
