// What a connection hands on lies in memory that is used again, and must not be a Buffer: a `slice` of it would be no copy.
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { expect, test } from 'vitest';
import { systemClock } from '../../agent/clock.ts';
import { readRtspAddress } from '../../agent/rtsp/rtsp-address.ts';
import { openSocket } from '../../agent/rtsp/socket.ts';

test('a slice of what arrived stays as it is when the next bytes arrive', async () => {
  await using server = createServer(socket => {
    socket.write('first');
    socket.on('data', () => socket.write('other'));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const kept: Uint8Array[] = [];
  const socket = await openSocket({
    address: readRtspAddress(`rtsp://127.0.0.1:${port}/`),
    clock: systemClock,
    timeoutMs: 60_000,
    signal: new AbortController().signal,
    onData: chunk => kept.push(chunk.slice()),
  });
  await expect.poll(() => kept.length).toBe(1);
  socket.write('more');
  await expect.poll(() => kept.length).toBe(2);
  expect(kept.map(bytes => Buffer.from(bytes).toString())).toEqual(['first', 'other']);
  socket.destroy();
});
