// Deliveries that follow the rules: when a rule's destinations change, they end and begin anew with what the outbox holds.
import type { SecretReference } from '../../shared/camera-settings.ts';
import type { RuleSettings } from '../../shared/settings.ts';
import type { Secret } from '../secret.ts';
import { type DeliveryOptions, runDeliveries } from './deliver.ts';
import { connectDestinations, type Destinations } from './destinations.ts';
import type { PayloadContext } from './payload.ts';

export type RulesWithSecrets = { rules: RuleSettings[]; secretOf(reference: SecretReference): Secret };

export type DeliveriesOptions = Omit<DeliveryOptions, 'sinks'> & { context: PayloadContext };

export class Deliveries {
  readonly #options: DeliveriesOptions;
  #destinations: Destinations;
  #identity: string;
  #round = new AbortController();

  /** @throws AgentError `settings-invalid` for an empty secret */
  constructor(options: DeliveriesOptions, rules: RulesWithSecrets) {
    this.#options = options;
    this.#identity = identityOf(rules);
    this.#destinations = this.#connect(rules);
  }

  /** Names of the destinations that a rule's alerts go to. */
  of(ruleId: string): string[] {
    return this.#destinations.of(ruleId);
  }

  /** Nothing is cut off unless destinations changed. @throws AgentError `settings-invalid` for an empty secret */
  follow(rules: RulesWithSecrets): void {
    const identity = identityOf(rules);
    if (identity === this.#identity) return;
    this.#destinations = this.#connect(rules);
    this.#identity = identity;
    this.#round.abort();
    this.#round = new AbortController();
  }

  /** Until the options' signal aborts. */
  async run(): Promise<void> {
    const { signal } = this.#options;
    while (!signal.aborted) {
      const round = AbortSignal.any([signal, this.#round.signal]);
      await runDeliveries({ ...this.#options, sinks: this.#destinations.sinks, signal: round });
      // Without any destination there is nothing to do until that changes.
      await aborted(round);
    }
  }

  #connect({ rules, secretOf }: RulesWithSecrets): Destinations {
    const { context, clock } = this.#options;
    return connectDestinations({ rules, secretOf, context, clock });
  }
}

/** Equal for rules whose alerts go the same ways. In memory only: it holds the secrets. */
function identityOf({ rules, secretOf }: RulesWithSecrets): string {
  const ways = ({ webhook: { url, secret } }: RuleSettings['then'][number]) => [url, secret, secretOf(secret).reveal()];
  return JSON.stringify(rules.map(({ id, then: destinations }) => [id, destinations.map(ways)]));
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise(resolve => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
