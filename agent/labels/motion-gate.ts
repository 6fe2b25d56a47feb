// Whether a still is worth sending, and whether anything moved on it: by its pixels, by what the camera says, or by both. Pure.
import type { MotionSettings } from '../../shared/label-settings.ts';
import type { Still } from '../sampler/still.ts';

export type GateInput = {
  still: Pick<Still, 'motionScore' | 'changed'>;
  gate: MotionSettings['gate'];
  /** 0–1; 0 lets every picture through whose gate is not the camera's events alone. */
  motionThreshold: number;
  /** Undefined when the camera does not tell, or cannot be relied on just now: then the pixels decide alone. */
  cameraMotion: boolean | undefined;
};

export type GateDecision = {
  /** It goes to the provider. */
  passes: boolean;
  /** Something moved. A scene that is new altogether passes, but nobody can say that anything moved in it. */
  moved: boolean;
  /** Neither the pixels nor the camera say that anything is there. */
  quiet: boolean;
};

/** What counts as something there, for who sends every picture. */
const leastMotion = 0.005;

export function decideGate({ still, gate, motionThreshold, cameraMotion }: GateInput): GateDecision {
  const { motionScore, changed } = still;
  const pixelsMoved = motionScore >= (motionThreshold || leastMotion);
  const opens = (pixels: boolean): boolean => {
    if (cameraMotion === undefined || gate === 'pixels') return pixels;
    if (gate === 'events') return cameraMotion;
    return gate === 'both' ? pixels && cameraMotion : pixels || cameraMotion;
  };
  return {
    passes: opens(motionScore >= motionThreshold),
    moved: opens(pixelsMoved && !changed?.newScene),
    quiet: !pixelsMoved && !cameraMotion,
  };
}
