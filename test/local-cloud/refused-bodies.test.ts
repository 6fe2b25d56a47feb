// Bodies that are refused while they arrive: their clients hear why, and one that does not go on is not waited for.
import { once } from 'node:events';
import { createConnection } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type ManualClock, manualClock, type TestCloud, testCloud } from './control-cloud.ts';

let clock: ManualClock;
let running: TestCloud;
beforeAll(async () => {
  clock = manualClock(Date.now());
  running = await testCloud({ clock });
});
afterAll(() => running[Symbol.asyncDispose]());

/** All that comes back to a head, and to as much of a body, until the connection ends. */
function send(bytes: number, ...headers: string[]) {
  const socket = createConnection(running.cloud.port, '127.0.0.1').on('error', () => undefined);
  let text = '';
  socket.setEncoding('latin1').on('data', (piece: string) => {
    text += piece;
  });
  socket.write(`${['POST /listStreams HTTP/1.1', 'host: x', ...headers].join('\r\n')}\r\n\r\n`);
  socket.write(new Uint8Array(bytes));
  return { socket, text: () => text, closed: once(socket, 'close') };
}

test.each([2, 20, 60])('a client that sends all of %i MiB before it reads is told what is wrong', async mebibytes => {
  const bytes = mebibytes * 2 ** 20;
  const { socket, text, closed } = send(0, `content-length: ${bytes}`);
  socket.pause();
  const piece = new Uint8Array(2 ** 18);
  for (let sent = 0; sent < bytes && !socket.destroyed; sent += piece.length)
    if (!socket.write(piece)) await Promise.race([once(socket, 'drain'), closed]);
  socket.resume();
  await closed;
  expect(text()).toContain('RequestEntityTooLargeException');
});

test('a body that is announced and does not come is waited for five seconds', async () => {
  const { socket, text, closed } = send(1000, 'content-length: 2000');
  await expect.poll(text).toContain('MissingAuthenticationTokenException');
  clock.advance(4999);
  expect(socket.closed).toBe(false);
  clock.advance(1);
  await closed;
});

test.each<[string, number, ...string[]]>([
  ['without end', 100, 'transfer-encoding: chunked'],
  ['beyond all reason', 100, `content-length: ${10 ** 12}`],
  ['that waits to be asked for', 0, 'content-length: 2000', 'expect: 100-continue'],
])('a body %s is not waited for', async (_, bytes, ...headers) => {
  const { text, closed } = send(bytes, ...headers);
  await closed;
  expect(text()).toMatch(/^HTTP\/1\.1 4\d\d/);
});
