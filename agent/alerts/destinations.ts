// From the rules in the settings to the sinks they name: each different destination once, with a name of its own.

import type { SecretReference } from '../../shared/camera-settings.ts';
import type { RuleSettings } from '../../shared/settings.ts';
import type { Clock } from '../clock.ts';
import type { Secret } from '../secret.ts';
import type { PayloadContext } from './payload.ts';
import type { Sink } from './sink.ts';
import { webhookDestination, webhookSink } from './sinks/webhook.ts';

export type Destinations = {
  sinks: Sink[];
  /** Names of the sinks a rule's alerts go to. */
  of(ruleId: string): string[];
};

export type DestinationOptions = {
  rules: RuleSettings[];
  /** Looks the secret up; what it throws is passed on. */
  secretOf(reference: SecretReference): Secret;
  context: PayloadContext;
  clock: Clock;
};

/** @throws AgentError `settings-invalid` for an empty secret */
export function connectDestinations({ rules, secretOf, context, clock }: DestinationOptions): Destinations {
  const sinks = new Map<string, Sink>();
  const byRule = new Map<string, string[]>();
  for (const rule of rules) {
    const names = rule.then.map(({ webhook }) => {
      // The same address with another secret is another destination.
      const identity = JSON.stringify(webhook);
      const sink = sinks.get(identity) ?? newSink(webhook);
      sinks.set(identity, sink);
      return sink.destination;
    });
    byRule.set(rule.id, names);
  }
  return { sinks: [...sinks.values()], of: ruleId => byRule.get(ruleId) ?? [] };

  function newSink({ url, secret }: RuleSettings['then'][number]['webhook']): Sink {
    const destination = unusedName(webhookDestination(url));
    return webhookSink({ url, secret: secretOf(secret), destination, context, clock });
  }

  function unusedName(wanted: string): string {
    const used = new Set([...sinks.values()].map(sink => sink.destination));
    let name = wanted;
    for (let number = 2; used.has(name); number++) name = `${wanted} (${number})`;
    return name;
  }
}
