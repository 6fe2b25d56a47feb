// The relay: a console on another machine plays from the embedded server, and reaches nothing else on this one.
import { createServer } from 'node:http';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { HlsRelay } from '../../agent/playback/hls-relay.ts';
import { SimulatedClock } from '../simulated-clock.ts';
import { ask, open, serveConsole, signIn } from '../web/served-console.ts';

const asked: string[] = [];
let closedBodies = 0;
const embedded = createServer((request, response) => {
  asked.push(request.url ?? '');
  if (request.url?.includes('SessionToken=redirect')) return response.writeHead(302, { location: '/secret' }).end();
  if (request.url?.includes('SessionToken=expired'))
    return response.writeHead(403).end('Streaming session token is expired');
  if (request.url?.includes('SessionToken=silent')) return undefined;
  response.writeHead(200, { 'content-type': 'text/html' });
  if (!request.url?.includes('SessionToken=endless')) return response.end('#EXTM3U\n');
  response.on('close', () => closedBodies++);
  return response.write('first bytes');
});

let origin: string;
let clock: SimulatedClock;
let relay: HlsRelay;
let site: Awaited<ReturnType<typeof serveConsole>>;
let cookie: string;
const master = '/hls/v1/getHLSMasterPlaylist.m3u8?SessionToken=abc~';

beforeAll(async () => {
  await new Promise<void>(resolve => embedded.listen(0, '127.0.0.1', resolve));
  const address = embedded.address();
  origin = `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`;
  clock = new SimulatedClock();
  relay = new HlsRelay({ endpoint: origin, mount: '/api/hls/', clock });
  site = await serveConsole({
    // Resolves to this machine, yet is no name of loopback: stands for an address on the local network.
    listen: '127.1:0',
    relay,
    playback: { open: async () => ({ url: `${origin}${master}`, expiresAtMs: 1 }) },
  });
  cookie = await signIn(site.url, site.password);
});
afterAll(async () => {
  await site[Symbol.asyncDispose]();
  embedded.closeAllConnections();
  await new Promise(resolve => embedded.close(resolve));
});

const play = (host: string) =>
  ask(site.url, '/api/cameras/yard/playback', { method: 'POST', body: { mode: 'LIVE' }, cookie, headers: { host } });

test('a browser on this machine gets the session’s own address, one elsewhere gets the relay’s', async () => {
  expect((await play('127.0.0.1:8080')).json()).toMatchObject({ url: `${origin}${master}` });
  expect((await play('192.168.1.5:8080')).json()).toMatchObject({
    url: '/api/hls/getHLSMasterPlaylist.m3u8?SessionToken=abc~',
  });
});

test('the relayed address plays, with a content type that cannot be a web page', async () => {
  const path = '/api/hls/getHLSMediaPlaylist.m3u8?SessionToken=abc~&TrackNumber=1';
  const answer = await ask(site.url, path, { cookie });
  expect(answer.status).toBe(200);
  expect(answer.text).toBe('#EXTM3U\n');
  expect(answer.headers).toMatchObject({
    'content-type': 'application/vnd.apple.mpegurl',
    'x-content-type-options': 'nosniff',
  });
  expect(new URL(asked.at(-1) ?? '', origin).searchParams.get('SessionToken')).toBe('abc~');
  expect(asked.at(-1)).toMatch(/^\/hls\/v1\/getHLSMediaPlaylist\.m3u8\?/);
});

test.each([
  ['another file', '/api/hls/createStream?SessionToken=a'],
  ['a path upwards', '/api/hls/..%2f..%2flistStreams?SessionToken=a'],
  ['a path upwards behind a right name', '/api/hls/getMP4InitFragment.mp4%2f..%2fx?SessionToken=a'],
  ['an inherited name', '/api/hls/constructor?SessionToken=a'],
  ['no token', '/api/hls/getHLSMasterPlaylist.m3u8'],
  ['an unknown parameter', '/api/hls/getHLSMasterPlaylist.m3u8?SessionToken=a&Callback=x'],
  ['a token with a line break', '/api/hls/getHLSMasterPlaylist.m3u8?SessionToken=a%0d%0aHost:x'],
  ['another host', '/api/hls/getHLSMasterPlaylist.m3u8?SessionToken=a@evil.example/'],
])('nothing else is reached: %s', async (_attempt, path) => {
  const before = asked.length;
  const answer = await ask(site.url, path, { cookie });
  expect(answer.status).toBe(404);
  expect(asked.length).toBe(before);
});

test('a redirect is not followed, and an expired session is told as such', async () => {
  const file = '/api/hls/getHLSMasterPlaylist.m3u8';
  expect((await ask(site.url, `${file}?SessionToken=redirect`, { cookie })).status).toBe(502);
  expect(asked).not.toContain('/secret');
  const expired = await ask(site.url, `${file}?SessionToken=expired`, { cookie });
  expect(expired.status).toBe(403);
  expect(expired.json()).toMatchObject({ code: 'footage-missing' });
});

test('bytes are passed on as they come, and stop when the browser leaves', async () => {
  const response = await open(site.url, '/api/hls/getMP4MediaFragment.mp4?SessionToken=endless', { cookie });
  const [first] = await response.setEncoding('utf8').take(1).toArray();
  expect(first).toBe('first bytes');
  response.destroy();
  await expect.poll(() => closedBodies).toBe(1);
  expect(site.unexpected).toEqual([]);
});

test('a server that does not answer is a sentence after 15 seconds', async () => {
  const { signal } = new AbortController();
  const answer = relay.fetch('getTSFragment.ts', '?SessionToken=silent', signal);
  const refused = expect(answer).rejects.toMatchObject({ code: 'service-unreachable' });
  await clock.advance(15_000);
  await refused;
});

test.each([
  [
    'AWS',
    undefined,
    'https://b-1.kinesisvideo.us-west-2.amazonaws.com/hls/v1/getHLSMasterPlaylist.m3u8?SessionToken=a',
  ],
  [
    'a server on the network',
    'http://10.0.0.9:4600',
    'http://10.0.0.9:4600/hls/v1/getHLSMasterPlaylist.m3u8?SessionToken=a',
  ],
  [
    'another port of this machine',
    'http://127.0.0.1:4600',
    'http://127.0.0.1:22/hls/v1/getHLSMasterPlaylist.m3u8?SessionToken=a',
  ],
  ['another path', 'http://127.0.0.1:4600', 'http://127.0.0.1:4600/getHLSMasterPlaylist.m3u8?SessionToken=a'],
])('sessions of %s are not relayed', (_server, endpoint, url) => {
  expect(new HlsRelay({ endpoint, mount: '/api/hls/', clock }).pathFor(url)).toBeUndefined();
});

test('the embedded server may be named in either way', () => {
  const named = new HlsRelay({ endpoint: 'http://localhost:4600', mount: '/api/hls/', clock });
  expect(named.pathFor(`http://127.0.0.1:4600${master}`)).toBe('/api/hls/getHLSMasterPlaylist.m3u8?SessionToken=abc~');
});
