// The machine's own clock, and what a busy machine does to those who wait for something.
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { systemClock } from '../../agent/clock.ts';

/** Nothing of this process runs meanwhile, as when others have the processor. */
function keepBusy(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

test('what arrived while the machine was busy is read before anybody is called late', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  onTestFinished(() => void server.close());
  await once(server, 'listening');
  const address = server.address();
  const listener = connect(typeof address === 'object' && address ? address.port : 0, '127.0.0.1');
  const [[speaker]] = await Promise.all([once(server, 'connection'), once(listener, 'connect')]);
  onTestFinished(() => {
    listener.destroy();
    speaker.destroy();
  });
  const told: string[] = [];
  const over = new Promise<void>(resolve => systemClock.after(40, resolve));
  const cancel = systemClock.after(20, () => told.push('late'));
  listener.on('data', () => {
    told.push('heard');
    cancel();
  });
  speaker.write('here I am');
  keepBusy(60);
  await over;
  await expect.poll(() => told).toEqual(['heard']);
});

test('what arrived while the machine was busy is read before a sleeper goes on', async () => {
  const socket = createSocket('udp4').bind(0, '127.0.0.1');
  onTestFinished(() => void socket.close());
  await once(socket, 'listening');
  const told: string[] = [];
  socket.on('message', () => told.push('heard'));
  const slept = systemClock.sleep(20).then(() => told.push('awake'));
  await new Promise(resolve => socket.send('here I am', socket.address().port, '127.0.0.1', resolve));
  keepBusy(60);
  await slept;
  expect(told).toEqual(['heard', 'awake']);
});

test('who is not cancelled is called once, and who is cancelled never', async () => {
  const called: string[] = [];
  const cancelled = systemClock.after(1, () => called.push('cancelled'));
  systemClock.after(1, () => called.push('first'));
  cancelled();
  await new Promise<void>(resolve => systemClock.after(10, resolve));
  expect(called).toEqual(['first']);
});
