// Alerts with what they show as it is known by now. The picture of a sighting is of the frame it was seen best on, which may
// come after the alert: only with the box of that frame does the box lie on the picture. What was sent is not changed.
import type { Alert } from '../../shared/alert.ts';
import type { Sighting } from '../../shared/sighting.ts';
import { AgentError } from '../errors.ts';
import type { AlertReader } from './readers.ts';

/** `known`: those that are still kept, in any order. */
export function alertsAsPictured(alerts: AlertReader, known: (ids: readonly string[]) => Sighting[]): AlertReader {
  const pictured = (list: Alert[]): Alert[] => {
    const sightings = new Map(knownOf(list).map(sighting => [sighting.id, sighting]));
    return list.map(alert => ({
      ...alert,
      sightings: alert.sightings.map(sighting => sightings.get(sighting.id) ?? sighting),
    }));
  };
  return {
    list: page => pictured(alerts.list(page)),
    alert: id => {
      const found = alerts.alert(id);
      const [alert] = found ? pictured([found.alert]) : [];
      return found && alert && { ...found, alert };
    },
  };

  function knownOf(list: readonly Alert[]): Sighting[] {
    try {
      return known([...new Set(list.flatMap(alert => alert.sightings.map(({ id }) => id)))]);
    } catch (error) {
      // A broken index of sightings is told where sightings are asked for; alerts can be shown without it.
      if (error instanceof AgentError) return [];
      throw error;
    }
  }
}
