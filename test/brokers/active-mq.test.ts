// The harness around ActiveMQ, over STOMP.
import { describe, expect, test } from 'vitest';
import { isActiveMqMissing, startActiveMq } from './active-mq.ts';
import { leftBehind, listeners, nothing } from './left-behind.ts';
import { startPatienceMs } from './program.ts';
import { observeStomp, sendStomp } from './stomp-observer.ts';

const quickly = { interval: 20 };

describe.skipIf(isActiveMqMissing)('ActiveMQ', { timeout: 2 * startPatienceMs }, () => {
  test('gives what it takes, in its order, also after a stop and a kill, and leaves nothing', async () => {
    await using broker = await startActiveMq({ user: { username: 'anna', password: '<p@ss> & "wörd"' } });
    const { stomp } = broker;
    const own = { 'content-type': 'application/json', 'x-id': 'a:b\\c\nd' };
    const bytes = Buffer.of(0, 10, 255, 0);
    await sendStomp(stomp, { destination: '/queue/a', body: bytes, headers: own });
    await sendStomp(stomp, ...['2', '3'].map(body => ({ destination: '/queue/a', body })));
    {
      await using peek = await observeStomp(stomp, '/queue/a', { acknowledge: false });
      await expect.poll(() => peek.messages.length, quickly).toBe(3);
      expect(peek.messages[0]).toMatchObject({ headers: own, body: bytes });
      expect(peek.messages[0]?.headers.redelivered).toBeUndefined();
      expect(peek.texts.slice(1)).toEqual(['2', '3']);
    }
    await broker.stop();
    await expect.poll(() => leftBehind(broker)).toEqual({ ...nothing, folder: true });
    await broker.start();
    {
      const tls = { ca: broker.certificates.read('ca.pem') };
      await using observer = await observeStomp({ ...stomp, port: broker.tlsPort, tls }, '/queue/a');
      await expect.poll(() => observer.texts.slice(1), quickly).toEqual(['2', '3']);
      expect(observer.messages[0]).toMatchObject({ headers: own, body: bytes });
    }
    await sendStomp(stomp, { destination: '/queue/a', body: '4' });
    await broker.kill();
    await expect.poll(() => leftBehind(broker)).toEqual({ ...nothing, folder: true });
    await broker.start();
    await using observer = await observeStomp(stomp, '/queue/a');
    await expect.poll(() => observer.texts, quickly).toEqual(['4']);

    const stranger = { ...stomp, user: { ...broker.user, password: 'wrong' } };
    await expect(observeStomp(stranger, '/queue/a')).rejects.toThrow(/User name \[anna\] or password is invalid/);
    expect(listeners(broker).toSorted()).toEqual(broker.ports.map(port => `127.0.0.1:${port}`).toSorted());
    await broker[Symbol.asyncDispose]();
    await expect.poll(() => leftBehind(broker)).toEqual(nothing);
  });

  test('says what it dislikes of its settings, and leaves nothing', async () => {
    await expect(startActiveMq({ attributes: 'noSuchSetting="1"' })).rejects.toThrow(/noSuchSetting/);
  });
});
