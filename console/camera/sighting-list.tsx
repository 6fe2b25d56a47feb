// The sightings of the shown stretch of time, newest first. Each leads to the video from a little before it.
import type { ReadonlySignal } from '@preact/signals';
import type { Sighting } from '../../shared/sighting.ts';
import { nowMs } from '../link/agent-clock.ts';
import { groupSightings, type SightingGroup } from '../review/groups.ts';
import { Loading } from '../states/loading.tsx';
import { PartialNote } from '../states/partial-note.tsx';
import { ageWords } from '../words/ages.ts';
import { dayAndTime } from '../words/clock-times.ts';
import { labelHue, sightingWords, stayWords } from '../words/label-hue.ts';
import { pauseLine } from '../words/pause-words.ts';
import { LEAD_IN_MS } from './camera-address.ts';
import type { CameraHistory } from './history.ts';

const MOST_SHOWN = 100;
/** The newest; more would push the sightings off the screen. */
const MOST_PAUSES = 3;

type ListProps = { history: CameraHistory; labelsOn: boolean; goTo: (atMs: number) => void };

export function SightingList({ history, labelsOn, goTo }: ListProps) {
  return (
    <section class="panel sighting-list" aria-labelledby="sightings-title">
      <h2 id="sightings-title">Sightings</h2>
      {history.problem && <PartialNote>Not up to date: {history.problem.message}</PartialNote>}
      {history.cut && <PartialNote>Only the first part of this stretch is shown. Zoom in for the rest.</PartialNote>}
      {history.pauses.slice(-MOST_PAUSES).map(pause => (
        <PartialNote key={pause.fromMs}>{pauseLine(pause, nowMs.value)}</PartialNote>
      ))}
      {history.loading ? (
        <Loading what="sightings" count={3} className="rows" />
      ) : (
        <Groups sightings={history.sightings} labelsOn={labelsOn} goTo={goTo} />
      )}
    </section>
  );
}

type GroupsProps = { sightings: ReadonlySignal<readonly Sighting[]>; labelsOn: boolean; goTo: (atMs: number) => void };

function Groups({ sightings, labelsOn, goTo }: GroupsProps) {
  const groups = groupSightings(sightings.value);
  if (groups.length === 0) {
    return (
      <p class="soft" data-view="empty">
        {labelsOn
          ? 'No sightings in the shown hours.'
          : 'Labels are off for this camera. Turn them on in the settings.'}
      </p>
    );
  }
  return (
    <ol class="rows">
      {groups.slice(0, MOST_SHOWN).map(group => (
        <GroupRow key={`${group.best.label} ${group.fromMs}`} group={group} goTo={goTo} />
      ))}
    </ol>
  );
}

function GroupRow({ group, goTo }: { group: SightingGroup; goTo: (atMs: number) => void }) {
  const now = nowMs.value;
  const stay = stayWords({ ...group, count: group.sightings.length });
  return (
    <li>
      <button
        type="button"
        class={`sighting-row hue-${labelHue(group.best.label)}`}
        onClick={() => goTo(group.fromMs - LEAD_IN_MS)}
      >
        <span>{sightingWords(group.best)}</span>
        <span class="soft small">
          {dayAndTime(group.fromMs, now)} · {ageWords(group.toMs, now)}
          {stay !== undefined && ` · ${stay}`}
        </span>
      </button>
    </li>
  );
}
