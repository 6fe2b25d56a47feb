// Two of the lines that the fleet runs for each camera; beside them the uploader, and the camera's events. Neither ends before its signal aborts
// (except that without labels there is nothing to analyse), and nothing that goes wrong in one reaches another.
import { randomUUID } from 'node:crypto';
import type { Sighting } from '../shared/sighting.ts';
import { openCameraInput } from './camera-input.ts';
import { asAgentError } from './errors.ts';
import { fragmentItems } from './fragmenter/fragment-items.ts';
import { type LabelledStill, labelStills } from './labels/label-stills.ts';
import type { AgentParts } from './parts.ts';
import { evaluateRules, firings } from './rules/evaluate.ts';
import { Attention } from './sampler/attention.ts';
import { sampleStills } from './sampler/sample.ts';
import type { Still } from './sampler/still.ts';
import type { AgentSettings } from './settings/load.ts';
import type { SourceCamera } from './source/camera-source.ts';

type Camera = AgentSettings['cameras'][number];

/** Before a stream that KVS does not accept is tried again: somebody may have changed the camera meanwhile. */
const refusedPauseMs = 60_000;

/** Camera → disk, until `signal` aborts; then everything taken is on disk. */
export async function ingest(camera: SourceCamera, shared: AgentParts, signal: AbortSignal): Promise<void> {
  const { id: cameraId } = camera;
  const { clock, facts, journal, spool, encoders } = shared;
  const source = openCameraInput({ camera, clock, facts, random: Math.random, encoders });
  while (!signal.aborted) {
    try {
      const parts = fragmentItems(source.items(signal), {
        clock,
        cameraId,
        correctionMs: () => clock.correctionMs,
        onProblem: problem => facts.publish({ type: 'camera.problem', cameraId, ...problem }),
      });
      await spool.write(cameraId, parts);
    } catch (thrown) {
      const error = asAgentError(thrown);
      if (error.kind === 'bug') journal.unexpected(thrown, `ingest of ${cameraId}`);
      const retryAtMs = clock.nowMs() + refusedPauseMs;
      facts.publish({ type: 'camera.state', cameraId, state: 'refused', error, retryAtMs });
      await clock.sleep(refusedPauseMs, signal).catch(() => undefined);
    }
  }
}

export type AnalysisOptions = {
  camera: Pick<Camera, 'id' | 'labels'>;
  /** Names of the destinations of a rule's alerts. */
  destinationsOf: (ruleId: string) => string[];
  signal: AbortSignal;
};

/** Disk → stills → sightings → alerts, of a camera with labels, until `signal` aborts. */
export async function analyse({ camera, destinationsOf, signal }: AnalysisOptions, shared: AgentParts): Promise<void> {
  const { clock, facts, journal, spool, decoder } = shared;
  const { id: cameraId, labels } = camera;
  if (!labels || labels.provider === 'none') return;
  const { everySeconds, busyEverySeconds = Math.min(everySeconds, Math.max(1, everySeconds / 2)), motion } = labels;
  const cadence = { everySeconds, busyEverySeconds };
  const attention = new Attention();
  while (!signal.aborted) {
    try {
      const sampled = sampleStills({
        ...{ cameraId, ...cadence, attention, motion, fragments: spool, decoder, clock, facts, signal },
      });
      const stills = remember(sampled, shared.latestStills);
      const seen = labelStills({
        ...{ cameraId, stills, provider: shared.provider, settings: labels, clock, facts, signal },
        random: Math.random,
        newId: randomUUID,
      });
      for await (const labelled of seen) {
        await keep(labelled, shared);
        raiseAlerts(labelled.sightings, destinationsOf, shared);
      }
    } catch (thrown) {
      journal.unexpected(thrown, `analysis of ${cameraId}`);
      facts.publish({ type: 'labels.failed', cameraId, error: asAgentError(thrown) });
      await clock.sleep(refusedPauseMs, signal).catch(() => undefined);
    }
  }
}

/** A disk that takes no sightings must not keep an alert from leaving. */
async function keep({ still, sightings }: LabelledStill, shared: AgentParts): Promise<void> {
  try {
    await shared.sightings.add(still, sightings);
  } catch (thrown) {
    shared.facts.publish({ type: 'labels.failed', cameraId: still.cameraId, error: asAgentError(thrown) });
  }
}

async function* remember(stills: AsyncIterable<Still>, latest: Map<string, Uint8Array>): AsyncGenerator<Still> {
  for await (const still of stills) {
    latest.set(still.cameraId, still.jpeg);
    yield still;
  }
}

function raiseAlerts(sightings: Sighting[], destinationsOf: (ruleId: string) => string[], shared: AgentParts): void {
  const { settings, outbox, facts } = shared;
  const lastFiredMs = (ruleId: string, cameraId: string) => outbox.lastFiredMs(ruleId, cameraId);
  const evaluations = evaluateRules({ rules: settings.rules, sightings, lastFiredMs });
  for (const { ruleId, sighting, outcome } of evaluations) {
    const { id: sightingId, cameraId, atMs } = sighting;
    facts.publish({ type: 'rule.evaluated', ruleId, cameraId, sightingId, atMs, outcome });
  }
  for (const firing of firings(evaluations)) outbox.raise(firing, destinationsOf(firing.ruleId));
}
