// An MQTT broker as a destination. An alert counts as delivered when the broker has acknowledged it (QoS 1); the outbox is
// what sends it again. States are retained and follow what holds; commands come back. A light is switched instead.
import { createHash } from 'node:crypto';
import { hostname } from 'node:os';
import { join } from 'node:path';
import type { MqttSettings } from '../../../shared/destinations/mqtt.ts';
import { unlessAborted } from '../../aborted.ts';
import { BrokerConnection, type BrokerConnectionOptions } from '../mqtt/broker-connection.ts';
import { obey } from '../mqtt/commands.ts';
import { announcementsOf, discoveryFilter, nodeOf } from '../mqtt/home-assistant.ts';
import { Light } from '../mqtt/light.ts';
import { Retained } from '../mqtt/retained.ts';
import type { Session } from '../mqtt/session.ts';
import { statesOf } from '../mqtt/states.ts';
import { StateTopics, topicLevel, topicOf } from '../mqtt/topics.ts';
import { payloadOf } from '../payload.ts';
import type { Sink, SinkOptions } from '../sink.ts';

export type MqttSinkOptions = SinkOptions<MqttSettings>;

/** @throws what `secretOf` throws */
export function mqttSink(options: MqttSinkOptions): Sink {
  if (options.settings.light) return lightSink(options, options.settings.light);
  return options.settings.states || options.settings.commands ? statefulSink(options) : plainSink(options);
}

/** Alerts only. */
function plainSink(options: MqttSinkOptions): Sink {
  const connection = new BrokerConnection(accessOf(options));
  return {
    destination: options.destination,
    open: () => connection.open(),
    deliver: deliveryTo(connection, options),
    close: () => connection.close(),
  };
}

/** Alerts, with states beside them and commands back. */
function statefulSink(options: MqttSinkOptions): Sink {
  const { settings, destination, site, snoozes, clock, context } = options;
  const topics = new StateTopics(settings.base, siteOf(options));
  const { states, commands } = settings;
  const named = settings.homeAssistant && { ...settings.homeAssistant, node: nodeOf(siteOf(options)) };
  const consoleUrl = () => context.consoleUrl;
  const announcements = named
    ? announcementsOf({ ...named, topics, commands, site, destination, consoleUrl })
    : () => [];
  const connection: BrokerConnection = new BrokerConnection({
    ...accessOf(options),
    ...(states ? { will: { topic: topics.availability, payload: 'offline' } } : {}),
    onSession: async session => {
      const outcomes = await Promise.allSettled([
        ...(states ? [retained.begin(session)] : []),
        ...(commands ? [session.subscribe(topics.commandFilters)] : []),
      ]);
      for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
    },
    onMessage: message => {
      if (commands && topics.commandTarget(message.topic)) obey(message, { ...options, topics });
      else if (states) void retained.take(message);
    },
  });
  const retained = new Retained({
    ...{ clock, session: () => connection.session },
    filters: [...topics.stateFilters, ...(named ? [discoveryFilter(named)] : [])],
    states: () =>
      statesOf({
        ...{ destination, site, topics },
        snoozes: commands ? snoozes : undefined,
        announcements: announcements(),
        nowMs: clock.nowMs(),
      }),
  });
  const stops: (() => void)[] = [];
  return {
    destination,
    open() {
      if (states) for (const changing of [site, snoozes]) stops.push(changing.onChange(() => retained.changed()));
      connection.open();
    },
    deliver: deliveryTo(connection, options),
    async close() {
      for (const stop of stops) stop();
      retained.close();
      await connection.close(states ? session => sayOffline(session, topics) : undefined);
    },
  };
}

/** The last will is only for those who do not say goodbye. */
function sayOffline(session: Session, topics: StateTopics): Promise<void> {
  return session.publish({ topic: topics.availability, payload: 'offline', retain: true });
}

function lightSink(options: MqttSinkOptions, settings: NonNullable<MqttSettings['light']>): Sink {
  const { destination, site, clock, dataDir } = options;
  const isActive = () => site.rulesTo(destination).some(({ id }) => site.isActiveAnywhere(id));
  const connection: BrokerConnection = new BrokerConnection({
    ...accessOf(options),
    onSession: () => light.begin(),
  });
  const light = new Light({
    ...{ settings, clock, isActive, session: () => connection.awaitSession() },
    markFile: join(dataDir, 'lights', destination),
  });
  const stops: (() => void)[] = [];
  return {
    destination,
    open() {
      stops.push(site.onChange(() => light.changed()));
      light.changed();
      connection.open();
    },
    deliver: (alert, signal) => unlessAborted(light.alerted(alert), signal),
    async close() {
      for (const stop of stops) stop();
      light.close();
      await connection.close();
    },
  };
}

function deliveryTo(connection: BrokerConnection, options: MqttSinkOptions): Sink['deliver'] {
  const { settings, context } = options;
  const site = siteOf(options);
  return async (alert, signal) => {
    const session = await unlessAborted(connection.awaitSession(), signal);
    const { ruleId: rule, cameraId: camera } = alert;
    const published = session.publish({
      topic: topicOf(settings.topic, { site, rule, ...(camera === undefined ? {} : { camera }) }),
      payload: JSON.stringify(payloadOf(alert, context)),
      properties: {
        // As the MQTT binding of CloudEvents wants it for events in structured form.
        contentType: 'application/cloudevents+json',
        payloadFormatIndicator: true,
        userProperties: { 'idempotency-key': alert.id },
        ...(settings.expirySeconds === undefined ? {} : { messageExpiryInterval: settings.expirySeconds }),
      },
    });
    await unlessAborted(published, signal);
  };
}

function accessOf(options: MqttSinkOptions): BrokerConnectionOptions {
  const { settings, destination, secretOf, clock, random, facts } = options;
  return {
    ...{ settings, destination, clock, random, facts },
    version: settings.version,
    broker: `broker of ${destination}`,
    password: settings.password && secretOf(settings.password),
    clientId: settings.clientId ?? clientIdOf(options),
    onMessage: () => {},
  };
}

function siteOf({ settings, site }: MqttSinkOptions): string {
  return settings.site ?? topicLevel(site.site.siteName);
}

/** Letters and digits, 23 at most: every broker has to take that. The same after each start. */
function clientIdOf({ destination, dataDir }: MqttSinkOptions): string {
  const identity = JSON.stringify([hostname(), dataDir, destination]);
  return `kvsedge${createHash('sha256').update(identity).digest('hex').slice(0, 16)}`;
}
