// The check of a real camera on this machine, with as little waiting as its figures need.
import { type CheckRequest, type CheckTarget, examineCamera } from '../../agent/camera-check/examine.ts';
import { type Clock, systemClock } from '../../agent/clock.ts';
import { VideoEncoders } from '../../agent/repair/video-encoders.ts';
import type { StillDecoder } from '../../agent/sampler/decode.ts';
import { type CameraCheck, type CheckSubject, cameraCheckSchema, type Finding } from '../../shared/camera-check.ts';

export type Examined = CameraCheck & {
  /** `green sign-in`, … */
  levels: string[];
  /** Those that are not green, but for what the machine that runs the tests does to them. */
  notGreen: string[];
  of: (subject: CheckSubject) => Finding | undefined;
};

type Options = Partial<Omit<CheckRequest, 'target'>> & {
  decoder?: StillDecoder;
  signal?: AbortSignal;
  /** Default: the machine's. */
  clock?: Clock;
};

export async function examined(target: CheckTarget | string, options: Options = {}): Promise<Examined> {
  const { decoder, signal = new AbortController().signal, clock = systemClock, ...request } = options;
  const check = await examineCamera(
    {
      target: typeof target === 'string' ? { kind: 'stream', url: target } : target,
      ...{ video: 'copy', audio: 'aac', longestMs: 4_000, sessions: false, cost: false, ...request },
    },
    { clock, random: Math.random, encoders: new VideoEncoders({ clock: systemClock }), decoder, signal },
  );
  const { findings } = cameraCheckSchema.parse(check);
  const levelsOf = (some: readonly Finding[]) => some.map(({ level, subject }) => `${level} ${subject}`);
  return {
    ...check,
    levels: levelsOf(findings),
    notGreen: levelsOf(wrongIn(findings)),
    of: subject => findings.find(finding => finding.subject === subject),
  };
}

/**
 * Those that are not green, but for what a busy machine makes of a good camera: a slow connection, and pictures that come late,
 * with which go the figures that are counted by arrival.
 */
export function wrongIn(findings: readonly Finding[]): Finding[] {
  const areLate = !areInTime(findings);
  return findings.filter(({ subject, level, value }) => {
    if (level === 'green' || (areLate && byArrival.includes(subject))) return false;
    return !(level === 'amber' && subject === 'reachability' && / ms$/.test(value));
  });
}

const byArrival: readonly CheckSubject[] = ['timestamps', 'frame-rate', 'key-frames'];

/** Whether the pictures came when they should. */
export function areInTime(findings: readonly Finding[]): boolean {
  return !findings.some(({ subject, value }) => subject === 'timestamps' && /^(jitter|pace)/.test(value));
}
