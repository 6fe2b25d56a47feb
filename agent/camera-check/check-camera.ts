// From what a camera does to what it means: facts in, findings out, row by row. Pure.
import { type CameraFacts, checkSubjects, type Finding } from '../../shared/camera-check.ts';
import type { CheckRow } from './check-row.ts';
import { connectionRows } from './rows/connection-rows.ts';
import { onvifRows } from './rows/onvif-rows.ts';
import { pictureRows } from './rows/picture-rows.ts';
import { timingRows } from './rows/timing-rows.ts';

const rows = [...connectionRows, ...pictureRows, ...timingRows, ...onvifRows];

/** The table of the check, in the order of its findings. */
export const checkRows: readonly CheckRow[] = [...rows].sort(
  (one, other) => checkSubjects.indexOf(one.subject) - checkSubjects.indexOf(other.subject),
);

/** One finding for each row that has something to say; several where a row has several things. */
export function checkCamera(facts: CameraFacts): Finding[] {
  return checkRows.flatMap(({ subject, judge }) => {
    const judged = judge(facts) ?? [];
    const verdicts = Array.isArray(judged) ? judged : [judged];
    return verdicts.map(verdict => ({ subject, ...verdict }));
  });
}

/** Whether the camera could not be looked at at all. */
export function isUnchecked({ stream, onvif }: CameraFacts): boolean {
  const answered = onvif && (onvif.problem === undefined || onvif.problem.code === 'camera-denied');
  return !answered && stream?.connectMs === undefined && stream?.certificate === undefined;
}
