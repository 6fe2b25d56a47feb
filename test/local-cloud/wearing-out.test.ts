// Clients that want to wear the server out, smuggle something past it, or learn what is not for them.
import { once } from 'node:events';
import { mkdir, readdir, rm } from 'node:fs/promises';
import type { Server } from 'node:http';
import { createConnection, type Socket } from 'node:net';
import { join } from 'node:path';
import { Sha256 } from '@aws-crypto/sha256-js';
import { CreateStreamCommand, ListStreamsCommand, TagStreamCommand } from '@aws-sdk/client-kinesis-video';
import { GetHLSStreamingSessionURLCommand } from '@aws-sdk/client-kinesis-video-archived-media';
import { SignatureV4 } from '@smithy/signature-v4';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { z } from 'zod';
import { systemClock } from '../../agent/clock.ts';
import { createListener, type ListenerOptions } from '../../agent/local-cloud/http.ts';
import { jsonOperation } from '../../agent/local-cloud/json-operation.ts';
import type { Route } from '../../agent/local-cloud/route.ts';
import { connectionLimits } from '../../agent/local-cloud/server.ts';
import { Secret } from '../../agent/secret.ts';
import { archiveClient, controlClient, keys, manualClock, type TestCloud, testCloud } from './control-cloud.ts';
import { portOf } from './hls-stage.ts';
import { record, startMs } from './ingest-producer.ts';
import { signedCall } from './signed-call.ts';
import { createStream, uploadRecording } from './stored-media.ts';

let running: TestCloud;
beforeAll(async () => {
  running = await testCloud();
});
afterAll(() => running[Symbol.asyncDispose]());

const head = (...lines: string[]) => `${lines.join('\r\n')}\r\n\r\n`;

/** A connection and all that comes back on it. */
async function dial(port: number): Promise<{ socket: Socket; text: () => string; closed: Promise<unknown> }> {
  const socket = createConnection(port, '127.0.0.1');
  let text = '';
  socket.setEncoding('latin1').on('data', (piece: string) => {
    text += piece;
  });
  const closed = new Promise(resolve => socket.on('error', () => undefined).on('close', resolve));
  await once(socket, 'connect');
  return { socket, text: () => text, closed };
}

const statuses = (text: string) => [...text.matchAll(/HTTP\/1\.1 (\d{3})/g)].map(([, status]) => Number(status));

