// The MQTT destination and a real mosquitto: alerts, their order and acknowledgement, TLS, and what is said when it refuses.
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { runDeliveries } from '../../../agent/alerts/deliver.ts';
import type { Clock } from '../../../agent/clock.ts';
import type { Alert } from '../../../shared/alert.ts';
import { DeviceCertificates } from '../../aws/device-certificates.ts';
import { isMosquittoMissing, type Mosquitto, startMosquitto } from '../../brokers/mosquitto.ts';
import { observeMqtt } from '../../brokers/mqtt-observer.ts';
import { SimulatedClock } from '../../simulated-clock.ts';
import { factsOf, firing, scene } from '../scene.ts';
import { hurriedClock, quickly, sinkScene } from './mqtt-scene.ts';

const never = new AbortController().signal;
const anna = { username: 'anna', password: 'p@ss: wörd' };
const alertTopic = 'kvs-edge/Harbour/front-door/person-at-door/alert';

function alert(id: string, change: Partial<Alert> = {}): Alert {
  return { id, ...firing(), deliveries: [], ...change };
}

function tlsOf(broker: Mosquitto, own?: string) {
  const { certificates } = broker;
  return {
    caFile: certificates.path('ca.pem'),
    ...(own
      ? { certificateFile: certificates.path(`${own}.pem`), privateKeyFile: certificates.path(`${own}.key`) }
      : {}),
  };
}

