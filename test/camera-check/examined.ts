// The check of a real camera on this machine, with as little waiting as its figures need.
import { type CheckRequest, type CheckTarget, examineCamera } from '../../agent/camera-check/examine.ts';
import { systemClock } from '../../agent/clock.ts';
import { VideoEncoders } from '../../agent/repair/video-encoders.ts';
import type { StillDecoder } from '../../agent/sampler/decode.ts';
import { type CameraCheck, type CheckSubject, cameraCheckSchema, type Finding } from '../../shared/camera-check.ts';

export type Examined = CameraCheck & {
  /** `green sign-in`, … */
  levels: string[];
  /** Those that are not green, but for late arrivals: here the machine that runs the tests is as busy as it is. */
  notGreen: string[];
  of: (subject: CheckSubject) => Finding | undefined;
};

type Options = Partial<Omit<CheckRequest, 'target'>> & { decoder?: StillDecoder; signal?: AbortSignal };

export async function examined(target: CheckTarget | string, options: Options = {}): Promise<Examined> {
  const { decoder, signal = new AbortController().signal, ...request } = options;
  const check = await examineCamera(
    {
      target: typeof target === 'string' ? { kind: 'stream', url: target } : target,
      ...{ video: 'copy', audio: 'aac', longestMs: 4_000, sessions: false, cost: false, ...request },
    },
    { clock: systemClock, random: Math.random, encoders: new VideoEncoders({ clock: systemClock }), decoder, signal },
  );
  const { findings } = cameraCheckSchema.parse(check);
  const levelsOf = (some: Finding[]) => some.map(({ level, subject }) => `${level} ${subject}`);
  return {
    ...check,
    levels: levelsOf(findings),
    notGreen: levelsOf(findings.filter(({ level, value }) => level !== 'green' && !value.startsWith('jitter'))),
    of: subject => findings.find(finding => finding.subject === subject),
  };
}
