// POST /api/discovery: who may search what, how it is told, and that one search runs at a time and ends with its browser.
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { systemClock } from '../../agent/clock.ts';
import { searchForConsole } from '../../agent/discovery/console-search.ts';
import type { DiscoveryEvent } from '../../shared/discovery.ts';
import { startCamera } from '../pretend-camera/running-camera.ts';
import { ask, open, serveConsole, signIn } from './served-console.ts';

/** Of its own, so that cameras of other tests do not answer. */
const host = '127.0.0.31';
const cameras = [{ id: 'yard', url: `rtsp://${host}/stream1` }];
const found: DiscoveryEvent = { type: 'found', camera: { id: 'urn:1', address: '10.0.0.20', how: 'ws-discovery' } };

let site: Awaited<ReturnType<typeof serveConsole>>;
let cookie: string;
afterEach(() => site[Symbol.asyncDispose]());

const post = (body: unknown) => ask(site.url, '/api/discovery', { method: 'POST', body, cookie });
const eventsOf = (lines: string): DiscoveryEvent[] =>
  lines
    .split('\n')
    .filter(line => line !== '')
    .map(line => JSON.parse(line));

describe('a real search', () => {
  beforeEach(async () => {
    site = await serveConsole({
      finder: { search: (asked, signal) => searchForConsole(asked, { cameras, clock: systemClock, signal }) },
    });
    cookie = await signIn(site.url, site.password);
  });

  test('needs a session', async () => {
    expect((await ask(site.url, '/api/discovery', { method: 'POST', body: {} })).status).toBe(401);
  });

  test.each([
    [{ host: '8.8.8.8' }, 422, 'scan-refused'],
    [{ host: '::ffff:8.8.8.8' }, 422, 'scan-refused'],
    [{ host: '169.254.169.254' }, 422, 'scan-refused'],
    [{ host: 'camera.invalid' }, 422, 'camera-host-unknown'],
    [{ host: 'http://10.0.0.1/' }, 400, 'request-invalid'],
    [{ scan: '192.168.1.0/24' }, 422, 'scan-refused'],
    [{ scan: '192.168.0.0/16', consent: true }, 422, 'scan-refused'],
    [{ scan: '8.8.8.0/24', consent: true }, 422, 'scan-refused'],
    [{ scan: '127.0.0.0/24', consent: true }, 422, 'scan-refused'],
    [{ host: '10.0.0.1', scan: '10.0.0.0/24' }, 400, 'request-invalid'],
  ])('%o is refused with %i %s before anything is sent', async (body, status, code) => {
    const answer = await post(body);
    expect(answer.status).toBe(status);
    expect(answer.json()).toMatchObject({ code });
    expect(site.unexpected).toEqual([]);
  });

  test('of one host tells its camera, that it is already there, and the end', async () => {
    await using _camera = await startCamera(['--onvif', '0', '--discovery', host, '--listen', host]);
    const answer = await post({ host });
    expect(answer.headers['content-type']).toContain('application/x-ndjson');
    const events = eventsOf(answer.text);
    expect(events.at(-1)).toMatchObject({ type: 'done' });
    expect(events[0]).toMatchObject({ type: 'found', camera: { address: host, alreadyAdded: 'yard' } });
  });
});

describe('one search at a time', () => {
  let ended: string[];
  beforeEach(async () => {
    ended = [];
    site = await serveConsole({ finder: { search: searchUntilLeft } });
    cookie = await signIn(site.url, site.password);
  });

  async function* searchUntilLeft(_asked: unknown, signal: AbortSignal): AsyncGenerator<DiscoveryEvent, void> {
    try {
      yield found;
      await new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
    } finally {
      ended.push('search');
    }
  }

  test('what is found is told while the search goes on; a second one is refused until the browser leaves', async () => {
    const first = await open(site.url, '/api/discovery', { method: 'POST', body: {}, cookie });
    const [line] = await once(first, 'data');
    expect(eventsOf(String(line))).toEqual([found]);
    expect((await post({})).json()).toMatchObject({ code: 'search-running' });
    first.destroy();
    await expect.poll(() => ended).toEqual(['search']);
    const second = await open(site.url, '/api/discovery', { method: 'POST', body: {}, cookie });
    expect(second.statusCode).toBe(200);
    second.destroy();
    await expect.poll(() => ended).toEqual(['search', 'search']);
    expect(site.unexpected).toEqual([]);
  });
});

test('a search that breaks off ends without its last event, and the agent’s log says why', async () => {
  const search = async function* (): AsyncGenerator<DiscoveryEvent, void> {
    yield found;
    throw new Error('socket');
  };
  site = await serveConsole({ finder: { search } });
  cookie = await signIn(site.url, site.password);
  const response = await open(site.url, '/api/discovery', { method: 'POST', body: {}, cookie });
  expect(eventsOf(await text(response))).toEqual([found]);
  expect(site.unexpected).toHaveLength(1);
});