/** A server of one route that answers with what it was sent, and one that answers with a lot. */
async function listener(options: Partial<ListenerOptions> = {}): Promise<Server> {
  const large: Route = {
    ...{ method: 'GET', path: '/large', signed: false },
    handle: () => ({ status: 200, body: new Uint8Array(64_000_000) }),
  };
  const echo = jsonOperation('/echo', z.record(z.string(), z.unknown()), input => input);
  const server = createListener([large, echo], {
    ...{ accessKeyId: keys.accessKeyId, secretAccessKey: new Secret(keys.secretAccessKey), clock: systemClock },
    onProblem: error => {
      throw error;
    },
    ...options,
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  onTestFinished(() => void server.close().closeAllConnections());
  return server;
}

/** A request head that names the known key, with a signature that is wrong. */
function knownHead(atMs: number, ...more: string[]): string {
  const date = new Date(atMs).toISOString().replace(/[-:]|\.\d+/g, '');
  const credential = `${keys.accessKeyId}/${date.slice(0, 8)}/us-west-2/kinesisvideo/aws4_request`;
  const authorization = `authorization: AWS4-HMAC-SHA256 Credential=${credential}, SignedHeaders=host, Signature=${'0'.repeat(64)}`;
  return head('POST /echo HTTP/1.1', 'host: 127.0.0.1', `x-amz-date: ${date}`, authorization, ...more);
}

describe('slowly', () => {
  test('a head that does not come, whole or at all, is not waited for', async () => {
    const server = await listener({ limits: { ...connectionLimits, headMs: 200 } });
    const said = ['', 'POST /echo HTTP/1.1\r\nhost: x\r\n', 'P'];
    const connections = await Promise.all(said.map(() => dial(portOf(server))));
    for (const [index, { socket }] of connections.entries()) socket.write(said[index] ?? '');
    // One more header line now and then does not help.
    const drip = setInterval(() => connections[1]?.socket.write('x-more: y\r\n'), 40);
    await Promise.all(connections.map(({ closed }) => closed));
    clearInterval(drip);
    expect(connections.flatMap(({ text }) => statuses(text())).every(status => status === 408)).toBe(true);
  });

  test('an answered connection that stays silent is closed', async () => {
    const server = await listener({ limits: { ...connectionLimits, idleMs: 100 } });
    const { socket, text, closed } = await dial(portOf(server));
    socket.write(head('GET /nothing HTTP/1.1', 'host: x'));
    await closed;
    expect(statuses(text())).toEqual([404]);
  });

  test('a body that drips is broken off after 30 seconds', async () => {
    const clock = manualClock(Date.now());
    const server = await listener({ clock });
    const { socket, closed, text } = await dial(portOf(server));
    socket.write(knownHead(clock.nowMs(), 'content-length: 1000', 'expect: 100-continue'));
    await expect.poll(text).toContain('100 Continue');
    for (let count = 0; count < 29; count++) {
      socket.write('x');
      clock.advance(1000);
    }
    const other = await dial(portOf(server));
    other.socket.write(head('GET /nothing HTTP/1.1', 'host: x', 'connection: close'));
    await other.closed;
    expect([statuses(other.text()), socket.closed]).toEqual([[404], false]);
    clock.advance(1000);
    await closed;
    expect(statuses(text()).filter(status => status !== 100)).toEqual([]);
  });

  test('an answer nobody takes is given up after a minute without progress', async () => {
    const clock = manualClock(Date.now());
    const server = await listener({ clock });
    const stalled = await dial(portOf(server));
    stalled.socket.write(head('GET /large HTTP/1.1', 'host: x'));
    await expect.poll(stalled.text).toContain('200');
    stalled.socket.pause();
    const connections = () => new Promise(resolve => server.getConnections((_, count) => resolve(count)));
    // What the system takes counts as progress.
    await new Promise(resolve => setTimeout(resolve, 100));
    clock.advance(60_000);
    clock.advance(60_000);
    await expect.poll(connections).toBe(0);
    const patient = await dial(portOf(server));
    patient.socket.write(head('GET /large HTTP/1.1', 'host: x', 'connection: close'));
    await patient.closed;
    expect(patient.text().length).toBeGreaterThan(64_000_000);
  });
});

describe('many at once', () => {
  test('connections beyond the limit are closed, the others served', async () => {
    const server = await listener({ limits: { ...connectionLimits, connections: 5 } });
    const within = await Promise.all(Array.from({ length: 5 }, () => dial(portOf(server))));
    const beyond = await dial(portOf(server));
    await beyond.closed;
    expect(beyond.text()).toBe('');
    within[0]?.socket.write(head('GET /nothing HTTP/1.1', 'host: x', 'connection: close'));
    await within[0]?.closed;
    expect(statuses(within[0]?.text() ?? '')).toEqual([404]);
    const after = await dial(portOf(server));
    after.socket.write(head('GET /nothing HTTP/1.1', 'host: x', 'connection: close'));
    await after.closed;
    expect(statuses(after.text())).toEqual([404]);
  });

  test('bodies share one budget: who is over it is told to try later, and it is given back', async () => {
    const server = await listener({ maxBodiesBytes: 1_000_000 });
    const send = async (bytes: number, announced = bytes) => {
      const connection = await dial(portOf(server));
      connection.socket.write(knownHead(Date.now(), `content-length: ${announced}`, 'connection: close'));
      connection.socket.write(new Uint8Array(bytes));
      return connection;
    };
    const first = await send(600_000, 700_000);
    // It has arrived when there is no room for as much again.
    await expect
      .poll(async () => {
        const { closed, text } = await send(600_000);
        await closed;
        return /\r\n\r\n.*ThrottlingException/s.test(text());
      })
      .toBe(true);
    first.socket.destroy();
    await first.closed;
    await expect
      .poll(async () => {
        const { closed, text } = await send(900_000);
        await closed;
        return text();
      })
      .toContain('InvalidSignatureException');
  });

  test('hundreds of requests in one go are answered one after the other', async () => {
    const { socket, text, closed } = await dial(running.cloud.port);
    const one = head('GET /nothing HTTP/1.1', 'host: 127.0.0.1');
    socket.write(one.repeat(499) + head('GET /nothing HTTP/1.1', 'host: 127.0.0.1', 'connection: close'));
    await closed;
    expect(statuses(text())).toEqual(Array.from({ length: 500 }, () => 404));
  });
});

describe('smuggling', () => {
  const inner = head('GET /admin/faults HTTP/1.1', 'host: 127.0.0.1');

  test.each<[string, string]>([
    ['in the body of an unknown path', head('POST /nothing HTTP/1.1', 'host: x', `content-length: ${inner.length}`)],
    [
      'in the body of an unsigned request',
      head('POST /listStreams HTTP/1.1', 'host: x', `content-length: ${inner.length}`),
    ],
    [
      'in the body of a GET',
      head('GET /hls/v1/getHLSMasterPlaylist.m3u8 HTTP/1.1', 'host: x', `content-length: ${inner.length}`),
    ],
    ['in the body of a stranger with a known key', knownHead(Date.now(), `content-length: ${inner.length}`)],
    ['behind two encodings', head('POST /listStreams HTTP/1.1', 'host: x', 'transfer-encoding: chunked, identity')],
    ['behind an encoding in disguise', head('POST /listStreams HTTP/1.1', 'host: x', 'transfer-encoding: xchunked')],
    [
      'behind an encoding twice',
      head('POST /listStreams HTTP/1.1', 'host: x', 'transfer-encoding: chunked', 'transfer-encoding: identity'),
    ],
    ['behind a length with a sign', head('POST /listStreams HTTP/1.1', 'host: x', 'content-length: +5')],
    ['behind a length in two parts', head('POST /listStreams HTTP/1.1', 'host: x', 'content-length: 5, 5')],
    ['behind lines without carriage returns', 'POST /listStreams HTTP/1.1\nhost: x\ncontent-length: 0\n\n'],
  ])('a request %s is no request', async (_, before) => {
    const { socket, text, closed } = await dial(running.cloud.port);
    socket.write(before + inner);
    setTimeout(() => socket.end(), 100);
    await closed;
    expect(statuses(text()).length).toBeLessThanOrEqual(1);
    expect(text()).not.toMatch(/HTTP\/1\.1 2/);
  });

  test('an upgrade is none', async () => {
    for (const protocol of ['websocket', 'h2c', 'TLS/1.2']) {
      const { socket, text, closed } = await dial(running.cloud.port);
      socket.write(head('GET / HTTP/1.1', 'host: x', `upgrade: ${protocol}`, 'connection: upgrade, close'));
      socket.end();
      await closed;
      expect([protocol, statuses(text())]).toEqual([protocol, [404]]);
    }
  });

  test('a name that is no name does not get into the addresses that are given out', async () => {
    await createStream(running.cloud.url, 'named');
    const signer = new SignatureV4({ credentials: keys, region: 'us-west-2', service: 'kinesisvideo', sha256: Sha256 });
    const body = JSON.stringify({ StreamName: 'named', APIName: 'GET_MEDIA' });
    const endpointFor = async (host: string) => {
      const request = { method: 'POST', protocol: 'http:', hostname: '127.0.0.1', path: '/getDataEndpoint', body };
      const { headers } = await signer.sign({ ...request, headers: { host } });
      const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
      const { socket, text, closed } = await dial(running.cloud.port);
      socket.write(
        head('POST /getDataEndpoint HTTP/1.1', ...lines, `content-length: ${body.length}`, 'connection: close') + body,
      );
      await closed;
      return /"DataEndpoint":"([^"]*)"/.exec(text())?.[1];
    };
    const { port, url } = running.cloud;
    expect(await endpointFor('localhost:4711')).toBe('http://localhost:4711');
    expect(await endpointFor('cloud.lan')).toBe(`http://cloud.lan:${port}`);
    expect(await endpointFor('[::1]')).toBe(`http://[::1]:${port}`);
    for (const host of ['evil.example/path', 'user@evil.example', 'a b', '"', 'evil.example#', 'x:y:z'])
      expect([host, await endpointFor(host)]).toEqual([host, url]);
  });
});

