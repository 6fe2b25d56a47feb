// What the embedded server does not start with, and where it can be reached.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { createConnection } from 'node:net';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { ListStreamsCommand } from '@aws-sdk/client-kinesis-video';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { listen } from '../../agent/local-cloud/listen.ts';
import { Secret } from '../../agent/secret.ts';
import { controlClient, testCloud } from './control-cloud.ts';

// AWS's own example pair: the shape of real keys, opens nothing.
const realLooking = { accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secret: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY' };
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'local-cloud-start-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const start = (accessKeyId: string, secret: string, host = '127.0.0.1') =>
  testCloud({ accessKeyId, secretAccessKey: new Secret(secret), host });

test.each(['AKIA', 'ASIA'])('keys that look like real ones (%s) are refused, and not shown', async kind => {
  const accessKeyId = realLooking.accessKeyId.replace('AKIA', kind);
  const refused = await start(accessKeyId, realLooking.secret).catch((error: unknown) => error);
  expect(refused).toMatchObject({
    code: 'settings-invalid',
    retry: 'never',
    message: expect.stringMatching(/look like the keys of a real AWS account.*local \/ local-secret/),
  });
  for (const key of [accessKeyId, realLooking.secret]) expect(String(refused)).not.toContain(key);
});

test.each([
  ['an id without the rest', 'AKIA', realLooking.secret],
  ['an id of another length', 'AKIAIOSFODNN7EXAMPL', realLooking.secret],
  ['a real-looking id with a made-up secret', realLooking.accessKeyId, 'local-secret'],
  ['a made-up id with a secret of 40 characters', 'local', realLooking.secret],
])('a pair that no account can have is taken: %s', async (_, accessKeyId, secretAccessKey) => {
  await using running = await start(accessKeyId, secretAccessKey);
  const client = controlClient(running.cloud.url, { accessKeyId, secretAccessKey });
  expect((await client.send(new ListStreamsCommand({}))).StreamInfoList).toEqual([]);
});

test.each([
  ['', 'secret'],
  ['local', ''],
])('an empty key is refused: "%s" / "%s"', async (accessKeyId, secret) => {
  await expect(start(accessKeyId, secret)).rejects.toMatchObject({ code: 'settings-invalid' });
});

test('only this machine reaches it unless an address is named', async () => {
  await using running = await testCloud();
  const others = Object.values(networkInterfaces()).flatMap(addresses => addresses ?? []);
  const addresses = ['127.0.0.2', ...others.filter(({ internal }) => !internal).map(({ address }) => address)];
  for (const host of addresses.filter(address => !address.startsWith('fe80'))) {
    const socket = createConnection({ host, port: running.cloud.port, timeout: 1000 });
    const [error] = await once(socket, 'error');
    expect([host, error]).toEqual([host, expect.objectContaining({ code: 'ECONNREFUSED' })]);
  }
});

test('beyond this machine the key pair that everybody knows is refused, and one of its own taken', async () => {
  await expect(start('local', 'local-secret', '0.0.0.0')).rejects.toMatchObject({
    code: 'settings-invalid',
    message: expect.stringContaining('known to everybody'),
  });
  await using running = await start('mine', 'made-up', '0.0.0.0');
  const client = controlClient(`http://127.0.0.1:${running.cloud.port}`, {
    accessKeyId: 'mine',
    secretAccessKey: 'made-up',
  });
  expect((await client.send(new ListStreamsCommand({}))).StreamInfoList).toEqual([]);
});

test('an address this machine does not have is said in a sentence', async () => {
  await expect(start('mine', 'made-up', '192.0.2.1')).rejects.toMatchObject({
    code: 'settings-invalid',
    message: 'This machine has no address 192.0.2.1 to listen on. Choose another with --host.',
  });
});

test.each(['my/key', 'my key', 'a,b', 'schlüssel'])(
  'a key that no signature can name (%s) is said in a sentence',
  async id => {
    await expect(start(id, 'made-up')).rejects.toMatchObject({
      code: 'settings-invalid',
      message:
        'AWS_ACCESS_KEY_ID may not hold blanks, slashes, commas or letters beyond ASCII: no signature could name it.',
    });
  },
);

test('a connection that cannot be accepted is told of, and the server goes on', async () => {
  const told: unknown[] = [];
  const server = createServer((_, response) => response.end());
  const port = await listen(server, { host: '127.0.0.1', port: 0, onProblem: error => told.push(error) });
  const failure = Object.assign(new Error('accept EPROTO'), { code: 'EPROTO' });
  server.emit('error', failure);
  expect(told).toEqual([failure]);
  expect((await fetch(`http://127.0.0.1:${port}/`)).status).toBe(200);
  server.close().closeAllConnections();
});

test('the program ends with the sentence and makes no folder', async () => {
  const data = join(folder, 'cloud');
  const child = spawn(process.execPath, ['agent/cli.ts', 'local-cloud', '--port', '0', '--data', data], {
    env: { AWS_ACCESS_KEY_ID: realLooking.accessKeyId, AWS_SECRET_ACCESS_KEY: realLooking.secret },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', text => {
    said += text;
  });
  const [code] = await once(child, 'close');
  expect([code, said]).toEqual([1, expect.stringContaining('look like the keys of a real AWS account')]);
  expect(said).not.toContain(realLooking.secret);
  expect(existsSync(data)).toBe(false);
});
