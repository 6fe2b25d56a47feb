// The harness around RabbitMQ, over STOMP and MQTT.
import { once } from 'node:events';
import { connect } from 'node:tls';
import { describe, expect, test } from 'vitest';
import { leftBehind, listeners, nothing } from './left-behind.ts';
import { isMosquittoMissing } from './mosquitto.ts';
import { observeMqtt, publishMqtt } from './mqtt-observer.ts';
import { isRabbitMissing, startRabbit } from './rabbit.ts';
import { observeStomp, sendStomp } from './stomp-observer.ts';

const quickly = { timeout: 10_000, interval: 20 };

// A start takes three seconds of a processor, and much longer when others want it, too.
describe.skipIf(isRabbitMissing)('RabbitMQ', { timeout: 180_000 }, () => {
  test('gives what it takes, in its order, also after a stop and a kill, and leaves nothing', async () => {
    await using broker = await startRabbit();
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
    expect(await leftBehind(broker)).toEqual({ ...nothing, folder: true });
    await broker.start();
    {
      const tls = { ca: broker.certificates.read('ca.pem') };
      await using observer = await observeStomp({ ...stomp, port: broker.stompTlsPort, tls }, '/queue/a');
      await expect.poll(() => observer.texts.slice(1), quickly).toEqual(['2', '3']);
      expect(observer.messages[0]).toMatchObject({ headers: { ...own, redelivered: 'true' }, body: bytes });
    }
    await sendStomp(stomp, { destination: '/queue/a', body: '4' });
    await broker.kill();
    expect(await leftBehind(broker)).toEqual({ ...nothing, folder: true });
    await broker.start();
    await using observer = await observeStomp(stomp, '/queue/a');
    await expect.poll(() => observer.texts, quickly).toEqual(['4']);

    const stranger = { ...stomp, user: { ...broker.user, password: 'wrong' } };
    await expect(observeStomp(stranger, '/queue/a')).rejects.toThrow(/Bad CONNECT|Access refused/);
    const guest = { ...stomp, user: { username: 'guest', password: 'guest' } };
    await expect(observeStomp(guest, '/queue/a')).rejects.toThrow(/Bad CONNECT|Access refused/);
    const own127 = broker.ports.map(port => `127.0.0.1:${port}`);
    expect(listeners(broker).filter(address => !own127.includes(address) && !address.startsWith('[::1]:'))).toEqual([]);
    await broker[Symbol.asyncDispose]();
    expect(await leftBehind(broker)).toEqual(nothing);
  });

  test.skipIf(isMosquittoMissing)('speaks MQTT over TCP, TLS and WebSockets when told so', async () => {
    await using broker = await startRabbit({ mqtt: true });
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

  test('says what it dislikes of its settings, and leaves nothing', async () => {
    await expect(startRabbit({ settings: ['no_such_setting = 1'] })).rejects.toThrow(/no_such_setting/);
  });
});

/** MQTT 3.1.1's first packet, byte by byte: the answer 0x20 2 0 0 says that the user is accepted. */
function connectPacket({ username, password }: { username: string; password: string }): Buffer {
  const texts = ['by-hand', username, password].map(text => [0, text.length, ...Buffer.from(text)]);
  const rest = [0, 4, ...Buffer.from('MQTT'), 4, 0xc2, 0, 60, ...texts.flat()];
  return Buffer.of(0x10, rest.length, ...rest);
}
