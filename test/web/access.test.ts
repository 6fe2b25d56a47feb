// Who gets in: signing in, sessions, foreign pages, and what no answer ever holds.
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Secret } from '../../agent/secret.ts';
import { openAuth, setPassword } from '../../agent/web/auth.ts';
import { SimulatedClock } from '../simulated-clock.ts';
import { ask, atMs, serveConsole, signIn } from './served-console.ts';

let site: Awaited<ReturnType<typeof serveConsole>>;
let cookie: string;
let password: string;
let dataDir: string;
beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'kvs-edge-access-'));
  const { auth, created } = await openAuth({ dataDir, clock: new SimulatedClock(atMs) });
  password = created?.reveal() ?? '';
  site = await serveConsole({ auth });
  cookie = await signIn(site.url, password);
});
afterAll(async () => {
  await site[Symbol.asyncDispose]();
  await rm(dataDir, { recursive: true, force: true });
});

const range = `fromMs=${atMs - 1000}&toMs=${atMs}`;
const routes: [method: string, path: string, body?: unknown][] = [
  ['GET', '/api/session'],
  ['GET', '/api/cameras'],
  ['GET', '/api/cameras/yard/still.jpg'],
  ['GET', `/api/cameras/yard/footage?${range}`],
  ['GET', `/api/cameras/yard/sightings?${range}`],
  ['POST', '/api/cameras/yard/playback', { mode: 'LIVE' }],
  ['GET', '/api/hls/getHLSMasterPlaylist.m3u8?SessionToken=x'],
  ['GET', '/api/sightings'],
  ['GET', '/api/sightings/sighting-1/still.jpg'],
  ['GET', '/api/alerts'],
  ['GET', '/api/events'],
  ['DELETE', '/api/session'],
  ['GET', '/api/no-such-thing'],
  ['GET', '/api/'],
];

describe('without a session', () => {
  test.each(routes)('%s %s is answered with 401 and nothing else', async (method, path, body) => {
    for (const wrong of [undefined, 'kvs_edge_session=', 'kvs_edge_session=AAAA']) {
      const answer = await ask(site.url, path, { method, body, ...(wrong === undefined ? {} : { cookie: wrong }) });
      expect(answer.status).toBe(401);
      expect(answer.json()).toEqual({ code: 'sign-in-required', message: 'Sign in first.' });
    }
  });

  test.each([
    ['a doubled slash', '//api/cameras'],
    ['an encoded letter', '/%61pi/cameras'],
    ['capitals', '/API/cameras'],
    ['a dot segment', '/x/../api/cameras'],
    ['a trailing slash', '/api/cameras/'],
  ])('no spelling of the address gets around it: %s', async (_spelling, path) => {
    const answer = await ask(site.url, path);
    expect(answer.text).not.toContain('yard');
  });
});

