// One group of sightings: the best frame with its box, what, where, when.
import { cameraAddress, LEAD_IN_MS } from '../camera/camera-address.ts';
import { nowMs } from '../link/agent-clock.ts';
import { ageWords } from '../words/ages.ts';
import { dayAndTime } from '../words/clock-times.ts';
import { labelHue, sightingWords, stayWords } from '../words/label-hue.ts';
import { FramedStill } from './framed-still.tsx';
import type { SightingGroup } from './groups.ts';

/** `why` is the address of the reasons for its alert, or for none. */
export function SightingCard({ group, why }: { group: SightingGroup; why: string }) {
  const { best, fromMs, toMs, sightings } = group;
  const stay = stayWords({ count: sightings.length, fromMs, toMs });
  const now = nowMs.value;
  return (
    <li class="card">
      <a class="card-link" href={cameraAddress(best.cameraId, { atMs: fromMs - LEAD_IN_MS })} data-sighting={best.id}>
        <FramedStill key={best.id} sighting={best} />
        <div class="card-words">
          <span class={`label hue-${labelHue(best.label)}`}>{sightingWords(best)}</span>
          <span>{best.cameraId}</span>
          <span class="soft small">
            {dayAndTime(fromMs, now)} · {ageWords(toMs, now)}
          </span>
          {stay !== undefined && <span class="soft small">{stay}</span>}
        </div>
      </a>
      <a class="card-foot small" href={why}>
        Why an alert, or none
      </a>
    </li>
  );
}