describe.skipIf(isMosquittoMissing)('mosquitto', () => {
  test.each(['3.1.1', 5, undefined] as const)(
    'takes an alert with quality 1 and its id, MQTT version %s',
    async version => {
      await using broker = await startMosquitto();
      await using observer = await observeMqtt(broker.access, 'kvs-edge/+/+/+/alert');
      const { sink } = sinkScene({ mqtt: { url: `mqtt://127.0.0.1:${broker.port}`, version, expirySeconds: 600 } });
      sink.open?.();
      await sink.deliver(alert('alert-1'), never);
      await expect.poll(() => observer.messages, quickly).toHaveLength(1);
      const [message] = observer.messages;
      expect(message).toMatchObject({ topic: alertTopic, qos: 1, retained: false });
      expect(JSON.parse(String(message?.payload))).toMatchObject({ data: { alertId: 'alert-1', why: 'Person 94 %.' } });
      if (version === '3.1.1') return expect(message?.properties).toEqual({});
      expect(message?.properties).toMatchObject({
        'content-type': 'application/cloudevents+json',
        'user-properties': { 'idempotency-key': 'alert-1' },
        'message-expiry-interval': expect.any(Number),
      });
    },
  );

  test('lets in who has the password, and says what is wrong to who has not', async () => {
    await using broker = await startMosquitto({ users: [anna] });
    const url = `mqtt://127.0.0.1:${broker.port}`;
    const right = sinkScene({ mqtt: { url, username: 'anna', password: { env: 'P' } }, password: anna.password });
    right.sink.open?.();
    await right.sink.deliver(alert('alert-1'), never);
    for (const version of ['3.1.1', 5]) {
      const wrong = sinkScene({ mqtt: { url, version, username: 'anna', password: { env: 'P' } }, password: 'c4nary' });
      wrong.sink.open?.();
      const error = await wrong.sink.deliver(alert('alert-2'), never).catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({
        ...{ code: 'delivery-refused', kind: 'denied', retry: 'later' },
        message: expect.stringMatching(/^The broker of home does not .*username.*password/),
      });
      await wrong.sink.close?.();
      expect(JSON.stringify([error, wrong.published])).not.toContain('c4nary');
    }
  });

  test('over TLS takes the certificate of a device, and refuses who has none or another authority’s', async () => {
    await using broker = await startMosquitto();
    using strangers = new DeviceCertificates();
    strangers.issue('stranger');
    const url = `mqtts://127.0.0.1:${broker.tlsPort}`;
    const attempt = async (tls: object | undefined, address = url) => {
      const { sink } = sinkScene({ mqtt: { url: address, ...(tls ? { tls } : {}) } });
      sink.open?.();
      await sink.deliver(alert('alert-1'), never);
    };
    await attempt(tlsOf(broker, 'client'));
    const stranger = {
      ...tlsOf(broker),
      ...{ certificateFile: strangers.path('stranger.pem'), privateKeyFile: strangers.path('stranger.key') },
    };
    const mixed = { ...tlsOf(broker, 'client'), privateKeyFile: broker.certificates.path('server.key') };
    const says = (sentence: RegExp) => ({ code: 'delivery-refused', message: expect.stringMatching(sentence) });
    await expect(attempt(tlsOf(broker))).rejects.toMatchObject(says(/asks for a certificate of this device/));
    await expect(attempt(stranger)).rejects.toMatchObject(says(/does not accept the certificate of this device/));
    await expect(attempt(undefined)).rejects.toMatchObject(says(/shows a certificate that cannot be trusted/));
    await expect(attempt({ ...tlsOf(broker, 'client'), servername: 'other.example' })).rejects.toMatchObject(
      says(/shows a certificate that cannot be trusted: check its name/),
    );
    await expect(attempt(mixed)).rejects.toMatchObject(says(/do not belong together/));
    await expect(attempt({ caFile: join(strangers.folder, 'none.pem') })).rejects.toMatchObject(
      says(/none\.pem cannot be read \(ENOENT\)/),
    );
    await expect(
      attempt({
        ...tlsOf(broker),
        certificateFile: broker.certificates.path('ca.key'),
        privateKeyFile: broker.certificates.path('ca.key'),
      }),
    ).rejects.toMatchObject(says(/not a certificate or key in PEM form/));
    for (const [scheme, port] of [
      ['mqtts', broker.port],
      ['mqtt', broker.tlsPort],
    ]) {
      await expect(
        attempt(scheme === 'mqtts' ? tlsOf(broker) : undefined, `${scheme}://127.0.0.1:${port}`),
      ).rejects.toMatchObject({
        code: 'delivery-failed',
        message: expect.stringMatching(/closed the connection before it answered: check the port.* TLS or without/),
      });
    }
  });

  test('that is restarted in the middle loses no alert, and gives none twice to who honours the id', async () => {
    await using broker = await startMosquitto();
    await using observer = await observeMqtt(broker.access, 'kvs-edge/+/+/+/alert');
    const { sink } = sinkScene({ clock: hurriedClock, mqtt: { url: `mqtt://127.0.0.1:${broker.port}` } });
    const { outbox, facts, published, stop } = scene({ clock: hurriedClock });
    const options = { outbox, sinks: [sink], clock: hurriedClock, random: Math.random, facts, signal: stop.signal };
    sink.open?.();
    const done = runDeliveries(options);
    const raised: string[] = [];
    const raise = (count: number) => {
      for (let at = 0; at < count; at++) raised.push(outbox.raise(firing(), ['home']).id);
    };
    const ids = () => [...new Set(observer.texts.map(text => JSON.parse(text).data.alertId))];
    raise(30);
    await expect.poll(() => ids().length, quickly).toBeGreaterThan(5);
    await broker.stop();
    raise(10);
    const waiting = () => factsOf(published, 'alert.delivery').some(({ state }) => state === 'waiting');
    await expect.poll(waiting, quickly).toBe(true);
    await broker.start();
    raise(10);
    await expect.poll(() => ids().length, quickly).toBe(50);
    stop.abort();
    await done;
    expect(ids()).toEqual(raised);
    console.info(
      `${raised.length} alerts, ${observer.texts.length} messages: ${observer.texts.length - raised.length} repeated`,
    );
  });

  test('gets a message once for each attempt: nothing is sent again from memory', async () => {
    // Takes the client in and the alert, and never acknowledges it.
    const publishes: number[] = [];
    let connections = 0;
    const port = await scriptedBroker(socket => {
      const mine = connections++;
      return kind => {
        if (kind === packets.connect) socket.write(Uint8Array.of(0x20, 2, 0, 0));
        if (kind === packets.publish) publishes.push(mine);
      };
    });
    const clock = new SimulatedClock();
    const { sink, published } = sinkScene({
      clock,
      mqtt: { url: `mqtt://127.0.0.1:${port}`, version: '3.1.1', states: false },
    });
    sink.open?.();
    const silence = { code: 'delivery-failed', message: 'The broker of home did not acknowledge within 10 s.' };
    for (const attempts of [1, 2]) {
      const refused = expect(sink.deliver(alert('alert-1'), never)).rejects.toMatchObject(silence);
      await expect.poll(() => publishes.length, quickly).toBe(attempts);
      await clock.advance(10_000);
      await refused;
      // After its pause it connects again. What it would send by itself comes before what it is given then.
      const states = () => factsOf(published, 'destination.state').map(({ state }) => state);
      await expect.poll(states, quickly).toHaveLength(2 * attempts);
      await clock.advance(1_000);
      await expect.poll(states, quickly).toHaveLength(2 * attempts + 1);
    }
    expect(publishes).toEqual([0, 1]);
    expect(connections).toBe(3);
  });

  test('that does not let the user publish there says so with MQTT 5', async () => {
    await using broker = await startMosquitto({ users: [anna] });
    const { sink } = sinkScene({
      mqtt: {
        url: `mqtt://127.0.0.1:${broker.port}`,
        username: 'anna',
        password: { env: 'P' },
        topic: '{camera}/alert',
      },
      password: anna.password,
    });
    await writeFile(join(broker.folder, 'acl'), 'user anna\ntopic readwrite kvs-edge/#\n');
    await restartWith(broker, `acl_file ${join(broker.folder, 'acl')}`);
    sink.open?.();
    await expect(sink.deliver(alert('alert-1'), never)).rejects.toMatchObject({
      code: 'delivery-refused',
      kind: 'denied',
      message:
        'The broker of home does not let this user publish to front-door/alert: allow it in the broker’s access rules.',
    });
  });

  test('that takes no message of an alert’s size never gets it, and the next alert goes on', async () => {
    await using broker = await startMosquitto({ settings: ['max_packet_size 2000'] });
    await using observer = await observeMqtt(broker.access, 'kvs-edge/+/+/+/alert');
    const { sink } = sinkScene({ mqtt: { url: `mqtt://127.0.0.1:${broker.port}` } });
    sink.open?.();
    await expect(sink.deliver(alert('alert-1', { why: 'x'.repeat(2000) }), never)).rejects.toMatchObject({
      ...{ code: 'delivery-refused', retry: 'never' },
      message: expect.stringMatching(/takes no message of this size/),
    });
    await sink.deliver(alert('alert-2'), never);
    await expect.poll(() => observer.messages.length, quickly).toBe(1);
  });

  test('is told apart from nobody, and the connection’s state is told when it changes', async () => {
    await using broker = await startMosquitto();
    let pauses = 0;
    const clock: Clock = {
      ...hurriedClock,
      sleep: (ms, signal) => {
        pauses++;
        return hurriedClock.sleep(ms, signal);
      },
    };
    const { sink, published } = sinkScene({ clock, mqtt: { url: `mqtt://127.0.0.1:${broker.port}` } });
    await broker.kill();
    sink.open?.();
    await expect(sink.deliver(alert('alert-1'), never)).rejects.toMatchObject({
      code: 'delivery-failed',
      message: expect.stringMatching(/^The broker of home accepts no connection/),
    });
    await expect.poll(() => pauses, quickly).toBeGreaterThan(2);
    await broker.start();
    const states = () => factsOf(published, 'destination.state').map(({ state }) => state);
    await expect.poll(states, quickly).toEqual(['waiting', 'connected']);
    await sink.close?.();
    expect(states()).toEqual(['waiting', 'connected']);
  });

  test('that lets in another client of the same name ends the first, which says what may be the reason', async () => {
    await using broker = await startMosquitto();
    const mqtt = { url: `mqtt://127.0.0.1:${broker.port}`, clientId: 'same' };
    const [first, second] = [sinkScene({ mqtt }), sinkScene({ mqtt, destination: 'other' })];
    first.sink.open?.();
    await first.sink.deliver(alert('alert-1'), never);
    // Whether it is soon ended by the first in its turn is nobody's business here.
    second.sink.open?.();
    await expect
      .poll(() => factsOf(first.published, 'destination.state').find(({ error }) => error)?.error?.message, quickly)
      .toMatch(/closed the connection.* another client may have the same clientId/);
  });

  test('that sends without end is left, whatever it sends', async () => {
    const port = await scriptedBroker(socket => kind => {
      if (kind !== packets.connect) return;
      // A message of 256 MB begins.
      socket.write(Uint8Array.of(0x20, 2, 0, 0, 0x30, 0xff, 0xff, 0xff, 0x7f));
      const more = () => void (socket.writable && socket.write(Buffer.alloc(65_536), () => setImmediate(more)));
      more();
    });
    const { sink, published } = sinkScene({ mqtt: { url: `mqtt://127.0.0.1:${port}`, version: '3.1.1' } });
    sink.open?.();
    await expect
      .poll(() => factsOf(published, 'destination.state').at(-1)?.error?.message, quickly)
      .toBe('The broker of home sent a message that is too large for a command.');
  });
});

