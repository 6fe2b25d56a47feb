// Alerts to real message brokers over AMQP 1.0 and STOMP: what arrives, what a restart of the broker loses (nothing), and the
// words for what is wrong. What arrives is observed with a client of the tests' own.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runDeliveries } from '../../agent/alerts/deliver.ts';
import type { Sink } from '../../agent/alerts/sink.ts';
import { amqpSink } from '../../agent/alerts/sinks/amqp.ts';
import { stompSink } from '../../agent/alerts/sinks/stomp.ts';
import { type Clock, systemClock } from '../../agent/clock.ts';
import { Secret } from '../../agent/secret.ts';
import type { Alert } from '../../shared/alert.ts';
import type { TlsSettings } from '../../shared/destinations/tls.ts';
import { type ActiveMq, isActiveMqMissing, startActiveMq } from '../brokers/active-mq.ts';
import type { Broker } from '../brokers/broker.ts';
import { startPatienceMs } from '../brokers/program.ts';
import { isRabbitMissing, type Rabbit, startRabbit } from '../brokers/rabbit.ts';
import type { StompAccess } from '../brokers/stomp-connection.ts';
import { observeStomp } from '../brokers/stomp-observer.ts';
import { firing, frameMs, scene, sinkParts } from './scene.ts';

const never = new AbortController().signal;

type Access = {
  port: number;
  username?: string;
  password?: string;
  tls?: TlsSettings;
  to?: string;
  virtualHost?: string;
};
type MakeSink = (access: Access) => Sink;

/** More patience with a broker than the agent has: it may have to wait for a processor. */
const patientClock: Clock = { ...systemClock, after: (ms, call) => systemClock.after(ms * 6, call) };

function parts(password: string | undefined) {
  return { ...sinkParts({ clock: patientClock, secretOf: () => new Secret(password ?? '') }), destination: 'ops' };
}

function settingsOf({ port, username, password, tls, virtualHost }: Access, scheme: string) {
  return {
    url: `${scheme}${tls ? 's' : ''}://127.0.0.1:${port}`,
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password: { env: 'BROKER_PASSWORD' } }),
    ...(tls ? { tls } : {}),
    ...(virtualHost === undefined ? {} : { virtualHost }),
  };
}

const overAmqp: MakeSink = access =>
  amqpSink({
    ...parts(access.password),
    settings: { ...settingsOf(access, 'amqp'), address: access.to ?? '/queue/alerts' },
  });
const overStomp: MakeSink = access =>
  stompSink({
    ...parts(access.password),
    settings: { ...settingsOf(access, 'stomp'), to: access.to ?? '/queue/alerts' },
  });

function alerts(from: number, to: number): Alert[] {
  return Array.from({ length: to - from }, (_, index) => ({
    ...{ ...firing({ atMs: frameMs + from + index }), deliveries: [] },
    id: `alert-${from + index}`,
  }));
}

/** How long a delivery may take. */
const attemptPatienceMs = 120_000;

/**
 * An hour passes in two minutes: the pauses between attempts are long where the broker starts within seconds. A delivery has
 * all its time: a broker that has little of the processor may need it.
 */
const startMs = Date.now();
const hurriedClock: Clock = {
  ...systemClock,
  nowMs: () => startMs + (Date.now() - startMs) * 30,
  after: (ms, call) => systemClock.after(ms === attemptPatienceMs ? ms : ms / 30, call),
  sleep: (ms, signal) => systemClock.sleep(ms / 30, signal),
};

const idsOf = (texts: string[]) => texts.map(text => JSON.parse(text).id);

