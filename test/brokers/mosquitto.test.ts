// The harness around mosquitto, with mosquitto's own clients.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { leftBehind, listeners, nothing } from './left-behind.ts';
import { isMosquittoMissing, startMosquitto } from './mosquitto.ts';
import { observeMqtt, publishMqtt } from './mqtt-observer.ts';

const anna = { username: 'anna', password: 'p@ss: wörd' };
const quickly = { interval: 10 };

describe.skipIf(isMosquittoMissing)('mosquitto', () => {
  test('gives what it takes: topic, payload of any bytes, quality, properties and what it had kept', async () => {
    await using broker = await startMosquitto();
    await publishMqtt(broker.access, { topic: 'kept/ü "x"', payload: 'before', retain: true });
    await using observer = await observeMqtt(broker.access);
    const bytes = Buffer.of(0, 255, 10, 13, 34, 0xe2, 0x80, 0xa8);
    const properties = ['-D', 'publish', 'content-type', 'application/json'];
    await publishMqtt(broker.access, { topic: 'a/b', payload: bytes, qos: 2 }, properties);
    await publishMqtt(broker.access, { topic: 'empty', payload: '', qos: 0 });
    await expect
      .poll(() => observer.messages, quickly)
      .toEqual([
        {
          topic: 'kept/ü "x"',
          payload: Buffer.from('before'),
          qos: 1,
          retained: true,
          repeated: false,
          properties: {},
        },
        {
          topic: 'a/b',
          payload: bytes,
          qos: 2,
          retained: false,
          repeated: false,
          properties: { 'content-type': 'application/json' },
        },
        { topic: 'empty', payload: Buffer.alloc(0), qos: 0, retained: false, repeated: false, properties: {} },
      ]);
  });

  test('lets in who has a password that it knows, and nobody else', async () => {
    await using broker = await startMosquitto({ users: [anna] });
    const message = { topic: 'a', payload: 'hello' };
    await using observer = await observeMqtt(broker.access, 'a');
    await publishMqtt(broker.access, message);
    await expect.poll(() => observer.texts, quickly).toEqual(['hello']);
    const { port } = broker;
    await expect(publishMqtt({ port }, message)).rejects.toThrow(/not authori[sz]ed/i);
    const wrong = { username: 'anna', password: 'wrong' };
    await expect(publishMqtt({ port, user: wrong }, message)).rejects.toThrow(/not authori[sz]ed/i);
    await expect(observeMqtt({ port, user: wrong })).rejects.toThrow(/did not get ready/);
  });

  test('wants a certificate over TLS', async () => {
    await using broker = await startMosquitto({ users: [anna] });
    const { certificates, tlsPort: port } = broker;
    await using observer = await observeMqtt(broker.access);
    const message = { topic: 'a', payload: 'in TLS' };
    const authority = ['--cafile', certificates.path('ca.pem')];
    const own = ['--cert', certificates.path('client.pem'), '--key', certificates.path('client.key')];
    await publishMqtt({ port }, message, [...authority, ...own]);
    await expect.poll(() => observer.texts, quickly).toEqual(['in TLS']);
    expect(broker.log).toMatch(/New client connected .* u'client'/);
    await expect(publishMqtt({ port, user: anna }, message, authority)).rejects.toThrow();
  });

  test('is content with a password over TLS when told so', async () => {
    await using broker = await startMosquitto({ users: [anna], clientCertificates: false });
    await using observer = await observeMqtt(broker.access);
    const authority = ['--cafile', broker.certificates.path('ca.pem')];
    const [there, message] = [{ port: broker.tlsPort }, { topic: 'a', payload: 'in TLS' }];
    await publishMqtt({ ...there, user: anna }, message, authority);
    await expect.poll(() => observer.texts, quickly).toEqual(['in TLS']);
    await expect(publishMqtt(there, message, authority)).rejects.toThrow(/not authori[sz]ed/i);
  });

  test.for(['stop', 'kill'] as const)(
    'after a %s it has its ports, its messages and its observers again',
    async how => {
      await using broker = await startMosquitto({ users: [anna] });
      await using observer = await observeMqtt(broker.access);
      await publishMqtt(broker.access, { topic: 'kept', payload: 'before', retain: true });
      await expect.poll(() => observer.texts, quickly).toEqual(['before']);
      await expect.poll(() => broker.isStored('before'), quickly).toBe(true);
      await broker[how]();
      await expect.poll(() => leftBehind(broker)).toEqual({ ...nothing, folder: true });
      await broker.start();
      expect(listeners(broker).toSorted()).toEqual(broker.ports.map(port => `127.0.0.1:${port}`).toSorted());
      await using later = await observeMqtt(broker.access);
      await expect.poll(() => later.messages, quickly).toMatchObject([{ topic: 'kept', retained: true }]);
      await publishMqtt(broker.access, { topic: 'new', payload: 'after' });
      const fresh = () =>
        observer.messages.filter(({ retained, repeated }) => !retained && !repeated).map(({ topic }) => topic);
      await expect.poll(fresh, quickly).toEqual(['kept', 'new']);
    },
  );

  test('leaves no process, port or folder, also when a test fails or the broker refuses its settings', async () => {
    const seen: Parameters<typeof leftBehind>[0][] = [];
    const failing = async () => {
      await using broker = await startMosquitto();
      seen.push({ folder: broker.folder, ports: broker.ports });
      throw new Error('The test failed.');
    };
    await expect(failing()).rejects.toThrow('The test failed.');
    expect(await Promise.all(seen.map(leftBehind))).toEqual([nothing]);
    await expect(startMosquitto({ settings: ['no_such_setting 1'] })).rejects.toThrow(/Unknown configuration variable/);
  });

  test('ends with the process that started it', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'kvs-edge-killed-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    const script = `
      import { startMosquitto } from ${JSON.stringify(import.meta.resolve('./mosquitto.ts'))};
      const { folder, ports } = await startMosquitto();
      console.log(JSON.stringify({ folder, ports }));
      setInterval(() => {}, 1000);`;
    const parent = spawn(process.execPath, ['--input-type=module-typescript', '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, TMPDIR: folder },
    });
    onTestFinished(() => void parent.kill('SIGKILL'));
    const [told] = await once(parent.stdout, 'data');
    const broker = JSON.parse(String(told));
    expect(listeners(broker)).toHaveLength(2);
    parent.kill('SIGKILL');
    await expect.poll(() => leftBehind(broker), quickly).toEqual({ ...nothing, folder: true });
  });
});
