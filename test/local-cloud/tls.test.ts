// The embedded server on https, as clients see it that check its certificate.
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { Agent } from 'node:https';
import { createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import {
  CreateStreamCommand,
  GetDataEndpointCommand,
  KinesisVideoClient,
  ListStreamsCommand,
} from '@aws-sdk/client-kinesis-video';
import {
  GetHLSStreamingSessionURLCommand,
  KinesisVideoArchivedMediaClient,
} from '@aws-sdk/client-kinesis-video-archived-media';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Certificate, readCertificate } from '../../agent/local-cloud/certificate.ts';
import { keys, testCloud } from './control-cloud.ts';
import { fragments, putMedia, record } from './ingest-producer.ts';
import { makeCertificate } from './own-certificate.ts';

let folder: string;
let tls: Certificate;
const file = (name: string) => join(folder, name);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'local-cloud-tls-'));
  for (const name of ['own', 'other']) makeCertificate(folder, name);
  await writeFile(file('text'), 'no certificate');
  tls = await readCertificate(file('own.pem'), file('own.key'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** What AWS's clients need to trust this server and no other. */
function trusting(endpoint: string, ca = tls.chain) {
  const requestHandler = new NodeHttpHandler({ httpsAgent: new Agent({ ca }) });
  return { endpoint, region: 'us-west-2', credentials: keys, maxAttempts: 1, requestHandler };
}

test('a stream is made, filled and played over https, and every address named is https', async () => {
  await using running = await testCloud({ tls });
  const { url } = running.cloud;
  expect(url).toMatch(/^https:\/\/127\.0\.0\.1:\d+$/);
  const control = new KinesisVideoClient(trusting(url));
  await control.send(new CreateStreamCommand({ StreamName: 'cam', DataRetentionInHours: 1 }));
  const name = { StreamName: 'cam', APIName: 'PUT_MEDIA' } as const;
  const { DataEndpoint = '' } = await control.send(new GetDataEndpointCommand(name));
  expect(DataEndpoint).toBe(url);

  const recording = await record(4);
  const { header, clusters } = fragments(recording, Date.now() - 4000);
  const producer = await putMedia(DataEndpoint, { atMs: Date.now(), ca: tls.chain });
  await producer.send(header, ...clusters);
  const acks = await producer.end();
  expect(acks.filter(({ EventType }) => EventType === 'PERSISTED')).toHaveLength(clusters.length);

  const archive = new KinesisVideoArchivedMediaClient(trusting(url));
  const session = await archive.send(new GetHLSStreamingSessionURLCommand({ StreamName: 'cam' }));
  expect(session.HLSStreamingSessionURL).toMatch(`${url}/hls/v1/getHLSMasterPlaylist.m3u8?SessionToken=`);
  const shown = ['-v', 'error', '-show_entries', 'stream=codec_type', '-of', 'csv=p=0'];
  const probe = promisify(execFile)('ffprobe', [...shown, session.HLSStreamingSessionURL ?? ''], { timeout: 150_000 });
  expect((await probe).stdout.split('\n')).toContain('video');
  expect(running.problems).toEqual([]);
});

test('a client that trusts another certificate does not call', async () => {
  await using running = await testCloud({ tls });
  const { url } = running.cloud;
  const stranger = new KinesisVideoClient(trusting(url, await readFile(file('other.pem'), 'utf8')));
  await expect(stranger.send(new ListStreamsCommand({}))).rejects.toMatchObject({
    code: 'DEPTH_ZERO_SELF_SIGNED_CERT',
  });
});

test('plain http and old TLS are not spoken on an https port, and the server goes on', async () => {
  await using running = await testCloud({ tls });
  const socket = createConnection(running.cloud.port, '127.0.0.1');
  socket.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n');
  let answer = '';
  for await (const chunk of socket.setEncoding('latin1')) answer += chunk;
  expect(answer).not.toContain('HTTP/1.1 2');
  const old = ['s_client', '-tls1_1', '-connect', `127.0.0.1:${running.cloud.port}`];
  await expect(promisify(execFile)('openssl', old, { timeout: 150_000 })).rejects.toThrow(
    /alert|unsupported|no protocols/,
  );
  const control = new KinesisVideoClient(trusting(running.cloud.url));
  expect((await control.send(new ListStreamsCommand({}))).StreamInfoList).toEqual([]);
  expect(running.problems).toEqual([]);
});

test('faults strike https connections too', async () => {
  await using running = await testCloud({ tls, faults: true });
  const control = new KinesisVideoClient(trusting(running.cloud.url));
  running.cloud.faults?.put([{ fault: 'reset', times: 1 }]);
  await expect(control.send(new ListStreamsCommand({}))).rejects.toMatchObject({ code: 'ECONNRESET' });
  expect((await control.send(new ListStreamsCommand({}))).StreamInfoList).toEqual([]);
});

test.each([
  ['a file that is not there', 'none.pem', 'own.key', 'settings-unreadable', /none\.pem cannot be read \(ENOENT\)/],
  ['no certificate', 'text', 'own.key', 'settings-invalid', /text is not a certificate in PEM form/],
  ['no key', 'own.pem', 'text', 'settings-invalid', /text is not a private key in PEM form/],
  ['swapped files', 'own.key', 'own.pem', 'settings-invalid', /own\.key is not a certificate/],
  [
    'another key',
    'own.pem',
    'other.key',
    'settings-invalid',
    /other\.key does not belong to the certificate in .*own\.pem/,
  ],
])('%s is said in a sentence', async (_, certificate, key, code, message) => {
  const refused = readCertificate(file(certificate), file(key));
  await expect(refused).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
});

test('a renewed certificate is read when the program is hung up on; a wrong one is told, and the old one stays', async () => {
  const [pem, key] = [file('renewed.pem'), file('renewed.key')];
  const use = (name: string) => Promise.all([copyFile(file(`${name}.pem`), pem), copyFile(file(`${name}.key`), key)]);
  await use('own');
  const command = ['agent/cli.ts', 'local-cloud', '--port', '0', '--data', file('renewed'), '--tls-certificate', pem];
  const server = spawn(process.execPath, [...command, '--tls-key', key], {
    ...{ env: {}, stdio: ['ignore', 'ignore', 'pipe'] },
  });
  let said = '';
  server.stderr.setEncoding('utf8').on('data', text => {
    said += text;
  });
  const says = (pattern: RegExp) => expect.poll(() => said).toMatch(pattern);
  await says(/listens on \S+ /);
  const url = /listens on (https:\S+)/.exec(said)?.[1] ?? '';
  const list = async (ca: string) => {
    const answer = await new KinesisVideoClient(trusting(url, ca)).send(new ListStreamsCommand({}));
    return answer.StreamInfoList;
  };
  const other = await readFile(file('other.pem'), 'utf8');
  expect(await list(tls.chain)).toEqual([]);
  await use('other');
  server.kill('SIGHUP');
  await says(/the certificate as its file is now/);
  expect(await list(other)).toEqual([]);
  await expect(list(tls.chain)).rejects.toThrow(/certificate/);
  await copyFile(file('own.key'), key);
  server.kill('SIGHUP');
  await says(/does not belong to the certificate/);
  expect(await list(other)).toEqual([]);
  server.kill();
  await once(server, 'close');
});

test('the program takes the two files, and not one without the other', async () => {
  const files = ['--tls-certificate', file('own.pem'), '--tls-key', file('own.key')];
  const run = (args: string[]) => {
    const command = ['agent/cli.ts', 'local-cloud', '--port', '0', '--data', file('cloud'), ...args];
    const child = spawn(process.execPath, command, { env: {}, stdio: ['ignore', 'ignore', 'pipe'] });
    let said = '';
    child.stderr.setEncoding('utf8').on('data', text => {
      said += text;
    });
    return { child, closed: once(child, 'close'), said: () => said };
  };
  const server = run(files);
  await expect.poll(server.said).toMatch(/listens on \S+ /);
  const [, url] = /listens on (https:\S+)/.exec(server.said()) ?? [];
  const client = new KinesisVideoClient(trusting(url ?? ''));
  expect((await client.send(new ListStreamsCommand({}))).StreamInfoList).toEqual([]);
  server.child.kill();
  await server.closed;
  const half = run(files.slice(0, 2));
  await half.closed;
  expect(half.said()).toContain('--tls-key is missing');
});
