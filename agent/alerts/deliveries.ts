// Deliveries that follow the rules: when rules' destinations change, they end and begin anew with what the outbox holds.
import { secretsWithin } from '../settings/files-and-secrets.ts';
import { type DeliveryOptions, runDeliveries } from './deliver.ts';
import { connectDestinations, type Destinations, type Routing } from './destinations.ts';
import type { SinkParts } from './sink.ts';

export type RoutingWithSecrets = Routing & Pick<SinkParts, 'secretOf'>;

export type DeliveriesOptions = Omit<DeliveryOptions, 'sinks'> & Omit<SinkParts, 'secretOf'>;

export class Deliveries {
  readonly #options: DeliveriesOptions;
  #destinations: Destinations;
  #identity: string;
  #round = new AbortController();

  /** @throws AgentError `settings-invalid` for an empty secret */
  constructor(options: DeliveriesOptions, routing: RoutingWithSecrets) {
    this.#options = options;
    this.#identity = identityOf(routing);
    this.#destinations = this.#connect(routing);
  }

  /** Names of the destinations that a rule's alerts go to. */
  of(ruleId: string): string[] {
    return this.#destinations.of(ruleId);
  }

  /** Nothing is cut off unless destinations changed. @throws AgentError `settings-invalid` for an empty secret */
  follow(routing: RoutingWithSecrets): void {
    const identity = identityOf(routing);
    if (identity === this.#identity) return;
    this.#destinations = this.#connect(routing);
    this.#identity = identity;
    this.#round.abort();
    this.#round = new AbortController();
  }

  /** Until the options' signal aborts. */
  async run(): Promise<void> {
    const { signal } = this.#options;
    while (!signal.aborted) {
      const round = AbortSignal.any([signal, this.#round.signal]);
      const { sinks } = this.#destinations;
      await runDeliveries({ ...this.#options, sinks, signal: round });
      // Without any destination there is nothing to do until that changes.
      await aborted(round);
      await Promise.all(sinks.map(sink => sink.close?.()));
    }
  }

  #connect(routing: RoutingWithSecrets): Destinations {
    return connectDestinations(routing, { ...this.#options, secretOf: routing.secretOf });
  }
}

/** Equal for settings whose alerts go the same ways. In memory only: it holds the secrets. */
function identityOf({ rules, destinations, secretOf }: RoutingWithSecrets): string {
  const ways = { routes: rules.map(({ id, then: routes }) => [id, routes]), destinations };
  const secrets = [...secretsWithin(ways, 'ways')].map(({ reference }) => secretOf(reference).reveal());
  return JSON.stringify([ways, secrets]);
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise(resolve => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
