// What listens at a port, over real sockets: GStreamer's RTSP server, and servers of every other kind.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer as createHttpServer, type RequestListener } from 'node:http';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer as createTlsServer } from 'node:tls';
import { afterAll, expect, onTestFinished, test } from 'vitest';
import { type DiscoverOptions, discover } from '../../agent/discovery/discover.ts';
import { inParallel } from '../../agent/discovery/in-parallel.ts';
import { onvifServices } from '../../agent/discovery/onvif-ports.ts';
import { askRtspOptions } from '../../agent/discovery/rtsp-options.ts';
import type { DiscoveredCamera } from '../../shared/discovery.ts';
import { shortClip, startCamera } from '../pretend-camera/running-camera.ts';
import { UnhurriedClock } from '../unhurried-clock.ts';
import { ownAddress } from './own-addresses.ts';

/** Who asks and nearly all who answer are in this process: none is late for the other because the machine is busy. */
const unhurried = new UnhurriedClock();
afterAll(() => unhurried[Symbol.dispose]());

const asking = { address: '127.0.0.1', clock: unhurried, signal: new AbortController().signal };

/** Ends with the test, whatever is still connected. */
async function listening(server: Server, { host = '127.0.0.1', port = 0 } = {}): Promise<number> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => sockets.add(socket.on('error', () => undefined)));
  await new Promise<void>(resolve => server.listen(port, host, resolve));
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

function answering(text: string): (socket: Socket) => void {
  return socket => socket.once('data', () => socket.write(text));
}

/** Says something for ever, as fast as it is read. */
function endless(text: string): (socket: Socket) => void {
  return socket => {
    const more = () => {
      while (!socket.destroyed && socket.write(text.repeat(1000)));
    };
    socket.on('drain', more);
    more();
  };
}

test.concurrent.each<[string, (socket: Socket) => void, object]>([
  [
    'an RTSP server',
    answering('RTSP/1.0 200 OK\r\nCSeq: 1\r\nServer: Acme/1.0\r\n\r\n'),
    { port: 'rtsp', server: 'Acme/1.0' },
  ],
  ['one that wants a sign-in', answering('RTSP/1.0 401 Unauthorized\r\nCSeq: 1\r\n\r\n'), { port: 'rtsp' }],
  ['one whose headers never end', answering('RTSP/1.0 200 OK\r\nServer: x'), { port: 'rtsp', server: 'x' }],
  [
    'one with control characters in its name',
    answering('RTSP/1.0 200 OK\r\nServer: a\x1b[31mb\r\n\r\n'),
    { port: 'rtsp', server: 'a [31mb' },
  ],
  ['one that sends no end of headers', endless('RTSP/1.0 200 OK\r\nX: y\r\n'), { port: 'rtsp' }],
  ['a web server', answering('HTTP/1.1 400 Bad Request\r\n\r\n'), { port: 'other' }],
  ['one that says nothing', () => undefined, { port: 'other' }],
  ['one that hangs up', socket => socket.destroy(), { port: 'other' }],
  ['one that sends noise', endless('\0\xff'), { port: 'other' }],
])('%s', async (_, onConnection, expected) => {
  const port = await listening(createServer(onConnection));
  const startMs = unhurried.monotonicMs();
  const verdict = await askRtspOptions({ ...asking, port, tls: false });
  expect(verdict).toEqual({
    ...expected,
    ...('port' in expected && expected.port === 'rtsp' ? { url: `rtsp://127.0.0.1:${port}/` } : {}),
  });
  expect(unhurried.monotonicMs() - startMs).toBeLessThan(10_000);
});

test('one OPTIONS is all that an RTSP server is asked, without a user or a path', async () => {
  let asked = '';
  const server = createServer(socket =>
    socket.setEncoding('latin1').on('data', text => {
      asked += text;
      if (asked.endsWith('\r\n\r\n')) socket.write('RTSP/1.0 200 OK\r\n\r\n');
    }),
  );
  const port = await listening(server);
  await askRtspOptions({ ...asking, port, tls: false });
  expect(asked).toBe(`OPTIONS rtsp://127.0.0.1:${port}/ RTSP/1.0\r\nCSeq: 1\r\nUser-Agent: kvs-edge\r\n\r\n`);
});

test('a closed port is told from one that is open', async () => {
  const server = createServer();
  const port = await listening(server);
  await new Promise(resolve => server.close(resolve));
  expect(await askRtspOptions({ ...asking, port, tls: false })).toEqual({ port: 'closed' });
});

test('RTSP over TLS is found behind a certificate the camera made itself', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'kvs-edge-discovery-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-subj', '/CN=camera'];
  execFileSync('openssl', ['req', '-x509', ...curve, '-keyout', key, '-out', cert], { stdio: 'ignore' });
  const server = createTlsServer({ key: readFileSync(key), cert: readFileSync(cert) });
  server.on('secureConnection', answering('RTSP/1.0 200 OK\r\n\r\n'));
  const port = await listening(server);
  expect(await askRtspOptions({ ...asking, port, tls: true })).toEqual({
    port: 'rtsp',
    url: `rtsps://127.0.0.1:${port}/`,
  });
  expect(await askRtspOptions({ ...asking, port: await listening(createServer(endless('x'))), tls: true })).toEqual({
    port: 'other',
  });
});

const time = '<s:Envelope xmlns:s="x"><s:Body><d:GetSystemDateAndTimeResponse xmlns:d="y"/></s:Body></s:Envelope>';