describe('signing in', () => {
  test('sets a cookie that scripts and other sites cannot use', async () => {
    const { headers } = await ask(site.url, '/api/session', { method: 'POST', body: { password: password } });
    const [value = ''] = headers['set-cookie'] ?? [];
    expect(value).toMatch(/^kvs_edge_session=[A-Za-z0-9_-]{43}; Max-Age=2592000; Path=\/; HttpOnly; SameSite=Strict$/);
  });

  test('opens every route', async () => {
    for (const path of ['/api/session', '/api/cameras', '/api/alerts'])
      expect((await ask(site.url, path, { cookie })).status).toBeLessThan(300);
  });

  test('with a wrong password is 401, and the password given is not repeated', async () => {
    const answer = await ask(site.url, '/api/session', { method: 'POST', body: { password: 'c4nary-guess' } });
    expect(answer.status).toBe(401);
    expect(answer.json()).toMatchObject({ code: 'password-wrong' });
    expect(answer.headers['set-cookie']).toBeUndefined();
    expect(answer.text).not.toContain('c4nary');
  });

  test.each([
    ['no JSON', '{', 400],
    ['no password', {}, 400],
    ['a number', { password: 3 }, 400],
    ['a list', [], 400],
    ['a very long password', { password: 'x'.repeat(2000) }, 400],
    ['a body without end', { password: 'x'.repeat(20_000) }, 413],
  ])('with %s is refused in words', async (_situation, body, status) => {
    const answer = await ask(site.url, '/api/session', { method: 'POST', body });
    expect(answer.status).toBe(status);
    expect(answer.json()).toMatchObject({ code: 'request-invalid' });
    expect(site.unexpected).toEqual([]);
  });

  test('is refused as plain text or as a form, which other sites can send without asking', async () => {
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data']) {
      const answer = await ask(site.url, '/api/session', {
        method: 'POST',
        body: JSON.stringify({ password: password }),
        headers: { 'content-type': type },
      });
      expect(answer.status).toBe(415);
    }
  });

  test('is refused after ten attempts in a minute, also with the right password then, and says how long', async () => {
    await using other = await serveConsole();
    const attempt = (guess: string) => ask(other.url, '/api/session', { method: 'POST', body: { password: guess } });
    for (let attempts = 0; attempts < 10; attempts++) expect((await attempt('wrong')).status).toBe(401);
    const refused = await attempt(other.password);
    expect(refused.status).toBe(429);
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0);
    expect(refused.json()).toMatchObject({ code: 'too-many-attempts' });
  });

  test('ends with signing out: the cookie opens nothing any more', async () => {
    const own = await signIn(site.url, password);
    expect((await ask(site.url, '/api/session', { method: 'DELETE', cookie: own })).status).toBe(204);
    expect((await ask(site.url, '/api/cameras', { cookie: own })).status).toBe(401);
    expect((await ask(site.url, '/api/cameras', { cookie })).status).toBe(200);
  });
});

describe('another web page in the same browser', () => {
  const change = { method: 'POST', body: { mode: 'LIVE' } };

  test.each([
    ['another origin', { origin: 'https://evil.example' }],
    ['another port of this machine', { origin: 'http://127.0.0.1:1' }],
    ['a sandboxed frame', { origin: 'null' }],
    ['another site', { 'sec-fetch-site': 'cross-site' }],
    ['another origin of the site', { 'sec-fetch-site': 'same-site' }],
  ])('changes nothing: %s', async (_from, headers: Record<string, string>) => {
    const before = site.calls.length;
    const answer = await ask(site.url, '/api/cameras/yard/playback', { ...change, cookie, headers });
    expect(answer.status).toBe(403);
    expect(answer.json()).toMatchObject({ code: 'origin-refused' });
    expect(site.calls.length).toBe(before);
  });

  test('and the console itself is let through', async () => {
    const headers = { origin: site.url, 'sec-fetch-site': 'same-origin' };
    expect((await ask(site.url, '/api/cameras/yard/playback', { ...change, cookie, headers })).status).toBe(200);
  });

  test.each(['evil.example', 'evil.example:80', '127.0.0.1.evil.example', '10.0.0.5'])(
    'cannot reach a console on loopback under the name "%s"',
    async host => {
      const answer = await ask(site.url, '/api/cameras', { cookie, headers: { host } });
      expect(answer.status).toBe(403);
      expect(answer.text).not.toContain('yard');
    },
  );

  test.each(['localhost', 'localhost:8080', '127.0.0.1', '[::1]:8080'])('while %s reaches it', async host => {
    expect((await ask(site.url, '/api/cameras', { cookie, headers: { host } })).status).toBe(200);
  });
});

test('every answer forbids scripts from elsewhere, framing, sniffing and referrers', async () => {
  for (const path of ['/', '/camera/yard', '/api/cameras', '/api/none']) {
    const { headers } = await ask(site.url, path);
    expect(headers['content-security-policy']).toBe(
      "default-src 'self'; connect-src 'self' https://*.kinesisvideo.us-west-2.amazonaws.com; " +
        "media-src 'self' blob: https://*.kinesisvideo.us-west-2.amazonaws.com; img-src 'self' blob: data:; " +
        "worker-src 'self' blob:; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
    );
    expect(headers).toMatchObject({ 'x-content-type-options': 'nosniff', 'referrer-policy': 'no-referrer' });
    expect(headers).not.toHaveProperty('access-control-allow-origin');
  }
});

