// The shape of the check's table: what each row looks at, what makes it green, amber or red, and what to change. The words of
// a row are those of docs/cameras.md, which a test keeps in step.
import type { CameraFacts, CheckSubject, Finding } from '../../shared/camera-check.ts';

export type Verdict = Omit<Finding, 'subject'>;

export type CheckRow = {
  subject: CheckSubject;
  /** At most 12 letters: a column of the terminal. */
  title: string;
  /** When it has which level; `never` when it cannot have it. */
  green: string;
  amber: string;
  red: string;
  /** What to do about amber and red. */
  change: string;
  /** Undefined, or none: there is nothing to say of it. Pure. */
  judge: (facts: CameraFacts) => Verdict | Verdict[] | undefined;
};

export const never = '–';

export function green(value: string, sentence: string): Verdict {
  return { level: 'green', value, sentence };
}

export function amber(value: string, sentence: string, setting: string): Verdict {
  return { level: 'amber', value, sentence, setting };
}

export function red(value: string, sentence: string, setting: string): Verdict {
  return { level: 'red', value, sentence, setting };
}

/** How the agent itself can help, and what that costs once it was measured. */
export function transcodeSetting({ repairCost }: CameraFacts): string {
  const setting = 'set video: transcode for this camera';
  if (!repairCost) return `${setting} (kvs-edge check --cost says what that takes)`;
  if ('code' in repairCost) return `${setting} (what that takes could not be measured)`;
  const { percentOfCore, realTimeFactor } = repairCost;
  const share = `transcoding takes about ${Math.max(1, Math.round(percentOfCore))} % of one core here`;
  return realTimeFactor < 1 ? `${setting} (too much for this machine: ${share})` : `${setting} (${share})`;
}

/** `2 s`, `2.5 s`, `12 s`. */
export function secondsWords(seconds: number): string {
  return `${seconds < 10 ? Math.round(seconds * 10) / 10 : Math.round(seconds)} s`;
}
