// Cameras changed through the console's API: what each route answers, in words and status.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ask, serveConsole, signIn } from './served-console.ts';

let site: Awaited<ReturnType<typeof serveConsole>>;
let cookie: string;
beforeEach(async () => {
  site = await serveConsole();
  cookie = await signIn(site.url, site.password);
});
afterEach(() => site[Symbol.asyncDispose]());

const post = (path: string, body: unknown) => ask(site.url, path, { method: 'POST', body, cookie });
const patch = (path: string, body: unknown) => ask(site.url, path, { method: 'PATCH', body, cookie });
const remove = (path: string) => ask(site.url, path, { method: 'DELETE', cookie });

const shed = { id: 'shed', url: 'rtsp://10.0.0.22/1', username: 'admin', password: 'c4nary' };
const shown = {
  ...{ id: 'shed', url: 'rtsp://10.0.0.22/1', username: 'admin', hasPassword: true, stream: 'shed' },
  ...{
    transport: 'auto',
    reader: 'auto',
    video: 'copy',
    audio: 'aac',
    retentionHours: 24,
    localRetentionHours: 0,
    groups: [],
    lines: [],
    zones: [],
    tags: {},
  },
};

test('a camera is added, shown with every default and without its password, changed, and removed', async () => {
  const added = await post('/api/cameras', shed);
  expect(added.status).toBe(201);
  expect(added.json()).toEqual({ camera: shown, needRestart: [] });
  expect((await ask(site.url, '/api/cameras/shed/settings', { cookie })).json()).toEqual(shown);

  const changed = await patch('/api/cameras/shed', { labels: { everySeconds: 5 }, username: 'viewer' });
  expect(changed.status).toBe(200);
  expect(changed.json()).toMatchObject({
    camera: { username: 'viewer', hasPassword: true, labels: { everySeconds: 5 } },
  });
  const cleared = await patch('/api/cameras/shed', { labels: null, username: null });
  expect(cleared.json()).toMatchObject({ camera: { hasPassword: false } });
  expect(cleared.text).not.toMatch(/labels|username/);

  const removed = await remove('/api/cameras/shed');
  expect(removed.json()).toEqual({ changedRules: [], removedRules: [], needRestart: [] });
  expect((await ask(site.url, '/api/cameras/shed/settings', { cookie })).status).toBe(404);
  expect(await readFile(join(site.folder, 'kvs-edge.yaml'), 'utf8')).not.toContain('c4nary');
});

describe('what cannot be done is said in words, with the fields that are wrong', () => {
  test.each([
    ['a camera that is there', () => post('/api/cameras', { ...shed, id: 'yard' }), 409, 'camera-exists', undefined],
    ['one that is not', () => patch('/api/cameras/gate', { audio: 'off' }), 404, 'camera-unknown', undefined],
    ['removing it', () => remove('/api/cameras/gate?force'), 404, 'camera-unknown', undefined],
    [
      'a wrong setting',
      () => post('/api/cameras', { ...shed, retentionHours: 'long' }),
      422,
      'settings-invalid',
      ['retentionHours'],
    ],
    ['no address', () => post('/api/cameras', { id: 'a' }), 422, 'settings-invalid', ['url']],
    [
      'a place of a password',
      () => post('/api/cameras', { ...shed, password: { file: '/etc/shadow' } }),
      400,
      'request-invalid',
      undefined,
    ],
    [
      'the same in a change',
      () => patch('/api/cameras/yard', { password: { env: 'AWS_SECRET_ACCESS_KEY' } }),
      400,
      'request-invalid',
      undefined,
    ],
    [
      'a password of two lines',
      () => post('/api/cameras', { ...shed, password: 'a\nb' }),
      400,
      'request-invalid',
      undefined,
    ],
    ['nothing', () => post('/api/cameras', []), 400, 'request-invalid', undefined],
    ['a list that is none', () => post('/api/cameras/import', { csv: 'gate' }), 422, 'settings-invalid', undefined],
    [
      'a list without end',
      () => post('/api/cameras/import', { csv: 'a'.repeat(1_400_000) }),
      413,
      'request-invalid',
      undefined,
    ],
    [
      'an id that is a path',
      () => post('/api/cameras', { ...shed, id: '../../etc/passwd' }),
      422,
      'settings-invalid',
      ['id'],
    ],
  ])('%s', async (_situation, change, status, code, fields) => {
    const answer = await change();
    expect(answer.json()).toMatchObject({ code, message: expect.stringMatching(/^[A-Z].*\.$/) });
    expect(answer.status).toBe(status);
    const told = answer.json() as { fields?: { path: string }[] };
    expect(told.fields?.map(({ path }) => path)).toEqual(fields);
    expect(answer.text).not.toContain('c4nary');
    expect(await readFile(join(site.folder, 'kvs-edge.yaml'), 'utf8')).not.toContain('shed');
  });

  test('and nothing of it without signing in', async () => {
    for (const [method, path] of [
      ['POST', '/api/cameras'],
      ['PATCH', '/api/cameras/yard'],
      ['DELETE', '/api/cameras/yard'],
      ['GET', '/api/cameras/yard/settings'],
      ['POST', '/api/cameras/import'],
      ['GET', '/api/cameras/export.csv'],
    ] as const) {
      const body = method === 'POST' || method === 'PATCH' ? shed : undefined;
      expect((await ask(site.url, path, { method, body })).status, `${method} ${path}`).toBe(401);
    }
  });
});

test('a list comes in row by row, and goes out as a file without passwords', async () => {
  const csv = 'id;url;username;password\r\nshed;rtsp://10.0.0.22/1;admin;c4nary\r\nyard;rtsp://10.0.0.23/1;;\r\n';
  const trial = await post('/api/cameras/import', { csv, dryRun: true });
  expect(trial.json()).toMatchObject({
    added: 0,
    rows: [
      { row: 2, id: 'shed', outcome: 'good' },
      { row: 3, id: 'yard', outcome: 'refused', problem: { code: 'camera-exists' } },
    ],
  });
  const imported = await post('/api/cameras/import', { csv, skipBad: true });
  expect(imported.json()).toMatchObject({ added: 1, rows: [{ outcome: 'added' }, { outcome: 'refused' }] });
  const exported = await ask(site.url, '/api/cameras/export.csv', { cookie });
  expect(exported.headers).toMatchObject({
    'content-type': 'text/csv; charset=utf-8',
    'content-disposition': 'attachment; filename="cameras.csv"',
  });
  expect(exported.text).toContain('shed,rtsp://10.0.0.22/1,admin,,,,');
  expect(trial.text + imported.text + exported.text).not.toMatch(/c4nary|secrets/);
});
