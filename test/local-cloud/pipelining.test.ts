// Several requests of one connection at once, as HTTP allows and few clients do: each is handled when the one before it is
// answered. And answers whose end is not taken.
import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, createConnection, type Socket } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { SignatureV4 } from '@smithy/signature-v4';
import { expect, onTestFinished, test } from 'vitest';
import { sendSequence } from '../../agent/local-cloud/send-sequence.ts';
import { keys, manualClock, testCloud } from './control-cloud.ts';
import { Sha256 } from './signed-call.ts';
import { createStream } from './stored-media.ts';

/** A connection and all that has come back on it. */
async function dial(port: number): Promise<{ socket: Socket; text: () => string }> {
  const socket = createConnection(port, '127.0.0.1').on('error', () => undefined);
  let text = '';
  socket.setEncoding('latin1').on('data', (piece: string) => {
    text += piece;
  });
  await once(socket, 'connect');
  return { socket, text: () => text };
}

const statuses = (text: string) => [...text.matchAll(/HTTP\/1\.1 (\d{3})/g)].map(([, status]) => Number(status));

async function signedRequest(url: string, path: string, asked: object): Promise<string> {
  const { host, hostname } = new URL(url);
  const body = JSON.stringify(asked);
  const signer = new SignatureV4({ credentials: keys, region: 'us-west-2', service: 'kinesisvideo', sha256: Sha256 });
  const unsigned = { method: 'POST', protocol: 'http:', hostname, path, query: {}, headers: { host }, body };
  const { headers } = await signer.sign(unsigned);
  const lines = Object.entries({ ...headers, 'content-length': body.length }).map(
    ([name, value]) => `${name}: ${value}`,
  );
  return `${[`POST ${path} HTTP/1.1`, ...lines].join('\r\n')}\r\n\r\n${body}`;
}

const follow = { StreamName: 'cam', StartSelector: { StartSelectorType: 'NOW' } };

test('a request is handled once the one before it is answered', async () => {
  await using running = await testCloud();
  const { url, port } = running.cloud;
  const { socket, text } = await dial(port);
  const create = await signedRequest(url, '/createStream', { StreamName: 'a' });
  const describe = await signedRequest(url, '/describeStream', { StreamName: 'a' });
  const remove = (StreamARN: string) => signedRequest(url, '/deleteStream', { StreamARN });
  socket.write(create + describe);
  await expect.poll(() => statuses(text())).toEqual([200, 200]);
  const arn = /"StreamARN":"([^"]+)"/.exec(text())?.[1] ?? '';
  socket.write((await remove(arn)) + describe + create + describe);
  await expect.poll(() => statuses(text()).slice(2)).toEqual([200, 404, 200, 200]);
  socket.destroy();
});

test('who sends without end behind an answer that lasts is cut off', async () => {
  await using running = await testCloud();
  const { url, port } = running.cloud;
  await createStream(url, 'cam');
  const { socket, text } = await dial(port);
  socket.write(await signedRequest(url, '/getMedia', follow));
  await expect.poll(text).toContain('200 OK');
  socket.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n'.repeat(2000));
  await expect.poll(() => socket.closed).toBe(true);
  expect(statuses(text())).toEqual([200]);
});

test('an answer that comes over time is given up also when only its end is not taken', async () => {
  const clock = manualClock(0);
  const sent = Promise.withResolvers<void>();
  const server = createServer((_, response) => {
    response.writeHead(200);
    /** Ends when the system takes no more, with little enough left that nobody waits for it. */
    async function* body() {
      while (response.writableLength === 0) {
        yield Buffer.alloc(1000);
        await nextTurn();
      }
    }
    sendSequence(response, body(), clock).then(sent.resolve, sent.reject);
  });
  onTestFinished(() => void server.close().closeAllConnections());
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { socket } = await dial((server.address() as AddressInfo).port);
  socket.pause().write('GET / HTTP/1.1\r\nhost: x\r\n\r\n');
  await sent.promise;
  const open = () => new Promise(resolve => server.getConnections((_, count) => resolve(count)));
  expect(await open()).toBe(1);
  clock.advance(60_000);
  clock.advance(60_000);
  await expect.poll(open).toBe(0);
});
