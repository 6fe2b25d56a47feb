// Work for a browser ends with it: also when it was gone before the work began, and when its request waits behind another one
// of the same connection.
import { once } from 'node:events';
import { createConnection } from 'node:net';
import fastify from 'fastify';
import { expect, onTestFinished, test } from 'vitest';
import { untilClosed } from '../../agent/web/until-closed.ts';

/** A server that hands over what each handler sees; `before` is waited for first. */
async function served(before: (url: string, gone: Promise<unknown>) => Promise<unknown>) {
  const app = fastify({ forceCloseConnections: true });
  onTestFinished(() => app.close());
  const begun = Promise.withResolvers<void>();
  const given = Promise.withResolvers<AbortSignal>();
  app.get('/*', async (request, reply) => {
    const gone = once(request.socket, 'close');
    begun.resolve();
    await before(request.url, gone);
    given.resolve(untilClosed(reply));
    return new Promise(() => undefined);
  });
  const url = new URL(await app.listen({ host: '127.0.0.1', port: 0 }));
  const socket = createConnection(Number(url.port), '127.0.0.1').on('error', () => undefined);
  return { socket, begun: begun.promise, given: given.promise };
}

const get = (path: string) => `GET ${path} HTTP/1.1\r\nhost: x\r\n\r\n`;

test('a browser that was gone before is gone', async () => {
  const { socket, begun, given } = await served((_, gone) => gone);
  socket.write(get('/'));
  await begun;
  socket.destroy();
  expect((await given).aborted).toBe(true);
});

test('so is one whose request waits behind another one', async () => {
  const { socket, given } = await served(async url => url === '/first' && new Promise(() => undefined));
  socket.write(get('/first') + get('/second'));
  const signal = await given;
  expect(signal.aborted).toBe(false);
  socket.destroy();
  await expect.poll(() => signal.aborted).toBe(true);
});