describe('a broker', () => {
  test.each([
    { reason: 0x8e, says: /another client with the same clientId: give each device, and each destination, its own/ },
    { reason: 0x8b, says: /is shutting down/ },
    { reason: 0x95, says: /takes no message of this size/ },
    { reason: 0x87, says: /may not publish or subscribe there/ },
    { reason: 0x93, says: /reason 147/ },
  ])('that ends the connection for reason $reason is quoted in words', async ({ reason, says }) => {
    const port = await scriptedBroker(socket => kind => {
      if (kind === packets.connect) socket.write(Uint8Array.of(0x20, 3, 0, 0, 0));
      if (kind === packets.publish) socket.end(Uint8Array.of(0xe0, 2, reason, 0));
    });
    const { sink } = sinkScene({ mqtt: { url: `mqtt://127.0.0.1:${port}`, version: 5, states: false } });
    sink.open?.();
    const message = expect.stringMatching(says);
    await expect(sink.deliver(alert('alert-1'), never)).rejects.toMatchObject({ message });
  });

  test.each([
    { version: '3.1.1', answer: [0x20, 2, 0, 2], says: /does not accept the clientId/ },
    { version: '3.1.1', answer: [0x20, 2, 0, 3], says: /is not ready/ },
    { version: 5, answer: [0x20, 3, 0, 0x89, 0], says: /is busy/ },
    { version: 5, answer: [0x20, 3, 0, 0x9a, 0], says: /no retained messages: set states to false/ },
    { version: 5, answer: [0x20, 5, 0, 0, 2, 0x24, 0], says: /no messages that it has to acknowledge/ },
    { version: 5, answer: [0x20, 2, 0, 1], says: /does not speak this version of MQTT: set version to 3.1.1/ },
    { version: '3.1.1', answer: [0x48, 0x54, 0x54, 0x50], says: /closed the connection before it answered/ },
  ])('that does not let a client in ($answer) is quoted in words', async ({ version, answer, says }) => {
    const port = await scriptedBroker(socket => () => socket.end(Uint8Array.from(answer)));
    const { sink } = sinkScene({ mqtt: { url: `mqtt://127.0.0.1:${port}`, version, states: false } });
    sink.open?.();
    const message = expect.stringMatching(says);
    await expect(sink.deliver(alert('alert-1'), never)).rejects.toMatchObject({ message });
  });

  test.each([
    { how: 'says so', refuse: [0x20, 2, 0, 1] },
    { how: 'hangs up', refuse: [] },
  ])('of 3.1.1 that $how when asked for MQTT 5 is spoken to in 3.1.1', async ({ refuse }) => {
    const versions: number[] = [];
    const port = await scriptedBroker(socket => (kind, bytes) => {
      if (kind === packets.publish) socket.write(Uint8Array.of(0x40, 2, ...packetId(bytes)));
      if (kind !== packets.connect) return;
      const version = bytes[8] ?? 0;
      versions.push(version);
      if (version === 5) socket.end(Uint8Array.from(refuse));
      else socket.write(Uint8Array.of(0x20, 2, 0, 0));
    });
    const { sink } = sinkScene({ mqtt: { url: `mqtt://127.0.0.1:${port}`, states: false } });
    sink.open?.();
    await sink.deliver(alert('alert-1'), never);
    expect(versions).toEqual([5, 4]);
  });

  test('that says nothing at all is given up after 10 s', async () => {
    let connects = 0;
    const port = await scriptedBroker(() => () => void connects++);
    const clock = new SimulatedClock();
    const { sink } = sinkScene({ clock, mqtt: { url: `mqtt://127.0.0.1:${port}` } });
    sink.open?.();
    const message = expect.stringMatching(/did not (answer|let this device in) within 10 s/);
    const refused = expect(sink.deliver(alert('alert-1'), never)).rejects.toMatchObject({
      ...{ code: 'delivery-failed', message },
    });
    await expect.poll(() => connects, quickly).toBe(1);
    await clock.advance(10_000);
    await refused;
  });
});

