// What the console is told: every route of shared/api.ts, the built console, and failures in words.
import { mkdir, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { AgentError } from '../../agent/errors.ts';
import {
  alert,
  ask,
  atMs,
  attempt,
  budget,
  destination,
  pause,
  serveConsole,
  sighting,
  signIn,
  stillBytes,
  tested,
} from './served-console.ts';

let site: Awaited<ReturnType<typeof serveConsole>>;
let cookie: string;
beforeAll(async () => {
  site = await serveConsole();
  cookie = await signIn(site.url, site.password);
  await mkdir(join(site.folder, 'console', 'assets'), { recursive: true });
  await writeFile(join(site.folder, 'console', 'index.html'), '<title>console</title>');
  await writeFile(join(site.folder, 'console', 'assets', 'app-abc123.js'), 'export {};');
  await writeFile(join(site.folder, 'console', '.env'), 'c4nary');
  await writeFile(join(site.folder, 'outside.txt'), 'c4nary');
});
afterAll(() => site[Symbol.asyncDispose]());

describe('the console is told', () => {
  test('how the cameras are, with the agent’s own time', async () => {
    const answer = await ask(site.url, '/api/cameras', { cookie });
    expect(answer.headers['cache-control']).toBe('no-store');
    expect(answer.json()).toEqual({
      siteName: 'Test site',
      nowMs: atMs,
      cameras: [
        {
          id: 'yard',
          stream: 'yard-stream',
          state: 'starting',
          sinceMs: atMs,
          upload: { state: 'idle', waitingFragments: 2, waitingBytes: 1000, oldestWaitingMs: atMs - 5000 },
          lostSeconds: 2,
          labels: { on: false },
        },
      ],
    });
  });

  test('where footage is, and what was seen there', async () => {
    const query = `?fromMs=${atMs - 60_000}&toMs=${atMs}`;
    expect((await ask(site.url, `/api/cameras/yard/footage${query}`, { cookie })).json()).toEqual({
      spans: [{ startMs: atMs - 60_000, endMs: atMs, at: 'cloud' }],
    });
    expect((await ask(site.url, `/api/cameras/yard/sightings${query}`, { cookie })).json()).toEqual({
      sightings: [sighting],
    });
    expect(site.calls).toContainEqual({
      name: 'ofCamera',
      arguments: ['yard', { fromMs: atMs - 60_000, toMs: atMs, limit: 5000 }],
    });
  });

  test('what labels cost today, and when they were paused', async () => {
    expect((await ask(site.url, '/api/budget', { cookie })).json()).toEqual(budget);
    const path = `/api/cameras/yard/label-pauses?fromMs=${atMs - 60_000}&toMs=${atMs}`;
    expect((await ask(site.url, path, { cookie })).json()).toEqual({ pauses: [pause] });
    const range = { fromMs: atMs - 60_000, toMs: atMs };
    expect(site.calls).toContainEqual({ name: 'pauses', arguments: ['yard', range] });
    expect((await ask(site.url, path.replace('yard', 'attic'), { cookie })).status).toBe(404);
    expect((await ask(site.url, '/api/cameras/yard/label-pauses?fromMs=x', { cookie })).status).toBe(400);
    expect((await ask(site.url, '/api/budget')).status).toBe(401);
  });

  test('the newest sightings and alerts, page by page', async () => {
    const sightings = await ask(site.url, `/api/sightings?limit=7&beforeMs=${atMs}`, { cookie });
    expect(sightings.json()).toEqual({ sightings: [sighting] });
    expect(site.calls).toContainEqual({ name: 'newest', arguments: [{ limit: 7, beforeMs: atMs }] });
    expect((await ask(site.url, '/api/alerts', { cookie })).json()).toEqual({ alerts: [alert] });
    expect(site.calls).toContainEqual({ name: 'alerts', arguments: [{ limit: 100 }] });
  });

  test('alerts of a camera or in a state, one alert with its attempts, and how destinations are', async () => {
    await ask(site.url, '/api/alerts?cameraId=yard&state=dead&limit=3', { cookie });
    expect(site.calls).toContainEqual({ name: 'alerts', arguments: [{ limit: 3, cameraId: 'yard', state: 'dead' }] });
    expect((await ask(site.url, '/api/alerts/alert-1', { cookie })).json()).toEqual({ alert, attempts: [attempt] });
    expect((await ask(site.url, '/api/destinations', { cookie })).json()).toEqual({ destinations: [destination] });
  });

  test('what came of a test, also of a destination whose name is an address, and of delivering again', async () => {
    const name = 'webhook https://hooks.example/with/a/long/path (2)';
    const post = (path: string, body: unknown = {}) => ask(site.url, path, { method: 'POST', body, cookie });
    expect((await post(`/api/destinations/${encodeURIComponent(name)}/test`)).json()).toEqual(tested);
    expect(site.calls).toContainEqual({ name: 'test', arguments: [name] });
    const again = await post('/api/alerts/alert-1/redeliver', { destination: name });
    expect(again.json()).toEqual({ deliveries: 1, destinations: ['ops'] });
    expect(site.calls).toContainEqual({ name: 'redeliver', arguments: [{ alertId: 'alert-1', destination: name }] });
    await post('/api/alerts/alert-1/redeliver');
    expect(site.calls).toContainEqual({ name: 'redeliver', arguments: [{ alertId: 'alert-1' }] });
    expect((await post('/api/alerts/alert-1/redeliver', { to: name })).status).toBe(400);
  });

  test('pictures, as pictures', async () => {
    for (const path of ['/api/cameras/yard/still.jpg', '/api/sightings/sighting-1/still.jpg']) {
      const answer = await ask(site.url, path, { cookie });
      expect(answer.headers).toMatchObject({
        'content-type': 'image/jpeg',
        'content-length': String(stillBytes.length),
      });
    }
  });

  test('an address for playback of the camera’s stream, live or a range', async () => {
    const play = (body: unknown) => ask(site.url, '/api/cameras/yard/playback', { method: 'POST', body, cookie });
    expect((await play({ mode: 'LIVE' })).json()).toEqual({
      url: 'https://b-1.example/hls/v1/x.m3u8',
      expiresAtMs: atMs,
    });
    const range = { mode: 'ON_DEMAND', startMs: atMs - 1000, endMs: atMs };
    await play(range);
    expect(site.calls).toContainEqual({ name: 'playback', arguments: ['yard-stream', range] });
  });
});

describe('what cannot be answered is said in words', () => {
  test.each([
    ['a camera that is not there', '/api/cameras/gate/still.jpg', 404, 'camera-unknown'],
    ['footage of it', `/api/cameras/gate/footage?fromMs=1&toMs=2`, 404, 'camera-unknown'],
    ['a name that is a path', '/api/cameras/..%2f..%2fetc/still.jpg', 404, 'camera-unknown'],
    ['a sighting without a picture', '/api/sightings/none/still.jpg', 404, 'still-missing'],
    ['an alert that is not there', '/api/alerts/none', 404, 'alert-unknown'],
    ['a state that is none', '/api/alerts?state=lost', 400, 'request-invalid'],
    ['no range', '/api/cameras/yard/footage', 400, 'request-invalid'],
    ['a range backwards', '/api/cameras/yard/footage?fromMs=2&toMs=1', 400, 'request-invalid'],
    ['a range of years', '/api/cameras/yard/footage?fromMs=0&toMs=99999999999', 400, 'request-invalid'],
    ['a time that is none', '/api/cameras/yard/sightings?fromMs=now&toMs=2', 400, 'request-invalid'],
    ['too many at once', '/api/sightings?limit=100000', 400, 'request-invalid'],
    ['an address that is not there', '/api/cameras/yard', 404, 'address-unknown'],
  ])('%s', async (_situation, path, status, code) => {
    const answer = await ask(site.url, path, { cookie });
    expect(answer.status).toBe(status);
    expect(answer.json()).toMatchObject({ code, message: expect.stringMatching(/^[A-Z].*\.$/) });
  });

  test.each([
    ['no mode', {}],
    ['a range without an end', { mode: 'ON_DEMAND', startMs: 1 }],
    ['a range of two days', { mode: 'ON_DEMAND', startMs: 0, endMs: 172_800_000 }],
    ['something else', { mode: 'LIVE', stream: 'other' }],
  ])('a request for playback with %s', async (_situation, body) => {
    const answer = await ask(site.url, '/api/cameras/yard/playback', { method: 'POST', body, cookie });
    expect(answer.status).toBe(400);
  });

  test.each([
    ['footage-missing', 404],
    ['service-stream-missing', 404],
    ['service-unreachable', 502],
    ['service-denied', 502],
  ] as const)('an error %s of the service, with the status %s and its code', async (code, status) => {
    const error = new AgentError({ code, kind: 'unavailable', retry: 'later', message: 'What to do.' });
    await using other = await serveConsole({ playback: { open: () => Promise.reject(error) } });
    const answer = await ask(other.url, '/api/cameras/yard/playback', {
      method: 'POST',
      body: { mode: 'LIVE' },
      cookie: await signIn(other.url, other.password),
    });
    expect(answer.status).toBe(status);
    expect(answer.json()).toEqual({ code, message: 'What to do.' });
    expect(other.unexpected).toEqual([]);
  });

  test('a failure nobody foresaw, without its details, which go to the log', async () => {
    const failure = new Error('c4nary at /srv/data');
    await using other = await serveConsole({ stills: { latestStill: () => Promise.reject(failure) } });
    const own = await signIn(other.url, other.password);
    const answer = await ask(other.url, '/api/cameras/yard/still.jpg', { cookie: own });
    expect(answer.status).toBe(500);
    expect(answer.json()).toMatchObject({ code: 'bug' });
    expect(answer.text).not.toContain('c4nary');
    expect(other.unexpected).toEqual([failure]);
  });
});

describe('the built console', () => {
  test.each(['/', '/camera/yard?t=2026-11-23T07:41:12Z', '/review', '/health'])(
    'answers %s with its page, never from an old copy',
    async path => {
      const answer = await ask(site.url, path);
      expect(answer.status).toBe(200);
      expect(answer.text).toBe('<title>console</title>');
      expect(answer.headers).toMatchObject({ 'cache-control': 'no-cache', 'content-type': 'text/html; charset=utf-8' });
    },
  );

  test('lets browsers keep files with a hash in their name', async () => {
    const answer = await ask(site.url, '/assets/app-abc123.js');
    expect(answer.headers).toMatchObject({
      'cache-control': 'public, max-age=31536000, immutable',
      'content-type': expect.stringMatching(/javascript/),
    });
  });

  test('does not answer for a missing script with a page', async () => {
    expect((await ask(site.url, '/assets/app-old.js')).status).toBe(404);
    expect((await ask(site.url, '/', { method: 'POST', body: {} })).status).toBe(404);
  });

  test.each([
    '/../outside.txt',
    '/%2e%2e/outside.txt',
    '/..%2foutside.txt',
    '/assets/../../outside.txt',
    '/assets/..%5c..%5coutside.txt',
    '/.env',
    '/%00',
    '//etc/passwd',
  ])('gives nothing from outside its folder: %s', async path => {
    const answer = await ask(site.url, path);
    expect(answer.text).not.toMatch(/c4nary|root:/);
    expect(answer.status).toBeLessThan(500);
    expect(site.unexpected).toEqual([]);
  });

  test('that was never built is a page that says so', async () => {
    await using other = await serveConsole();
    const answer = await ask(other.url, '/');
    expect(answer.status).toBe(503);
    expect(answer.text).toContain('npm run build');
  });
});

describe('an address that cannot be listened on', () => {
  test('because it is taken is named, with what to do', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await new Promise(resolve => taken.once('listening', resolve));
    const address = taken.address();
    const port = typeof address === 'object' && address ? address.port : 0;
    await expect(serveConsole({ listen: `127.0.0.1:${port}` })).rejects.toMatchObject({
      code: 'port-in-use',
      message: `The console cannot listen on 127.0.0.1:${port}: another program uses port ${port}. Stop that program, or set web.listen to another port in the settings.`,
    });
    taken.close();
  });

  test('because it is another machine’s is named', async () => {
    await expect(serveConsole({ listen: '192.0.2.1:8080' })).rejects.toMatchObject({
      code: 'settings-invalid',
      message: expect.stringContaining('this machine has no such address'),
    });
  });
});