describe('other ways to sign', () => {
  const signer = new SignatureV4({ credentials: keys, region: 'us-west-2', service: 'kinesisvideo', sha256: Sha256 });
  const base = () => ({
    ...{ method: 'POST', protocol: 'http:', hostname: '127.0.0.1', path: '/listStreams', body: '{}' },
    headers: { host: new URL(running.cloud.url).host },
  });
  const refusal = async (answer: Response) => [answer.status, answer.headers.get('x-amzn-errortype')];

  test('in the query, as for a link: refused, as without a signature', async () => {
    const { query = {}, headers } = await signer.presign(base(), { expiresIn: 60 });
    const address = new URL('/listStreams', running.cloud.url);
    for (const [name, value] of Object.entries(query)) address.searchParams.set(name, String(value));
    const answer = await fetch(address, { method: 'POST', body: '{}', headers: { ...headers } });
    expect(await refusal(answer)).toEqual([403, 'MissingAuthenticationTokenException']);
  });

  test.each([
    'STREAMING-AWS4-HMAC-SHA256-PAYLOAD',
    'STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER',
    'STREAMING-UNSIGNED-PAYLOAD-TRAILER',
    'STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD',
  ])('in chunks (%s): refused', async stated => {
    const signed = await signer.sign({ ...base(), headers: { ...base().headers, 'x-amz-content-sha256': stated } });
    const answer = await fetch(`${running.cloud.url}/listStreams`, {
      method: 'POST',
      body: '{}',
      headers: signed.headers,
    });
    expect(await refusal(answer)).toEqual([403, 'InvalidSignatureException']);
  });

  test('with an older algorithm, in the query of version 2, or with a bearer: refused', async () => {
    for (const authorization of [
      'AWS local:c2ln',
      'Bearer local-secret',
      'Basic bG9jYWw6bG9jYWwtc2VjcmV0',
      'AWS4-ECDSA-P256-SHA256 x',
    ]) {
      const answer = await fetch(`${running.cloud.url}/listStreams`, { method: 'POST', headers: { authorization } });
      expect([authorization, answer.status]).toEqual([authorization, 400]);
    }
    const old = await fetch(`${running.cloud.url}/listStreams?AWSAccessKeyId=local&Signature=x&Expires=99999999999`, {
      method: 'POST',
    });
    expect(old.status).toBe(403);
  });

  test('for another service: refused, also beside a header that names an operation of it', async () => {
    const body = '{}';
    const target = 'RekognitionService.DetectLabels';
    const call = async (service: 'kinesisvideo' | 'rekognition', path: string) => {
      const { status, type } = await signedCall(running.cloud.url, { service, path, target }, { body });
      return [status, type];
    };
    expect(await call('rekognition', '/listStreams')).toEqual([403, 'InvalidSignatureException']);
    expect(await call('kinesisvideo', '/listStreams')).toEqual([200, undefined]);
    expect(await call('kinesisvideo', '/')).toEqual([403, 'InvalidSignatureException']);
  });

  test('a signature is good for five minutes either way, and no longer', async () => {
    // Signatures are of whole seconds.
    const clock = manualClock(Math.floor(Date.now() / 1000) * 1000);
    await using cloud = await testCloud({ clock });
    const { url } = cloud.cloud;
    const at = async (offsetMs: number) => {
      const signed = await signer.sign(
        { ...base(), headers: { host: new URL(url).host } },
        { signingDate: new Date(clock.nowMs() + offsetMs) },
      );
      const answer = await fetch(`${url}/listStreams`, { method: 'POST', body: '{}', headers: signed.headers });
      return answer.status;
    };
    const longestMs = 5 * 60_000;
    expect([await at(-longestMs), await at(longestMs)]).toEqual([200, 200]);
    expect([await at(-longestMs - 1000), await at(longestMs + 1000)]).toEqual([403, 403]);
  });

  test('JSON nested without end is no JSON', async () => {
    const body = '['.repeat(900_000);
    const signed = await signer.sign({ ...base(), body });
    const answer = await fetch(`${running.cloud.url}/listStreams`, { method: 'POST', body, headers: signed.headers });
    expect(await refusal(answer)).toEqual([400, 'SerializationException']);
    expect(running.problems).toEqual([]);
  });
});

