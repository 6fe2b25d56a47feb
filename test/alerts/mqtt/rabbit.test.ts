// The MQTT destination and a real RabbitMQ, which speaks 3.1.1 only: over TCP, TLS and WebSockets, and what differs there.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runDeliveries } from '../../../agent/alerts/deliver.ts';
import { isMosquittoMissing } from '../../brokers/mosquitto.ts';
import { type MqttObserver, observeMqtt, publishMqtt } from '../../brokers/mqtt-observer.ts';
import { startPatienceMs } from '../../brokers/program.ts';
import { isRabbitMissing, type Rabbit, startRabbit } from '../../brokers/rabbit.ts';
import { factsOf, firing, scene } from '../scene.ts';
import { camera, hurriedClock, patientClock, ruleHome, sinkScene } from './mqtt-scene.ts';

const never = new AbortController().signal;
const patiently = { timeout: 120_000, interval: 20 };

describe.skipIf(isRabbitMissing || isMosquittoMissing)('RabbitMQ', { timeout: 2 * startPatienceMs }, () => {
  let broker: Rabbit;
  let observer: MqttObserver;
  // Its start takes many seconds: one for all.
  beforeAll(async () => {
    broker = await startRabbit({ mqtt: true });
    observer = await observeMqtt(broker.mqtt, 'kvs-edge/#');
  }, 2 * startPatienceMs);
  afterAll(async () => {
    await observer?.[Symbol.asyncDispose]();
    await broker?.[Symbol.asyncDispose]();
  });

  function connected(url: string, change: object = {}, { password = broker.user.password, clock = patientClock } = {}) {
    const { username } = broker.user;
    const mqtt = { url, username, password: { env: 'P' }, ...change };
    const there = sinkScene({
      mqtt,
      password,
      clock,
      site: { cameras: [camera('hall')], rules: [ruleHome('person')] },
    });
    there.sink.open?.();
    return there;
  }

  test.each([
    { how: 'TCP', address: () => `mqtt://127.0.0.1:${broker.mqttPort}` },
    { how: 'TLS', address: () => `mqtts://127.0.0.1:${broker.mqttTlsPort}` },
    { how: 'WebSocket', address: () => `ws://127.0.0.1:${broker.wsPort}/ws` },
    { how: 'WebSocket over TLS', address: () => `wss://127.0.0.1:${broker.wssPort}/ws` },
  ])('takes alerts and states over $how, though it is asked for MQTT 5 first', async ({ how, address }) => {
    const site = how.toLowerCase().replaceAll(' ', '-');
    const tls = how.includes('TLS') ? { tls: { caFile: broker.certificates.path('ca.pem') } } : {};
    const { sink } = connected(address(), { ...tls, site, commands: true });
    await sink.deliver({ id: `alert-${site}`, ...firing(), deliveries: [] }, never);
    const topics = () => observer.messages.map(({ topic }) => topic).filter(topic => topic.includes(`/${site}/`));
    // A connection that is made anew tells its states again.
    await expect
      .poll(() => [...new Set(topics())].sort(), patiently)
      .toEqual(
        [
          'availability',
          'front-door/person-at-door/alert',
          'hall/person/snoozed',
          'hall/person/state',
          'hall/snoozed',
          'hall/state',
          'snoozed',
        ]
          .map(end => `kvs-edge/${site}/${end}`)
          .sort(),
      );
    const alert = observer.messages.find(({ topic }) => topic.endsWith(`${site}/front-door/person-at-door/alert`));
    expect(JSON.parse(String(alert?.payload))).toMatchObject({ data: { alertId: `alert-${site}` } });
    expect(alert?.qos).toBe(1);
  });

  test('gives commands', async () => {
    const { snoozes, published } = connected(`ws://127.0.0.1:${broker.wsPort}/ws`, {
      site: 'commanded',
      commands: true,
    });
    await expect.poll(() => factsOf(published, 'destination.state').at(-1)?.state, patiently).toBe('connected');
    // The subscription is made after the state is told.
    const send = () => publishMqtt(broker.mqtt, { topic: 'kvs-edge/commanded/hall/command/snooze', payload: '30' });
    await expect.poll(async () => send().then(() => snoozes.list().length), patiently).toBe(1);
  });

  test('says that a password, a path or a certificate is not right', async () => {
    const { certificates, wsPort, wssPort, mqttPort } = broker;
    const attempt = (url: string, change: object = {}, user: { password?: string } = {}) =>
      connected(url, change, user).sink.deliver({ id: 'refused', ...firing(), deliveries: [] }, never);
    const says = (sentence: RegExp) => ({ code: 'delivery-refused', message: expect.stringMatching(sentence) });
    const wrong = /does not (accept the username and password|let this device in)/;
    await expect(attempt(`mqtt://127.0.0.1:${mqttPort}`, {}, { password: 'c4nary' })).rejects.toMatchObject(
      says(wrong),
    );
    await expect(attempt(`ws://127.0.0.1:${wsPort}/wrong`)).rejects.toMatchObject(
      says(/^The broker of home answers the WebSocket with HTTP 404: check the path of the url\.$/),
    );
    await expect(attempt(`wss://127.0.0.1:${wssPort}/ws`)).rejects.toMatchObject(
      says(/certificate that cannot be trusted/),
    );
    const tls = { caFile: certificates.path('ca.pem'), servername: 'other.example' };
    await expect(attempt(`wss://127.0.0.1:${wssPort}/ws`, { tls })).rejects.toMatchObject(says(/check its name/));
  });

  test('that is restarted in the middle loses no alert', async () => {
    const { sink } = connected(
      `mqtt://127.0.0.1:${broker.mqttPort}`,
      { site: 'restarted', states: false },
      { clock: hurriedClock },
    );
    const { outbox, facts, published, stop } = scene({ clock: hurriedClock });
    const options = { outbox, sinks: [sink], clock: hurriedClock, random: Math.random, facts, signal: stop.signal };
    const done = runDeliveries(options);
    const raised: string[] = [];
    const raise = (count: number) => {
      for (let at = 0; at < count; at++) raised.push(outbox.raise(firing(), ['home']).id);
    };
    const delivered = () => factsOf(published, 'alert.delivery').filter(({ state }) => state === 'delivered').length;
    raise(20);
    await expect.poll(delivered, patiently).toBeGreaterThan(3);
    await broker.stop();
    raise(5);
    await broker.start();
    raise(5);
    await expect.poll(delivered, patiently).toBe(30);
    stop.abort();
    await done;
    const mine = () => observer.messages.filter(({ topic }) => topic.startsWith('kvs-edge/restarted/'));
    const ids = () => [...new Set(mine().map(({ payload }) => JSON.parse(String(payload)).data.alertId))];
    await expect.poll(() => ids().length, patiently).toBe(30);
    expect(ids()).toEqual(raised);
  });
});
