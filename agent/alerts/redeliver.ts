// Delivering again, when somebody asks for it: one alert, or all that were given up. The alert keeps its id, so a receiver
// that honours it takes nothing twice.
import type { Redelivered } from '../../shared/destination-status.ts';
import { AgentError } from '../errors.ts';
import type { Outbox } from './outbox.ts';

export type Redelivery =
  /** Without `destination`: to each that has not taken it. */
  | { alertId: string; destination?: string | undefined }
  /** What was given up, of one destination or of all. `sinceMs`: only alerts from then on, producer time. */
  | { dead: true; destination?: string | undefined; sinceMs?: number | undefined };

/**
 * @param known destinations of the settings
 * @throws AgentError `alert-unknown`, `destination-unknown`, `disk-…`
 */
export function redeliver(asked: Redelivery, outbox: Outbox, known: readonly string[]): Redelivered {
  const { destination } = asked;
  if (destination !== undefined && !known.includes(destination)) throw unknownDestination(destination, known);
  if ('dead' in asked) {
    const destinations = destination === undefined ? [...known] : [destination];
    return { deliveries: outbox.deliverDeadAgain({ destinations, sinceMs: asked.sinceMs }), destinations };
  }
  const destinations = destination === undefined ? openOf(asked.alertId, outbox, known) : [destination];
  if (!outbox.deliverAgain(asked.alertId, destinations)) throw unknownAlert(asked.alertId);
  return { deliveries: destinations.length, destinations };
}

function openOf(alertId: string, outbox: Outbox, known: readonly string[]): string[] {
  const found = outbox.alert(alertId);
  if (!found) throw unknownAlert(alertId);
  const open = found.alert.deliveries
    .filter(({ state }) => state !== 'delivered')
    .map(({ destination }) => destination);
  const destinations = open.filter(destination => known.includes(destination));
  if (destinations.length > 0) return destinations;
  throw new AgentError({
    code: 'destination-unknown',
    kind: 'invalid',
    retry: 'never',
    message:
      open.length > 0
        ? `The settings no longer name ${open.join(', ')}: say to which destination the alert should go instead.`
        : 'Every destination has taken this alert: say which one should get it again.',
  });
}

export function unknownDestination(name: string, known: readonly string[]): AgentError {
  const others = known.length > 0 ? `there are ${known.join(', ')}` : 'the settings name none';
  return new AgentError({
    code: 'destination-unknown',
    kind: 'invalid',
    retry: 'never',
    message: `There is no destination ${name}: ${others}.`,
  });
}

function unknownAlert(id: string): AgentError {
  return new AgentError({
    code: 'alert-unknown',
    kind: 'invalid',
    retry: 'never',
    message: `There is no alert ${id}, or it is no longer kept.`,
  });
}
