// Stills → what is there, followed from still to still. A still in which nothing moved is not sent, and neither is any while
// the provider needs a pause: then, and where there is no provider, motion itself is what was seen. No failure ends the loop.
import type { LabelSettings } from '../../shared/label-settings.ts';
import type { Sighting } from '../../shared/sighting.ts';
import type { Clock } from '../clock.ts';
import type { Facts } from '../facts.ts';
import type { Attention } from '../sampler/attention.ts';
import type { Still } from '../sampler/still.ts';
import { type AskOptions, AskProvider } from './ask-provider.ts';
import type { CameraMotion } from './camera-motion.ts';
import type { LabelledStill } from './labelled-still.ts';
import { decideGate, type GateDecision } from './motion-gate.ts';
import type { LabelProvider, LabelWishes } from './provider.ts';
import { mayBeThere } from './sighting-log.ts';
import { seenOf, sightingOf, trackOf } from './sighting-of.ts';
import type { Detection } from './track.ts';
import { Tracker, type Tracking } from './tracker.ts';

/** The label of motion that nobody put a name to. It was measured, so it is certain. */
const motionLabel = 'Motion';

/** How long something may be missed, at least; where stills are far apart, three of them. */
const leastForgetMs = 10_000;
const forgetStills = 3;

export type LabelStillsOptions = Pick<AskOptions, 'budget' | 'pauses'> & {
  cameraId: string;
  stills: AsyncIterable<Still>;
  /** Left out: motion is all that is seen. */
  provider?: LabelProvider | undefined;
  settings: LabelWishes &
    Pick<LabelSettings, 'motionThreshold' | 'everySeconds'> & { motion: Pick<LabelSettings['motion'], 'gate'> };
  /** What was kept of the time before a restart; what cannot be there any more is passed over. */
  open?: readonly Sighting[];
  /** Left out: the camera does not tell. */
  cameraMotion?: Pick<CameraMotion, 'at'> | undefined;
  attention?: Attention | undefined;
  clock: Clock;
  /** 0 ≤ x < 1. */
  random: () => number;
  /** Makes the ids of sightings: unique, also across restarts. */
  newId: () => string;
  facts: Facts;
  signal: AbortSignal;
};

/**
 * Every still, in order. Ends with `stills`, or when `signal` aborts. Publishes `labels.detected` for each answer and
 * `labels.failed` for each failure, with the moment until which no still is sent.
 */
export async function* labelStills(options: LabelStillsOptions): AsyncGenerator<LabelledStill> {
  const { cameraId, stills, settings, provider, newId, open = [], attention, clock, signal } = options;
  const forgetMs = forgetAfterMs(settings);
  const tracker = new Tracker({ newId, forgetMs });
  const nowMs = clock.nowMs();
  tracker.restore(open.filter(sighting => mayBeThere(sighting, { nowMs, forgetMs })).map(trackOf));
  const asking = provider && new AskProvider(provider, options);
  for await (const still of stills) {
    asking?.look();
    const gate = gateOf(still, options);
    const answer = gate.passes ? await asking?.detect(still) : undefined;
    if (signal.aborted) return;
    const detections = answer ?? (gate.moved ? [motionOn(still)] : []);
    const tracking = tracker.observe({ ...trackedStill(still, gate), detections, looked: answer !== undefined });
    if (gate.moved || isLively(tracking)) attention?.note(still.atMs);
    yield {
      still,
      seen: tracking.seen.map(present => seenOf(present, cameraId)),
      ended: tracking.ended.map(track => sightingOf(track, cameraId)),
    };
  }
}

/** How long something may be missed before it is gone, with these settings. */
export function forgetAfterMs({ everySeconds }: Pick<LabelSettings, 'everySeconds'>): number {
  return Math.max(leastForgetMs, forgetStills * everySeconds * 1000);
}

function gateOf(still: Still, { settings, cameraMotion }: LabelStillsOptions): GateDecision {
  const { motionThreshold, motion } = settings;
  return decideGate({ still, gate: motion.gate, motionThreshold, cameraMotion: cameraMotion?.at(still.atMs) });
}

function trackedStill({ atMs, changed }: Still, { quiet }: GateDecision) {
  if (!changed) return { atMs, quiet };
  return { atMs, quiet, newScene: changed.newScene, changedIn: changed.within.bind(changed) };
}

function motionOn({ changed }: Still): Detection {
  const box = changed?.bounds();
  return { label: motionLabel, confidence: 100, only: true, ...(box && { box }) };
}

/** A parked car that is found again is no reason to look more often. */
function isLively({ seen }: Tracking): boolean {
  return seen.some(({ isNew, moved }) => isNew || moved);
}
