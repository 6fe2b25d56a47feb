// Two of the lines that the fleet runs for each camera; beside them the uploader, and the camera's events. Neither ends before its signal aborts
// (except that without labels there is nothing to analyse), and nothing that goes wrong in one reaches another.

import { randomUUID } from 'node:crypto';
import type { LabelSettings } from '../shared/label-settings.ts';
import type { Sighting } from '../shared/sighting.ts';
import { openCameraInput } from './camera-input.ts';
import { asAgentError } from './errors.ts';
import type { Facts } from './facts.ts';
import { fragmentItems } from './fragmenter/fragment-items.ts';
import { CameraMotion } from './labels/camera-motion.ts';
import { forgetAfterMs, labelStills } from './labels/label-stills.ts';
import type { LabelProviders } from './labels/providers.ts';
import { oldestThere, SightingLog } from './labels/sighting-log.ts';
import type { AgentParts } from './parts.ts';
import type { RaiseAlerts } from './raise-alerts.ts';
import { Attention } from './sampler/attention.ts';
import { type FragmentReader, sampleStills } from './sampler/sample.ts';
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

/** More were never there at once. */
const maxOpenSightings = 100;

export type AnalysisOptions = {
  camera: Pick<Camera, 'id' | 'labels'>;
  signal: AbortSignal;
};

/** What analysis needs of the agent; without a budget calls are not counted, without pauses those are not told. */
export type AnalysisParts = Pick<AgentParts, 'clock' | 'facts' | 'journal' | 'decoder' | 'sightings' | 'latestStills'> &
  Partial<Pick<AgentParts, 'budget' | 'pauses'>> & {
    spool: FragmentReader;
    providers: Pick<LabelProviders, 'of'>;
    rules: Pick<RaiseAlerts, 'see'>;
  };

/** Disk → stills → sightings → alerts, of a camera with labels, until `signal` aborts. */
export async function analyse(options: AnalysisOptions, shared: AnalysisParts): Promise<void> {
  const { camera, signal } = options;
  const { clock, facts, journal } = shared;
  if (!camera.labels) return;
  while (!signal.aborted) {
    try {
      await analyseStills({ ...options, labels: camera.labels }, shared);
    } catch (thrown) {
      journal.unexpected(thrown, `analysis of ${camera.id}`);
      facts.publish({ type: 'labels.failed', cameraId: camera.id, error: asAgentError(thrown) });
      await clock.sleep(refusedPauseMs, signal).catch(() => undefined);
    }
  }
}

type Analysis = AnalysisOptions & { labels: LabelSettings };

async function analyseStills({ camera, labels, signal }: Analysis, shared: AnalysisParts): Promise<void> {
  const { clock, facts, spool, decoder, sightings, budget, pauses } = shared;
  const { id: cameraId } = camera;
  const { everySeconds, busyEverySeconds = Math.min(everySeconds, Math.max(1, everySeconds / 2)), motion } = labels;
  const attention = new Attention();
  // Whatever paused labels before, there is nobody to ask now.
  if (labels.provider === 'none') pauses?.resume(cameraId);
  using cameraMotion = new CameraMotion({ cameraId, clock, facts, onMotion: active => attention.hold(active) });
  const sampled = sampleStills({
    ...{ cameraId, everySeconds, busyEverySeconds, attention, motion },
    ...{ fragments: spool, decoder, clock, facts, signal },
  });
  const labelled = labelStills({
    ...{ cameraId, stills: remember(sampled, shared.latestStills), settings: labels, cameraMotion, attention },
    ...{
      provider: labels.provider === 'none' ? undefined : shared.providers.of(labels),
      open: openSightings(cameraId, labels, shared),
    },
    ...{ clock, facts, signal, budget, pauses, random: Math.random, newId: randomUUID },
  });
  const log = new SightingLog(sightings, facts);
  try {
    for await (const each of labelled) {
      await keeping(cameraId, facts, () => log.keep(each));
      shared.rules.see({
        ...{ cameraId, atMs: each.still.atMs, seen: each.seen },
        ended: each.ended.map(({ id }) => id),
      });
    }
  } finally {
    await keeping(cameraId, facts, () => log.flush());
  }
}

/** What may still be there from before the agent, or this line of it, stopped. */
function openSightings(
  cameraId: string,
  labels: LabelSettings,
  { sightings, clock, facts }: AnalysisParts,
): Sighting[] {
  const nowMs = clock.nowMs();
  try {
    const fromMs = oldestThere(nowMs, forgetAfterMs(labels));
    return sightings.between({ cameraId, fromMs, toMs: nowMs, limit: maxOpenSightings, paths: true });
  } catch (thrown) {
    facts.publish({ type: 'labels.failed', cameraId, error: asAgentError(thrown) });
    return [];
  }
}

/** A disk that takes no sightings must not keep an alert from leaving. */
async function keeping(cameraId: string, facts: Facts, keep: () => Promise<void>): Promise<void> {
  try {
    await keep();
  } catch (thrown) {
    facts.publish({ type: 'labels.failed', cameraId, error: asAgentError(thrown) });
  }
}

async function* remember(stills: AsyncIterable<Still>, latest: Map<string, Uint8Array>): AsyncGenerator<Still> {
  for await (const still of stills) {
    latest.set(still.cameraId, still.jpeg);
    yield still;
  }
}