describe('what is kept on disk', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'kvs-edge-auth-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));
  const openIn = (name: string, clock = new SimulatedClock(atMs)) => openAuth({ dataDir: join(folder, name), clock });

  test('is neither the password nor a session, and only the agent may read it', async () => {
    const { auth, created } = await openIn('first');
    const token = (await auth.signIn(created?.reveal() ?? '')) ?? '';
    expect(created?.reveal()).toMatch(/^([a-hjkmnp-z2-9]{4}-){3}[a-hjkmnp-z2-9]{4}$/);
    for (const file of ['console-password.json', 'console-sessions.json']) {
      const path = join(folder, 'first', file);
      const content = await readFile(path, 'utf8');
      expect(content).not.toContain(created?.reveal());
      expect(content).not.toContain(token);
      expect((await stat(path)).mode & 0o777).toBe(0o600);
    }
  });

  test('keeps the password and the sessions over a restart', async () => {
    const first = await openIn('restart');
    const made = first.created?.reveal() ?? '';
    const token = (await first.auth.signIn(made)) ?? '';
    const second = await openIn('restart');
    expect(second.created).toBeUndefined();
    expect(second.auth.isSignedIn(token)).toBe(true);
    expect(await second.auth.signIn(`${made} `)).toBeUndefined();
    expect(await second.auth.signIn(made)).toMatch(/^.{43}$/);
  });

  test('a new password ends every session at the next start; the same one again ends none', async () => {
    const { auth, created } = await openIn('changed');
    const token = (await auth.signIn(created?.reveal() ?? '')) ?? '';
    await setPassword(join(folder, 'changed'), new Secret('correct horse battery'));
    const restarted = await openIn('changed');
    expect(restarted.auth.isSignedIn(token)).toBe(false);
    expect(await restarted.auth.signIn(created?.reveal() ?? '')).toBeUndefined();
    const kept = (await restarted.auth.signIn('correct horse battery')) ?? '';
    await setPassword(join(folder, 'changed'), new Secret('correct horse battery'));
    expect((await openIn('changed')).auth.isSignedIn(kept)).toBe(true);
    await expect(setPassword(join(folder, 'changed'), new Secret('short'))).rejects.toMatchObject({
      code: 'settings-invalid',
    });
  });

  test('a session ends 30 days after it was last used', async () => {
    const clock = new SimulatedClock(atMs);
    const { auth, created } = await openIn('idle', clock);
    const token = (await auth.signIn(created?.reveal() ?? '')) ?? '';
    const day = 86_400_000;
    clock.setWall(atMs + 29 * day);
    expect(auth.isSignedIn(token)).toBe(true);
    clock.setWall(atMs + 58 * day);
    expect(auth.isSignedIn(token)).toBe(true);
    clock.setWall(atMs + 89 * day);
    expect(auth.isSignedIn(token)).toBe(false);
  });

  test('a damaged password file stops the start in words; damaged sessions only mean signing in again', async () => {
    const { created } = await openIn('damaged');
    await writeFile(join(folder, 'damaged', 'console-sessions.json'), '{"passwordId":');
    expect(await (await openIn('damaged')).auth.signIn(created?.reveal() ?? '')).toMatch(/^.{43}$/);
    await writeFile(join(folder, 'damaged', 'console-password.json'), '');
    await expect(openIn('damaged')).rejects.toMatchObject({
      code: 'disk-failed',
      message: expect.stringMatching(/console-password\.json is damaged\. Delete the file and start again/),
    });
    await setPassword(join(folder, 'damaged'), new Secret('correct horse battery'));
    expect(await (await openIn('damaged')).auth.signIn('correct horse battery')).toMatch(/^.{43}$/);
  });

  test('a data folder that cannot be written is a sentence', async () => {
    await writeFile(join(folder, 'a-file'), '');
    await expect(openIn('a-file')).rejects.toMatchObject({
      code: 'disk-failed',
      message: /cannot be used \(ENOTDIR\)/,
    });
  });
});