test('streams and tags named like members of every object are streams and tags', async () => {
  const recording = await record(1);
  const client = controlClient(running.cloud.url);
  const names = ['__proto__', 'constructor', 'error', 'toString', 'hasOwnProperty', 'newListener'];
  for (const StreamName of names) {
    await client.send(new CreateStreamCommand({ StreamName, DataRetentionInHours: 1, Tags: { constructor: 'a' } }));
    await client.send(new TagStreamCommand({ StreamName, Tags: { toString: 'b' } }));
    expect(await uploadRecording(running.cloud.url, recording, startMs, StreamName)).toHaveLength(1);
  }
  await running.restart();
  const listed = await controlClient(running.cloud.url).send(new ListStreamsCommand({}));
  expect(listed.StreamInfoList?.map(({ StreamName }) => StreamName)).toEqual(expect.arrayContaining(names));
  expect(Object.getPrototypeOf({})).toBe(Object.prototype);
});

test('what is told of a problem has no token, no secret and no path that a client sees', async () => {
  await using cloud = await testCloud();
  const { url } = cloud.cloud;
  await createStream(url, 'cam');
  const [number] = await uploadRecording(url, await record(1), startMs);
  const session = await archiveClient(url).send(new GetHLSStreamingSessionURLCommand({ StreamName: 'cam' }));
  const address = new URL(
    session.HLSStreamingSessionURL?.replace('HLSMasterPlaylist.m3u8', 'MP4MediaFragment.mp4') ?? '',
  );
  address.searchParams.set('TrackNumber', '1');
  address.searchParams.set('FragmentNumber', number ?? '');
  const folder = join(cloud.dataDir, 'streams', (await readdir(join(cloud.dataDir, 'streams')))[0] ?? '');
  // Something nobody can read in the place of the fragment.
  await rm(join(folder, `${number}.mkv`));
  await mkdir(join(folder, `${number}.mkv`));
  const answer = await fetch(address);
  const told = JSON.stringify([await answer.text(), ...answer.headers]);
  expect(answer.status).toBe(500);
  expect(told).not.toContain(cloud.dataDir);
  expect(cloud.problems).toHaveLength(1);
  const token = address.searchParams.get('SessionToken') ?? '';
  for (const problem of cloud.problems)
    for (const secret of [token, token.slice(0, 20), keys.secretAccessKey])
      expect(`${problem.message} ${problem.stack} ${String(problem.cause)}`).not.toContain(secret);
});
