// Cameras that speak HTTP, as small servers: MJPEG as a multipart answer that never ends, and HLS of segments that ffmpeg writes.
import { execFile, execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';

type SignIn = { scheme: 'basic' | 'digest'; username: string; password: string };
type Answer = (request: IncomingMessage, response: ServerResponse) => void;

async function serve(answer: Answer, signIn?: SignIn) {
  const server = createServer((request, response) => {
    if (signIn && !isSignedIn(request, signIn)) {
      const challenge =
        signIn.scheme === 'basic' ? 'Basic realm="camera"' : 'Digest realm="camera", nonce="5f3a", qop="auth"';
      response.writeHead(401, { 'www-authenticate': challenge }).end();
    } else answer(request, response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    origin: `http://127.0.0.1:${port}`,
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}

function isSignedIn(request: IncomingMessage, { scheme, username, password }: SignIn): boolean {
  const { authorization = '' } = request.headers;
  if (scheme === 'basic') {
    return authorization === `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
  }
  const value = (name: string) => new RegExp(`\\b${name}="?([^",]+)`).exec(authorization)?.[1] ?? '';
  const md5 = (text: string) => createHash('md5').update(text).digest('hex');
  const secret = md5(`${username}:camera:${password}`);
  const question = md5(`${request.method}:${value('uri')}`);
  const expected = md5(`${secret}:5f3a:${value('nc')}:${value('cnonce')}:auth:${question}`);
  return authorization.startsWith('Digest ') && value('response') === expected;
}

/** `count` pictures that differ. */
export function jpegs(count: number): Buffer[] {
  const all = execFileSync(
    'ffmpeg',
    [
      ...['-hide_banner', '-loglevel', 'error', '-nostdin', '-f', 'lavfi', '-i', 'testsrc2=size=320x180:rate=10'],
      ...['-frames:v', String(count), '-c:v', 'mjpeg', '-pix_fmt', 'yuvj422p', '-f', 'image2pipe', 'pipe:1'],
    ],
    { maxBuffer: 64 * 1024 * 1024 },
  );
  const starts = [...all.keys()].filter(at => all[at] === 0xff && all[at + 1] === 0xd8 && all[at + 2] === 0xff);
  return starts.map((start, index) => all.subarray(start, starts[index + 1] ?? all.length));
}

/** Ten pictures a second at /video, for as long as somebody looks. */
export async function startMjpeg(options: { signIn?: SignIn; everyMs?: number } = {}) {
  const { signIn, everyMs = 100 } = options;
  const pictures = jpegs(10);
  const sentAtMs: number[] = [];
  const server = await serve(async (request, response) => {
    if (request.url === '/') return void response.writeHead(200, { 'content-type': 'text/html' }).end('<p>Camera</p>');
    if (request.url !== '/video') return void response.writeHead(404).end();
    response.writeHead(200, { 'content-type': 'multipart/x-mixed-replace; boundary=picture' });
    for (let index = 0; !response.destroyed; index++) {
      const picture = pictures[index % pictures.length] ?? Buffer.alloc(0);
      response.write(`--picture\r\nContent-Type: image/jpeg\r\nContent-Length: ${picture.length}\r\n\r\n`);
      response.write(picture);
      response.write('\r\n');
      sentAtMs.push(performance.now());
      await delay(everyMs);
    }
  }, signIn);
  return { ...server, url: `${server.origin}/video`, sentAtMs, [Symbol.dispose]: () => server.close() };
}

/** A camera whose certificate it made itself. */
export async function startUntrusted() {
  const directory = await mkdtemp(join(tmpdir(), 'kvs-edge-tls-'));
  const [key, cert] = [join(directory, 'key.pem'), join(directory, 'cert.pem')];
  const args = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'];
  execFileSync('openssl', [...args, '-subj', '/CN=camera', '-keyout', key, '-out', cert], { stdio: 'ignore' });
  const server = createSecureServer({ key: await readFile(key), cert: await readFile(cert) }, (_, response) => {
    response.end();
  });
  await rm(directory, { recursive: true });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return { url: `https://127.0.0.1:${port}/video`, [Symbol.dispose]: () => void server.close() };
}

const liveWindowSeconds = 20;
const filmSeconds = 50;

/**
 * A live playlist of one-second segments at /live/index.m3u8: the last twenty seconds, from the first question on. A player
 * that is late has as long as that before what it wants is gone.
 */
export async function startHls(signIn?: SignIn) {
  const directory = await mkdtemp(join(tmpdir(), 'kvs-edge-hls-'));
  const film = ['-f', 'lavfi', '-i', `testsrc2=size=320x180:rate=25:duration=${filmSeconds}`];
  const coded = ['-pix_fmt', 'yuv420p', '-c:v', 'libx264', '-preset', 'ultrafast', '-bf', '0', '-g', '25'];
  const cut = ['-f', 'hls', '-hls_time', '1', '-hls_list_size', '0', join(directory, 'index.m3u8')];
  await promisify(execFile)('ffmpeg', ['-hide_banner', '-loglevel', 'error', '-nostdin', ...film, ...coded, ...cut]);
  let firstAskedMs: number | undefined;
  const server = await serve(async (request, response) => {
    const name = /^\/live\/([\w.]+)$/.exec(request.url ?? '')?.[1];
    if (name === 'index.m3u8') {
      firstAskedMs ??= performance.now();
      return void response.end(playlist(Math.floor((performance.now() - firstAskedMs) / 1000)));
    }
    const body = name === undefined ? undefined : await readFile(join(directory, name)).catch(() => undefined);
    if (body === undefined) response.writeHead(404).end();
    else response.writeHead(200, { 'content-type': 'application/octet-stream' }).end(body);
  }, signIn);
  return {
    ...server,
    url: `${server.origin}/live/index.m3u8`,
    async [Symbol.asyncDispose]() {
      server.close();
      await rm(directory, { recursive: true });
    },
  };
}

/** @param first number of its first segment */
function playlist(first: number): string {
  const last = Math.min(filmSeconds, first + liveWindowSeconds);
  const segments = Array.from({ length: last - first }, (_, index) => `#EXTINF:1.0,\nindex${first + index}.ts\n`);
  return `#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:1\n#EXT-X-MEDIA-SEQUENCE:${first}\n${segments.join('')}`;
}
