// Stills → stills with what was seen on them. A still in which nothing moved is not sent, and neither is any while the
// provider needs a pause; no failure ends the loop.
import type { LabelSettings } from '../../shared/label-settings.ts';
import type { Sighting } from '../../shared/sighting.ts';
import type { Clock } from '../clock.ts';
import { asAgentError } from '../errors.ts';
import type { Facts } from '../facts.ts';
import type { Still } from '../sampler/still.ts';
import type { DetectedLabel, LabelProvider } from './provider.ts';

const firstPauseMs = 2_000;
const longestPauseMs = 5 * 60_000;

export type LabelStillsOptions = {
  cameraId: string;
  stills: AsyncIterable<Still>;
  provider: LabelProvider;
  settings: Pick<LabelSettings, 'minConfidence' | 'motionThreshold'>;
  clock: Clock;
  /** 0 ≤ x < 1. */
  random: () => number;
  /** Makes the ids of sightings: unique, also across restarts. */
  newId: () => string;
  facts: Facts;
  signal: AbortSignal;
};

export type LabelledStill = { still: Still /** Empty, too, when the still was not sent. */; sightings: Sighting[] };

/**
 * Every still, in order. Ends with `stills`, or when `signal` aborts. Publishes `labels.detected` for each answer and
 * `labels.failed` for each failure, with the moment until which no still is sent.
 */
export async function* labelStills(options: LabelStillsOptions): AsyncGenerator<LabelledStill> {
  const { stills, settings, clock, signal } = options;
  let failures = 0;
  let pausedUntilMs = 0;
  for await (const still of stills) {
    const moved = still.motionScore >= settings.motionThreshold;
    if (!moved || clock.monotonicMs() < pausedUntilMs) {
      yield { still, sightings: [] };
      continue;
    }
    const answer = await detect(still, failures, options);
    if (signal.aborted) return;
    failures = answer.pauseMs > 0 ? failures + 1 : 0;
    pausedUntilMs = clock.monotonicMs() + answer.pauseMs;
    yield { still, sightings: answer.sightings };
  }
}

/** `pauseMs` is 0 when the next still may be sent. */
type Answer = { sightings: Sighting[]; pauseMs: number };

async function detect(still: Still, failures: number, options: LabelStillsOptions): Promise<Answer> {
  const { cameraId, provider, settings, clock, random, newId, facts, signal } = options;
  const startedMs = clock.monotonicMs();
  try {
    const labels = await provider.detect(still, { minConfidence: settings.minConfidence, signal });
    const sightings = labels.flatMap(label => sightingsOf(label, still, newId));
    const tookMs = clock.monotonicMs() - startedMs;
    facts.publish({ type: 'labels.detected', cameraId, atMs: still.atMs, sightings: sightings.length, tookMs });
    return { sightings, pauseMs: 0 };
  } catch (cause) {
    if (signal.aborted) return { sightings: [], pauseMs: 0 };
    const error = asAgentError(cause);
    const pauseMs = error.retry === 'never' ? 0 : pauseAfter(failures, random);
    const retryAtMs = clock.nowMs() + pauseMs;
    facts.publish({ type: 'labels.failed', cameraId, error, ...(pauseMs > 0 ? { retryAtMs } : {}) });
    return { sightings: [], pauseMs };
  }
}

/** 2 s, 4 s, 8 s … up to 5 minutes, each shortened by up to a half, so that cameras do not come back in step. */
export function pauseAfter(failures: number, random: () => number): number {
  return Math.round(Math.min(longestPauseMs, firstPauseMs * 2 ** failures) * (1 - random() / 2));
}

/** One for each instance; a label without instances describes the whole picture. */
function sightingsOf({ name, confidence, instances }: DetectedLabel, still: Still, newId: () => string): Sighting[] {
  const { cameraId, atMs } = still;
  if (instances.length === 0) return [{ id: newId(), cameraId, atMs, label: name, confidence }];
  return instances.map(({ box, confidence }) => ({ id: newId(), cameraId, atMs, label: name, confidence, box }));
}
