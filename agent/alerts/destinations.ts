// From the settings to the sinks they name: each destination once, with a name of its own. A new kind of destination is a
// schema in shared/destinations/, a sink in sinks/ and one line here.
import type { DestinationSettings, Route } from '../../shared/destination-settings.ts';
import type { WebhookSettings } from '../../shared/destinations/webhook.ts';
import type { RuleSettings } from '../../shared/rule-settings.ts';
import type { Sink, SinkParts } from './sink.ts';
import { amqpSink } from './sinks/amqp.ts';
import { firehoseSink } from './sinks/firehose.ts';
import { kinesisSink } from './sinks/kinesis.ts';
import { mqttSink } from './sinks/mqtt.ts';
import { snsSink } from './sinks/sns.ts';
import { sqsSink } from './sinks/sqs.ts';
import { stompSink } from './sinks/stomp.ts';
import { webhookDestination, webhookSink } from './sinks/webhook.ts';

export type Destinations = {
  sinks: Sink[];
  /** Names of the sinks a rule's alerts go to. */
  of(ruleId: string): string[];
  /** The key of a sink's settings, such as `webhook`. */
  kindOf(destination: string): string;
};

export type Routing = { rules: RuleSettings[]; destinations: DestinationSettings[] };

/** @throws AgentError `settings-invalid` for what only shows now, such as an empty secret */
export function connectDestinations({ rules, destinations }: Routing, parts: SinkParts): Destinations {
  const named = destinations.map(settings => sinkOf(settings, parts));
  const inline = new Map<string, Sink>();
  const byRule = new Map(rules.map(({ id, then: routes }) => [id, routes.flatMap(nameOf)]));
  const kinds = new Map(destinations.map(settings => [settings.id, kindIn(settings)]));
  return {
    sinks: [...named, ...inline.values()],
    of: ruleId => byRule.get(ruleId) ?? [],
    kindOf: destination => kinds.get(destination) ?? 'webhook',
  };

  function nameOf({ to, webhook }: Route): string[] {
    if (to !== undefined) return [to];
    if (!webhook) return [];
    // The same address with another secret is another destination.
    const identity = JSON.stringify(webhook);
    const sink = inline.get(identity) ?? newWebhook(webhook);
    inline.set(identity, sink);
    return [sink.destination];
  }

  function newWebhook(settings: WebhookSettings): Sink {
    return webhookOf(settings, unusedName(webhookDestination(settings.url)), parts);
  }

  function unusedName(wanted: string): string {
    const used = new Set([...inline.values()].map(sink => sink.destination));
    let name = wanted;
    for (let number = 2; used.has(name); number++) name = `${wanted} (${number})`;
    return name;
  }
}

function kindIn({ id: _, ...kinds }: DestinationSettings): string | undefined {
  return Object.entries(kinds).find(([, settings]) => settings !== undefined)?.[0];
}

function sinkOf(
  { id: destination, webhook, mqtt, amqp, stomp, sns, sqs, kinesis, firehose }: DestinationSettings,
  parts: SinkParts,
): Sink {
  if (webhook) return webhookOf(webhook, destination, parts);
  if (amqp) return amqpSink({ ...parts, settings: amqp, destination });
  if (stomp) return stompSink({ ...parts, settings: stomp, destination });
  if (sns) return snsSink({ ...parts, settings: sns, destination });
  if (sqs) return sqsSink({ ...parts, settings: sqs, destination });
  if (kinesis) return kinesisSink({ ...parts, settings: kinesis, destination });
  if (firehose) return firehoseSink({ ...parts, settings: firehose, destination });
  if (mqtt) return mqttSink({ ...parts, settings: mqtt, destination });
  throw new TypeError(`The destination ${destination} is of no kind`);
}

function webhookOf(
  { secret, secrets = [], headers = {}, ...settings }: WebhookSettings,
  destination: string,
  { secretOf, context, clock, stillOf }: SinkParts,
): Sink {
  return webhookSink({
    ...settings,
    secret: secretOf(secret),
    secrets: secrets.map(secretOf),
    headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, secretOf(value)])),
    ...{ destination, context, clock, stillOf },
  });
}
