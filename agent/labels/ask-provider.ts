// Asks the provider of a camera while its budget lasts, and leaves it alone for a while after a failure that is not the fault
// of one still.
import type { Clock } from '../clock.ts';
import { type AgentError, asAgentError } from '../errors.ts';
import type { Facts } from '../facts.ts';
import type { Still } from '../sampler/still.ts';
import type { CallBudget } from './call-budget.ts';
import type { LabelPauses } from './label-pauses.ts';
import type { DetectedLabel, LabelProvider, LabelWishes } from './provider.ts';
import type { Detection } from './track.ts';

const firstPauseMs = 2_000;
const longestPauseMs = 5 * 60_000;

export type AskOptions = {
  cameraId: string;
  settings: LabelWishes;
  /** Left out: calls are neither counted nor limited. */
  budget?: Pick<CallBudget, 'spentUntilMs' | 'take'> | undefined;
  /** Left out: pauses are not told. */
  pauses?: Pick<LabelPauses, 'pause' | 'resume' | 'allow'> | undefined;
  clock: Clock;
  /** 0 ≤ x < 1. */
  random: () => number;
  facts: Facts;
  signal: AbortSignal;
};

export class AskProvider {
  readonly #provider: LabelProvider;
  readonly #options: AskOptions;
  #failures = 0;
  #pausedUntilMs = 0;

  constructor(provider: LabelProvider, options: AskOptions) {
    this.#provider = provider;
    this.#options = options;
  }

  /** With every still, also those that nobody will be asked about: a pause begins and ends without anything that moves. */
  look(): { spent: boolean } {
    const { cameraId, budget, pauses } = this.#options;
    const untilMs = budget?.spentUntilMs(cameraId);
    if (untilMs === undefined) pauses?.allow(cameraId);
    else pauses?.pause(cameraId, 'budget', untilMs);
    return { spent: untilMs !== undefined };
  }

  /**
   * What is on the still; undefined when nobody knows, because the provider failed or needs a pause, or the budget is spent.
   * Publishes `labels.detected` and `labels.failed`. Does not reject.
   */
  async detect(still: Still): Promise<Detection[] | undefined> {
    const { cameraId, settings, budget, pauses, clock, facts, signal } = this.#options;
    const startedMs = clock.monotonicMs();
    const { spent } = this.look();
    if (spent || startedMs < this.#pausedUntilMs) return undefined;
    const takeBack = budget?.take(cameraId);
    try {
      const labels = await this.#provider.detect(still, { ...wishesOf(settings), signal });
      const detections = labels.flatMap(detectionsOf);
      this.#failures = 0;
      pauses?.resume(cameraId);
      const tookMs = clock.monotonicMs() - startedMs;
      facts.publish({ type: 'labels.detected', cameraId, atMs: still.atMs, sightings: detections.length, tookMs });
      return detections;
    } catch (cause) {
      const error = asAgentError(cause);
      if (wasNotLabelled(error)) takeBack?.();
      if (!signal.aborted) this.#failed(error);
      return undefined;
    }
  }

  #failed(error: AgentError): void {
    const { cameraId, pauses, clock, random, facts } = this.#options;
    const pauseMs = error.retry === 'never' ? 0 : pauseAfter(this.#failures, random);
    this.#failures = pauseMs > 0 ? this.#failures + 1 : 0;
    this.#pausedUntilMs = clock.monotonicMs() + pauseMs;
    const retryAtMs = clock.nowMs() + pauseMs;
    facts.publish({ type: 'labels.failed', cameraId, error, ...(pauseMs > 0 ? { retryAtMs } : {}) });
    if (pauseMs > 0) pauses?.pause(cameraId, 'failure', retryAtMs);
  }
}

/** Nobody asks money for it. Of a call that only brought no answer nobody knows: it counts. */
function wasNotLabelled({ code, kind }: AgentError): boolean {
  return kind === 'denied' || kind === 'invalid' || code === 'labels-throttled' || code === 'model-failed';
}

function wishesOf(settings: LabelWishes): LabelWishes {
  const { minConfidence, maxLabels, include, exclude, includeCategories, excludeCategories } = settings;
  return { minConfidence, maxLabels, include, exclude, includeCategories, excludeCategories };
}

/** 2 s, 4 s, 8 s … up to 5 minutes, each shortened by up to a half, so that cameras do not come back in step. */
export function pauseAfter(failures: number, random: () => number): number {
  return Math.round(Math.min(longestPauseMs, firstPauseMs * 2 ** failures) * (1 - random() / 2));
}

/** One for each instance; a label without instances describes the whole picture. */
function detectionsOf({ name, confidence, instances }: DetectedLabel): Detection[] {
  if (instances.length === 0) return [{ label: name, confidence }];
  return instances.map(({ box, confidence }) => ({ label: name, confidence, box }));
}