test.concurrent.each<[string, RequestListener, boolean]>([
  ['tells its time', (_, response) => response.end(time), true],
  [
    'wants a sign-in even for the time',
    (_, response) => response.writeHead(400).end('<s:Envelope xmlns:s="x"><s:Body><s:Fault/></s:Body></s:Envelope>'),
    true,
  ],
  ['is a web page', (_, response) => response.end('<!DOCTYPE html><html><body>Sign in</body></html>'), false],
  [
    'is SOAP of another kind',
    (_, response) => response.end('<s:Envelope xmlns:s="x"><s:Body><x/></s:Body></s:Envelope>'),
    false,
  ],
  ['refuses', (_, response) => response.writeHead(401).end(), false],
  ['leads elsewhere', (_, response) => response.writeHead(302, { location: 'http://169.254.169.254/' }).end(), false],
  ['never answers', () => undefined, false],
  ['stops half way', (_, response) => void response.write(time.slice(0, 50)), false],
  ['hangs up half way', (_, response) => void response.write(time.slice(0, 50), () => response.destroy()), false],
  [
    'answers without end',
    (_, response) => {
      const more = () => {
        while (!response.destroyed && response.write(' '.repeat(100_000)));
      };
      response.on('drain', more);
      more();
    },
    false,
  ],
])('a web server that %s is an ONVIF device: %#', async (_, listener, isDevice) => {
  const port = await listening(createHttpServer(listener));
  const startMs = unhurried.monotonicMs();
  const services = await onvifServices({ ...asking, ports: [port] });
  expect(services).toEqual(isDevice ? [`http://127.0.0.1:${port}/onvif/device_service`] : []);
  expect(unhurried.monotonicMs() - startMs).toBeLessThan(10_000);
});

async function scan(range: string, options: Partial<DiscoverOptions> = {}): Promise<DiscoveredCamera[]> {
  const place = { kind: 'scan', range, consent: true } as const;
  const found: DiscoveredCamera[] = [];
  const { clock, signal } = asking;
  for await (const event of discover({ place, loopback: true, clock, signal, ...options }))
    if (event.type === 'found') found.push(event.camera);
  return found;
}

test('a scan finds the RTSP servers of a subnet and no others, once each', async () => {
  const clip = await shortClip();
  await using _camera = await startCamera(['--video', clip, '--listen', ownAddress(5), '--port', '8554']);
  const options = 'RTSP/1.0 200 OK\r\n\r\n';
  await listening(createServer(answering(options)), { host: ownAddress(9), port: 8554 });
  await listening(createServer(answering(options)), { host: ownAddress(9), port: 10_554 });
  await listening(createServer(answering(options)), { host: ownAddress(12), port: 7447 });
  await listening(
    createHttpServer((_, response) => response.end(time)),
    { host: ownAddress(12), port: 8899 },
  );
  await listening(
    createHttpServer((_, response) => response.end('hello')),
    { host: ownAddress(13), port: 8554 },
  );
  await listening(createServer(), { host: ownAddress(14), port: 8554 });
  const found = await scan(`${ownAddress(0)}/28`, {
    cameras: [{ id: 'yard', url: `rtsp://${ownAddress(9)}:8554/main` }],
  });
  expect(found.sort((a, b) => a.address.localeCompare(b.address))).toEqual([
    {
      ...{ id: ownAddress(12), address: ownAddress(12), how: 'unicast', rtspUrl: `rtsp://${ownAddress(12)}:7447/` },
      onvifUrl: `http://${ownAddress(12)}:8899/onvif/device_service`,
    },
    {
      ...{ id: ownAddress(5), address: ownAddress(5), how: 'scan', rtspUrl: `rtsp://${ownAddress(5)}:8554/` },
      rtspServer: expect.stringContaining('GStreamer'),
    },
    {
      ...{ id: ownAddress(9), address: ownAddress(9), how: 'scan', rtspUrl: `rtsp://${ownAddress(9)}:8554/` },
      alreadyAdded: 'yard',
    },
  ]);
});

test('a scan starts only with consent, and without loopback unless it is asked for', async () => {
  const place = { kind: 'scan', range: `${ownAddress(0)}/30`, consent: false } as const;
  await expect(scan('', { place })).rejects.toMatchObject({ code: 'scan-refused' });
  await expect(scan(`${ownAddress(0)}/30`, { loopback: false })).rejects.toMatchObject({ code: 'scan-refused' });
});

test('work in parallel keeps to its limit, and ends all of it when one fails or nobody listens', async () => {
  let [running, most, aborted] = [0, 0, 0];
  const work = (item: number, signal: AbortSignal) =>
    new Promise<number>((resolve, reject) => {
      most = Math.max(most, ++running);
      const timer = setTimeout(() => (item === 40 ? reject(new Error('forty')) : resolve(item)), 2);
      signal.addEventListener('abort', () => {
        clearTimeout(timer);
        aborted++;
        reject(signal.reason);
      });
    }).finally(() => running--);
  const options = { atOnce: 8, work, signal: asking.signal };
  const results: number[] = [];
  for await (const result of inParallel({ ...options, items: Array.from({ length: 30 }).keys() })) results.push(result);
  expect(results.sort((a, b) => a - b)).toEqual([...Array.from({ length: 30 }).keys()]);
  expect({ most, running }).toEqual({ most: 8, running: 0 });

  const failing = async () => {
    for await (const _ of inParallel({ ...options, items: Array.from({ length: 99 }).keys() }));
  };
  await expect(failing()).rejects.toThrow('forty');
  expect(running).toBe(0);

  for await (const _ of inParallel({ ...options, items: Array.from({ length: 99 }).keys() })) break;
  expect(running).toBe(0);
  expect(aborted).toBeGreaterThan(7);
});
