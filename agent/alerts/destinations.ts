// From the settings to the sinks they name: each destination once, with a name of its own. A new kind of destination is a
// schema in shared/destinations/, a sink in sinks/ and one line here. Their code, and the packages it needs, is loaded when a
// destination of the kind is there: all of them together would take 15 MB of every device.
import type { DestinationSettings, Route } from '../../shared/destination-settings.ts';
import type { WebhookSettings } from '../../shared/destinations/webhook.ts';
import type { RuleSettings } from '../../shared/rule-settings.ts';
import type { Sink, SinkParts } from './sink.ts';
import { webhookDestination, webhookSink } from './sinks/webhook.ts';

export type Destinations = {
  sinks: Sink[];
  /** Names of the sinks a rule's alerts go to. */
  of(ruleId: string): string[];
  /** The key of a sink's settings, such as `webhook`. */
  kindOf(destination: string): string;
};

export type Routing = { rules: RuleSettings[]; destinations: DestinationSettings[] };

/** Rejects with AgentError `settings-invalid` for what only shows now, such as an empty secret. */
export async function connectDestinations({ rules, destinations }: Routing, parts: SinkParts): Promise<Destinations> {
  const named = await Promise.all(destinations.map(settings => sinkOf(settings, parts)));
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

async function sinkOf(
  { id: destination, webhook, mqtt, amqp, stomp, sns, sqs, kinesis, firehose }: DestinationSettings,
  parts: SinkParts,
): Promise<Sink> {
  if (webhook) return webhookOf(webhook, destination, parts);
  if (amqp) return (await import('./sinks/amqp.ts')).amqpSink({ ...parts, settings: amqp, destination });
  if (stomp) return (await import('./sinks/stomp.ts')).stompSink({ ...parts, settings: stomp, destination });
  if (sns) return (await import('./sinks/sns.ts')).snsSink({ ...parts, settings: sns, destination });
  if (sqs) return (await import('./sinks/sqs.ts')).sqsSink({ ...parts, settings: sqs, destination });
  if (kinesis) return (await import('./sinks/kinesis.ts')).kinesisSink({ ...parts, settings: kinesis, destination });
  if (firehose)
    return (await import('./sinks/firehose.ts')).firehoseSink({ ...parts, settings: firehose, destination });
  if (mqtt) return (await import('./sinks/mqtt.ts')).mqttSink({ ...parts, settings: mqtt, destination });
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
