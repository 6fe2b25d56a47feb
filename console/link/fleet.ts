// What the console knows of the agent's cameras, kept current by live events, and the newest sightings and alerts
// that arrived while the page was open.
import { signal } from '@preact/signals';
import type { Alert } from '../../shared/alert.ts';
import type { CamerasAnswer, LiveEvent } from '../../shared/api.ts';
import type { Sighting } from '../../shared/sighting.ts';
import { mergeSightings } from '../review/groups.ts';
import { setAgentClock } from './agent-clock.ts';

/** The last answer on the cameras; undefined until the first one. */
export const fleet = signal<CamerasAnswer | undefined>(undefined);

/** Sightings and alerts that arrived since the page was opened, oldest first, bounded. */
export const arrivedSightings = signal<readonly Sighting[]>([]);
export const arrivedAlerts = signal<readonly Alert[]>([]);

const KEPT_SIGHTINGS = 2000;
const KEPT_ALERTS = 200;

/** Takes over one live event. */
export function takeEvent(event: LiveEvent): void {
  switch (event.type) {
    case 'cameras':
      setAgentClock(event.answer.nowMs);
      fleet.value = event.answer;
      return;
    case 'sighting':
      // The same thing comes again while it is there.
      arrivedSightings.value = mergeSightings(arrivedSightings.value, [event.sighting]).slice(-KEPT_SIGHTINGS);
      return;
    case 'alert': {
      // The same alert comes again when a delivery changes: the newer word replaces the older.
      const others = arrivedAlerts.value.filter(alert => alert.id !== event.alert.id);
      arrivedAlerts.value = [...others, event.alert].slice(-KEPT_ALERTS);
    }
  }
}

/** Forgets everything, for the next person who signs in. */
export function forgetFleet(): void {
  fleet.value = undefined;
  arrivedSightings.value = [];
  arrivedAlerts.value = [];
}
