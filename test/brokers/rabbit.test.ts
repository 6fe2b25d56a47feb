// The harness around RabbitMQ, over STOMP, MQTT and AMQP 1.0.
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:tls';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { isProtonMissing, observeAmqp } from './amqp-observer.ts';
import { leftBehind, listeners, nothing } from './left-behind.ts';
import { isMosquittoMissing } from './mosquitto.ts';
import { observeMqtt, publishMqtt } from './mqtt-observer.ts';
import { startPatienceMs } from './program.ts';
import { isRabbitMissing, type Rabbit, startRabbit } from './rabbit.ts';
import { observeStomp, sendStomp } from './stomp-observer.ts';

const run = promisify(execFile);
const quickly = { interval: 20 };

let broker: Rabbit;

// A start takes three seconds of a processor, and much longer when others want it, too: one broker for all tests.
describe.skipIf(isRabbitMissing)('RabbitMQ', { timeout: 2 * startPatienceMs }, () => {
  beforeAll(async () => {
    broker = await startRabbit({ mqtt: true });
  }, 2 * startPatienceMs);

  afterAll(async () => {
    await broker[Symbol.asyncDispose]();
    expect(await leftBehind(broker)).toEqual(nothing);
  });

  test('listens on its own ports on this machine, and on nothing else', () => {
    const own = broker.ports.map(port => `127.0.0.1:${port}`);
    const epmdToo = `[::1]:${broker.epmdPort}`;
    expect(
      listeners(broker)
        .filter(address => address !== epmdToo)
        .toSorted(),
    ).toEqual(own.toSorted());
  });

  test('lets in its one user, not the guest', async () => {
    const { stomp } = broker;
    const refusal = /Bad CONNECT|Access refused/;
    const wrong = { ...stomp, user: { ...broker.user, password: 'wrong' } };
    await expect(observeStomp(wrong, '/queue/a')).rejects.toThrow(refusal);
    const guest = { ...stomp, user: { username: 'guest', password: 'guest' } };
    await expect(observeStomp(guest, '/queue/a')).rejects.toThrow(refusal);
    const { amqp } = broker;
    const stranger = { ...amqp, user: wrong.user };
    if (!isProtonMissing) await expect(observeAmqp(stranger, '/queue/a')).rejects.toThrow(/unauthorized-access/);
  });

  test('gives what it takes, in its order, also after a stop and a kill', async () => {
    const { stomp } = broker;
    const own = { 'content-type': 'application/json', 'x-id': 'a:b\\c\nd' };
    const bytes = Buffer.of(0, 10, 255, 0);
    await sendStomp(stomp, { destination: '/queue/a', body: bytes, headers: own });
    await sendStomp(stomp, ...['2', '3'].map(body => ({ destination: '/queue/a', body })));
    {
      await using peek = await observeStomp(stomp, '/queue/a', { acknowledge: false });
      await expect.poll(() => peek.messages.length, quickly).toBe(3);
      expect(peek.messages[0]).toMatchObject({ headers: { ...own, redelivered: 'false' }, body: bytes });
      expect(peek.texts.slice(1)).toEqual(['2', '3']);
    }
    await broker.stop();
    await expect.poll(() => leftBehind(broker)).toEqual({ ...nothing, folder: true });
    await broker.start();
    {
      const tls = { ca: broker.certificates.read('ca.pem') };
      await using observer = await observeStomp({ ...stomp, port: broker.stompTlsPort, tls }, '/queue/a');
      await expect.poll(() => observer.texts.slice(1), quickly).toEqual(['2', '3']);
      expect(observer.messages[0]).toMatchObject({ headers: { ...own, redelivered: 'true' }, body: bytes });
    }
    await sendStomp(stomp, { destination: '/queue/a', body: '4' });
    await broker.kill();
    await expect.poll(() => leftBehind(broker)).toEqual({ ...nothing, folder: true });
    await broker.start();
    await using observer = await observeStomp(stomp, '/queue/a');
    await expect.poll(() => observer.texts, quickly).toEqual(['4']);
  });

  test.skipIf(isMosquittoMissing)('speaks MQTT over TCP, TLS and WebSockets', async () => {
    const { certificates, mqtt, wsPort, wssPort, mqttTlsPort } = broker;
    await using observer = await observeMqtt(mqtt, 'a/#');
    await using over = await observeStomp(broker.stomp, '/exchange/amq.topic/a.#');
    await publishMqtt(mqtt, { topic: 'a/b', payload: 'plain' });
    const authority = ['--cafile', certificates.path('ca.pem')];
    await publishMqtt({ ...mqtt, port: mqttTlsPort }, { topic: 'a/b', payload: 'in TLS' }, authority);
    await expect.poll(() => observer.texts, quickly).toEqual(['plain', 'in TLS']);
    await expect.poll(() => over.texts, quickly).toEqual(['plain', 'in TLS']);

    const socket = new WebSocket(`ws://127.0.0.1:${wsPort}/ws`, 'mqtt');
    socket.binaryType = 'arraybuffer';
    await once(socket, 'open');
    expect(socket.protocol).toBe('mqtt');
    socket.send(connectPacket(broker.user));
    const [answer] = await once(socket, 'message');
    expect(Buffer.from(answer.data)).toEqual(Buffer.of(0x20, 2, 0, 0));
    socket.close();

    const secure = connect({ host: '127.0.0.1', port: wssPort, ca: certificates.read('ca.pem') });
    await once(secure, 'secureConnect');
    secure.destroy();
  });

  test.skipIf(isProtonMissing)('speaks AMQP 1.0, with all that a message has of it', async () => {
    const { amqp } = broker;
    await using observer = await observeAmqp(amqp, '/queue/b');
    await run('/usr/bin/python3', ['-c', sender, String(amqp.port), amqp.user.username, amqp.user.password]);
    await expect
      .poll(() => observer.messages, quickly)
      .toEqual([
        {
          ...{ id: 'id-1', correlationId: 'other', subject: 'alert', contentType: 'application/json' },
          ...{ creationTimeMs: 1_795_000_000_123, durable: true, redelivered: false, section: 'data' },
          ...{ properties: { camera: 'front-door', count: 5 }, body: Buffer.of(0, 255) },
        },
      ]);
    await sendStomp(broker.stomp, { destination: '/queue/b', body: 'by STOMP' });
    await expect.poll(() => observer.texts[1], quickly).toBe('by STOMP');
  });

  test('says what it dislikes of its settings, and leaves nothing', async () => {
    await expect(startRabbit({ settings: ['no_such_setting = 1'] })).rejects.toThrow(/no_such_setting/);
  });
});

const sender = `
import sys
from proton import Message
from proton.utils import BlockingConnection
port, user, password = sys.argv[1:]
connection = BlockingConnection(f"amqp://127.0.0.1:{port}", user=user, password=password, allowed_mechs="PLAIN")
connection.create_sender("/amq/queue/b").send(Message(
    id="id-1", correlation_id="other", subject="alert", content_type="application/json", creation_time=1795000000.123,
    durable=True, inferred=True, properties={"camera": "front-door", "count": 5}, body=bytes([0, 255])))
connection.close()
`;

/** MQTT 3.1.1's first packet, byte by byte: the answer 0x20 2 0 0 says that the user is accepted. */
function connectPacket({ username, password }: { username: string; password: string }): Buffer {
  const texts = ['by-hand', username, password].map(text => [0, text.length, ...Buffer.from(text)]);
  const rest = [0, 4, ...Buffer.from('MQTT'), 4, 0xc2, 0, 60, ...texts.flat()];
  return Buffer.of(0x10, rest.length, ...rest);
}
