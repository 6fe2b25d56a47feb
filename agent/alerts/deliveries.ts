// Deliveries that follow the rules: when rules' destinations change, they end and begin anew with what the outbox holds.
// Also what people ask of destinations: how they are, whether they take a test, and to deliver again.
import { randomUUID } from 'node:crypto';
import type { Alert } from '../../shared/alert.ts';
import type { DestinationStatus, DestinationTested, Redelivered } from '../../shared/destination-status.ts';
import { aborted } from '../aborted.ts';
import { secretsWithin } from '../settings/files-and-secrets.ts';
import { tryRound } from './attempt.ts';
import { type DeliveryOptions, runDeliveries } from './deliver.ts';
import { connectDestinations, type Destinations, type Routing } from './destinations.ts';
import { hiddenWords } from './hidden-words.ts';
import { type Redelivery, redeliver, unknownDestination } from './redeliver.ts';
import type { Sink, SinkParts } from './sink.ts';

const dayMs = 24 * 3_600_000;
/** Connections that do not end by themselves are left behind. */
const closePatienceMs = 5_000;

export type RoutingWithSecrets = Routing & Pick<SinkParts, 'secretOf'>;

export type DeliveriesOptions = Omit<DeliveryOptions, 'sinks' | 'hidden'> & Omit<SinkParts, 'secretOf'>;

type Connected = Destinations & { hidden: string[] };

export class Deliveries {
  readonly #options: DeliveriesOptions;
  #destinations: Connected;
  #identity: string;
  #round = new AbortController();

  private constructor(options: DeliveriesOptions, identity: string, destinations: Connected) {
    this.#options = options;
    this.#identity = identity;
    this.#destinations = destinations;
  }

  /** Rejects with AgentError `settings-invalid` for an empty secret. */
  static async open(options: DeliveriesOptions, routing: RoutingWithSecrets): Promise<Deliveries> {
    return new Deliveries(options, identityOf(routing), await connected(options, routing));
  }

  /** Names of the destinations that a rule's alerts go to. */
  of(ruleId: string): string[] {
    return this.#destinations.of(ruleId);
  }

  /** Every destination of the settings. @throws AgentError `disk-…` */
  statuses(): DestinationStatus[] {
    const { outbox, clock } = this.#options;
    const { sinks, kindOf } = this.#destinations;
    const sinceMs = clock.nowMs() - dayMs;
    return sinks.map(({ destination: id }) => ({ id, kind: kindOf(id), ...outbox.line(id, sinceMs) }));
  }

  /**
   * Sends an alert of kind `test` to exactly this destination, now: past the alerts that wait for it, and without keeping
   * it. Rejects with an AgentError `destination-unknown`, or with the reason why the agent ends meanwhile.
   */
  async test(destination: string): Promise<DestinationTested> {
    const { clock, random, signal } = this.#options;
    const { hidden, sinks } = this.#destinations;
    const sink = sinks.find(sink => sink.destination === destination);
    if (!sink) throw unknownDestination(destination, this.#names());
    const alert = testAlert(clock.nowMs());
    const due = { alert, attempts: 0, dueMs: alert.atMs };
    const [attempt] = await tryRound(sink, [due], { clock, random, signal, hidden });
    if (!attempt) throw signal.reason;
    const { triedMs: atMs, tookMs, answer, settlement } = attempt;
    const { state, error } = settlement;
    return {
      ...{ alertId: alert.id, delivered: state === 'delivered', atMs, tookMs },
      ...(answer === undefined ? {} : { answer }),
      ...(error ? { problem: { code: error.code, message: error.message } } : {}),
    };
  }

  /** @throws AgentError `alert-unknown`, `destination-unknown`, `disk-…` */
  redeliver(asked: Redelivery): Redelivered {
    return redeliver(asked, this.#options.outbox, this.#names());
  }

  /** Nothing is cut off unless destinations changed. Rejects with AgentError `settings-invalid` for an empty secret. */
  async follow(routing: RoutingWithSecrets): Promise<void> {
    const identity = identityOf(routing);
    if (identity === this.#identity) return;
    this.#destinations = await connected(this.#options, routing);
    this.#identity = identity;
    this.#round.abort();
    this.#round = new AbortController();
  }

  /** Until the options' signal aborts. */
  async run(): Promise<void> {
    const { signal } = this.#options;
    const stop = () => this.#round.abort();
    signal.addEventListener('abort', stop, { once: true });
    while (!signal.aborted) {
      const { signal: round } = this.#round;
      const { sinks, hidden } = this.#destinations;
      for (const sink of sinks) sink.open?.();
      await runDeliveries({ ...this.#options, sinks, hidden, signal: round });
      // Without any destination there is nothing to do until that changes.
      await aborted(round);
      await this.#close(sinks);
    }
  }

  #names(): string[] {
    return this.#destinations.sinks.map(sink => sink.destination);
  }

  async #close(sinks: readonly Sink[]): Promise<void> {
    const closed = new AbortController();
    const patience = this.#options.clock.sleep(closePatienceMs, closed.signal).catch(() => undefined);
    await Promise.race([Promise.allSettled(sinks.map(async sink => sink.close?.())), patience]);
    closed.abort();
  }
}

async function connected(options: DeliveriesOptions, routing: RoutingWithSecrets): Promise<Connected> {
  const { secretOf } = routing;
  const hidden = hiddenWords(waysOf(routing), secretOf);
  return { ...(await connectDestinations(routing, { ...options, secretOf })), hidden };
}

function testAlert(atMs: number): Alert {
  const why = 'A test of this destination: nothing was seen.';
  return { id: randomUUID(), kind: 'test', ruleId: 'test', atMs, why, sightings: [], deliveries: [] };
}

function waysOf({ rules, destinations }: Routing) {
  return { routes: rules.map(({ id, then: routes }) => [id, routes]), destinations };
}

/** Equal for settings whose alerts go the same ways. In memory only: it holds the secrets. */
function identityOf(routing: RoutingWithSecrets): string {
  const ways = waysOf(routing);
  const secrets = [...secretsWithin(ways, 'ways')].map(({ reference }) => routing.secretOf(reference).reveal());
  return JSON.stringify([ways, secrets]);
}