describe.skipIf(isRabbitMissing)('RabbitMQ', () => {
  let rabbit: Rabbit;
  beforeAll(async () => {
    rabbit = await startRabbit();
  }, 2 * startPatienceMs);
  afterAll(() => rabbit?.[Symbol.asyncDispose]());

  const protocols: [string, MakeSink, 'amqpPort' | 'stompPort', 'amqpTlsPort' | 'stompTlsPort'][] = [
    ['AMQP 1.0', overAmqp, 'amqpPort', 'amqpTlsPort'],
    ['STOMP', overStomp, 'stompPort', 'stompTlsPort'],
  ];

  describe.each(protocols)('over %s', (protocol, make, plainPort, tlsPort) => {
    const queue = `/queue/${protocol === 'STOMP' ? 's' : 'a'}`;

    test('has the alerts in order, each as its bytes, with its id', async () => {
      const sink = make({ port: rabbit[plainPort], ...rabbit.user, to: `${queue}-order` });
      await sink.deliver(alerts(0, 1)[0] as Alert, never);
      expect(await sink.batches?.deliver(alerts(1, 50), never)).toEqual(Array(49).fill(undefined));
      await sink.close?.();
      await using observer = await observeStomp(rabbit.stomp, `${queue}-order`);
      await expect.poll(() => observer.messages.length).toBe(50);
      expect(idsOf(observer.texts)).toEqual(alerts(0, 50).map(({ id }) => id));
      const [{ headers } = { headers: {} }] = observer.messages;
      expect(JSON.stringify(headers)).toContain('alert-0');
      expect(headers).toMatchObject({ 'content-type': 'application/json' });
    });

    test('is spoken to under TLS with the broker’s own authority, and not without it', async () => {
      const access = { port: rabbit[tlsPort], ...rabbit.user, to: `${queue}-tls` };
      const sink = make({ ...access, tls: { caFile: rabbit.certificates.path('ca.pem') } });
      await sink.deliver(alerts(0, 1)[0] as Alert, never);
      await sink.close?.();
      const distrusting = make({ ...access, tls: {} });
      await expect(distrusting.deliver(alerts(0, 1)[0] as Alert, never)).rejects.toMatchObject({
        ...{
          code: 'delivery-refused',
          kind: 'denied',
          message: expect.stringMatching(/certificate that cannot be trusted/),
        },
      });
      const missing = make({ ...access, tls: { caFile: '/nowhere/ca.pem' } });
      await expect(missing.deliver(alerts(0, 1)[0] as Alert, never)).rejects.toMatchObject({
        message: 'The ops was not asked: /nowhere/ca.pem cannot be read (ENOENT).',
      });
    });

    test.each<[string, Partial<Access>, object]>([
      ['a wrong password', { password: 'wrong-canary' }, { code: 'delivery-refused', kind: 'denied', retry: 'later' }],
      ['a port where nobody is', { port: 1 }, { code: 'delivery-failed', kind: 'unavailable', retry: 'later' }],
      ['TLS where there is none', { tls: {} }, { message: expect.stringMatching(/TLS/) }],
      ['an unknown virtual host', { virtualHost: 'elsewhere' }, { code: 'delivery-refused' }],
    ])('%s is told in words, without the password', async (_what, change, problem) => {
      const sink = make({ port: rabbit[plainPort], ...rabbit.user, ...change });
      const error = await sink.deliver(alerts(0, 1)[0] as Alert, never).catch(error => error);
      expect(error).toMatchObject({ name: 'AgentError', ...problem });
      expect(error.message).not.toMatch(/wrong-canary/);
      expect(error.message).toMatch(/^The ops [a-z].*\.$/);
    });

    test('an abort ends a delivery at once, also while the broker is silent', async () => {
      const stop = new AbortController();
      const sink = make({ port: rabbit[plainPort], ...rabbit.user });
      const delivery = sink.deliver(alerts(0, 1)[0] as Alert, stop.signal);
      stop.abort(new Error('enough'));
      await expect(delivery).rejects.toThrow('enough');
    });
  });

  test(
    'a restart of the broker in the middle loses no alert and keeps the order, over both',
    async () => {
      const sinks = [
        overAmqp({ port: rabbit.amqpPort, ...rabbit.user, to: '/queue/restart-a' }),
        overStomp({ port: rabbit.stompPort, ...rabbit.user, to: '/queue/restart-s' }),
      ];
      const raised = await deliverAcrossRestart(rabbit, sinks);
      for (const queue of ['/queue/restart-a', '/queue/restart-s']) await expectAll(rabbit.stomp, queue, raised);
    },
    2 * startPatienceMs,
  );
});