const packets = { connect: 1, publish: 3 } as const;

/** Who answers what arrives, by the kind of its packet, byte for byte as the test says. Resolves to its port. */
async function scriptedBroker(serve: (socket: Socket) => (kind: number, bytes: Uint8Array) => void): Promise<number> {
  const server = createServer(socket => {
    const answer = serve(socket.setNoDelay().on('error', () => {}));
    let rest: Buffer = Buffer.alloc(0);
    socket.on('data', bytes => {
      rest = Buffer.concat([rest, bytes]);
      for (let length = packetBytes(rest); length !== undefined; length = packetBytes(rest)) {
        const packet = rest.subarray(0, length);
        rest = rest.subarray(length);
        answer((packet[0] ?? 0) >> 4, packet);
      }
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  const address = server.address();
  return typeof address === 'object' ? (address?.port ?? 0) : 0;
}

/** Of the packet that begins here; undefined until all of it is there. */
function packetBytes(bytes: Uint8Array): number | undefined {
  let length = 0;
  for (let at = 1; at < bytes.length; at++) {
    const digit = bytes[at] ?? 0;
    length += (digit & 0x7f) * 128 ** (at - 1);
    if (digit < 0x80) return bytes.length > at + length ? at + 1 + length : undefined;
  }
  return undefined;
}

/** Of a PUBLISH with quality 1 whose length takes two bytes. */
function packetId(publish: Uint8Array): number[] {
  const at = 5 + (publish[3] ?? 0) * 256 + (publish[4] ?? 0);
  return [...publish.subarray(at, at + 2)];
}

/** With a further line of its settings. */
async function restartWith(broker: Mosquitto, line: string): Promise<void> {
  await broker.stop();
  const file = join(broker.folder, 'mosquitto.conf');
  const settings = await readFile(file, 'utf8');
  await writeFile(file, `${line}\n${settings}`);
  await broker.start();
}
