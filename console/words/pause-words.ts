// Paused labels in words: on the timeline, in lists, and above what was seen.
import type { Budget, LabelPause } from '../../shared/budget.ts';
import type { CameraStatus } from '../../shared/camera-status.ts';
import { dayAndTime, minuteOfDay } from './clock-times.ts';

const reasons: Record<LabelPause['reason'], string> = {
  budget: 'the day’s pictures were spent',
  failure: 'the provider did not answer',
};

/** At a moment, in a few words; undefined when labels were not paused then. */
export function pausedWords(pauses: readonly LabelPause[], atMs: number): string | undefined {
  const pause = pauses.find(({ fromMs, toMs }) => fromMs <= atMs && atMs < toMs);
  return pause && `labels paused: ${reasons[pause.reason]}`;
}

/** One stretch as a line of a list. */
export function pauseLine({ fromMs, toMs, reason, untilMs }: LabelPause, nowMs: number): string {
  const end = untilMs === undefined ? `to ${dayAndTime(toMs, nowMs)}` : `until ${minuteOfDay(untilMs)}`;
  return `Labels paused ${dayAndTime(fromMs, nowMs)} ${end}: ${reasons[reason]}. Only motion was looked for.`;
}

/** What the viewer should know before trusting that nothing was seen: a line for each cause, none when labels run. */
export function pausedNotes(cameras: readonly CameraStatus[], budget: Budget | undefined): string[] {
  const paused = cameras.flatMap(({ id, labels }) => (labels.paused ? [{ id, labels, paused: labels.paused }] : []));
  const spentForAll = budget?.limit !== undefined && budget.calls >= budget.limit;
  const own = budget?.cameras ?? [];
  const notes = new Set<string>();
  for (const { id, labels, paused: pause } of paused) {
    const until = `until ${minuteOfDay(pause.untilMs)}`;
    const ofCamera = own.find(camera => camera.id === id);
    const spentOwn = ofCamera?.limit !== undefined && ofCamera.calls >= ofCamera.limit;
    if (pause.reason === 'failure') notes.add(`Labels of ${id} are paused. ${labels.problem?.message ?? ''}`.trim());
    else if (spentOwn)
      notes.add(`Labels of ${id} are paused ${until} (${ratio(ofCamera)} pictures today). Motion is still noted.`);
    else if (spentForAll)
      notes.add(`Labels are paused ${until} (${ratio(budget)} pictures today). Motion is still noted.`);
    else notes.add(`Labels of ${id} are paused ${until}. Motion is still noted.`);
  }
  return [...notes];
}

const wholeNumbers = new Intl.NumberFormat('fr-FR');

/** `4 980/5 000` */
function ratio({ calls, limit = 0 }: { calls: number; limit?: number }): string {
  return [calls, limit].map(count => wholeNumbers.format(count).replace(/\s/g, ' ')).join('/');
}