describe.skipIf(isActiveMqMissing)('ActiveMQ over STOMP', () => {
  let broker: ActiveMq;
  beforeAll(async () => {
    broker = await startActiveMq();
  }, 2 * startPatienceMs);
  afterAll(() => broker?.[Symbol.asyncDispose]());

  test('has the alerts in order over TLS, each as its bytes, with its id', async () => {
    const tls = { caFile: broker.certificates.path('ca.pem') };
    const sink = overStomp({ port: broker.tlsPort, ...broker.user, tls, to: '/queue/order' });
    expect(await sink.batches?.deliver(alerts(0, 50), never)).toEqual(Array(50).fill(undefined));
    await sink.close?.();
    await using observer = await observeStomp(broker.stomp, '/queue/order');
    await expect.poll(() => observer.messages.length).toBe(50);
    expect(idsOf(observer.texts)).toEqual(alerts(0, 50).map(({ id }) => id));
    expect(observer.messages[0]?.headers).toMatchObject({ 'content-type': 'application/json', 'alert-id': 'alert-0' });
  });

  test('a wrong password is told in words, without it', async () => {
    const sink = overStomp({ port: broker.port, username: broker.user.username, password: 'wrong-canary' });
    const error = await sink.deliver(alerts(0, 1)[0] as Alert, never).catch(error => error);
    expect(error).toMatchObject({ code: 'delivery-refused', kind: 'denied' });
    expect(error.message).toBe('The ops does not accept the username and password: check both in the settings.');
  });

  test(
    'a restart in the middle loses no alert and keeps the order',
    async () => {
      const raised = await deliverAcrossRestart(broker, [
        overStomp({ port: broker.port, ...broker.user, to: '/queue/restart' }),
      ]);
      await expectAll(broker.stomp, '/queue/restart', raised);
    },
    2 * startPatienceMs,
  );
});

/** Raises alerts before, during and after a stop of the broker, until all are delivered; returns their ids. */
async function deliverAcrossRestart(broker: Broker, made: Sink[]): Promise<string[]> {
  const { outbox, facts, stop } = scene({ clock: hurriedClock });
  const sinks = made.map((sink, index) => ({ ...sink, destination: `broker-${index}` }));
  const names = sinks.map(({ destination }) => destination);
  const done = runDeliveries({ outbox, sinks, clock: hurriedClock, random: () => 0, facts, signal: stop.signal });
  let delivered = 0;
  facts.subscribe(fact => {
    if (fact.type === 'alert.delivery' && fact.state === 'delivered') delivered++;
  });
  const raised: string[] = [];
  const raise = (count: number) => {
    for (let index = 0; index < count; index++)
      raised.push(outbox.raise(firing({ atMs: frameMs + raised.length }), names).id);
  };
  raise(40);
  await expect.poll(() => delivered).toBeGreaterThan(0);
  await broker.stop();
  raise(40);
  await broker.start();
  raise(40);
  const waiting = () => names.filter(name => outbox.waiting(name, 1).length > 0);
  await expect.poll(waiting, { timeout: startPatienceMs }).toEqual([]);
  stop.abort();
  await done;
  for (const sink of made) await sink.close?.();
  return raised;
}

/** At least once each, and the first time each came, in order. */
async function expectAll(access: StompAccess, queue: string, raised: string[]): Promise<void> {
  await using observer = await observeStomp(access, queue);
  await expect.poll(() => new Set(idsOf(observer.texts)).size).toBe(raised.length);
  expect([...new Set(idsOf(observer.texts))]).toEqual(raised);
}
