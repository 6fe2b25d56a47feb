// What goes between the agent and the process of a model.
import type { OnnxSettings } from '../../../shared/label-settings.ts';
import type { DetectedLabel } from '../provider.ts';
import type { ModelProblem } from './model-problem.ts';

/** The first message; the model is loaded at once. */
export type LoadMessage = { load: OnnxSettings };
export type DetectMessage = { id: number; jpeg: Uint8Array; minConfidence: number };
export type ToModel = LoadMessage | DetectMessage;

export type FromModel = { id: number } & (
  | { labels: DetectedLabel[] }
  | { problem: { blame: ModelProblem['blame'] | 'bug'; sentence: string } }
);
