// The console's API of rules, over a real memory on disk.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { RuleMemoryStore } from '../../agent/alerts/rule-memory/rule-memory.ts';
import { RuleAnswers } from '../../agent/rule-answers.ts';
import { settingsSchema } from '../../shared/settings.ts';
import { seen, standingAt } from '../rules/scene.ts';
import { SimulatedClock } from '../simulated-clock.ts';
import { type Asked, ask, atMs, serveConsole, signIn } from './served-console.ts';

const dataDir = mkdtempSync(join(tmpdir(), 'rules-api-'));
const clock = new SimulatedClock(atMs);
const memory = new RuleMemoryStore({ dataDir, clock });
const written = settingsSchema.parse({
  timeZone: 'UTC',
  cameras: [
    {
      ...{ id: 'front-door', url: 'rtsp://10.0.0.20/' },
      zones: [
        {
          name: 'door',
          polygon: [
            [0, 0],
            [0.5, 0],
            [0.5, 1],
            [0, 1],
          ],
        },
      ],
    },
  ],
  // biome-ignore lint/suspicious/noThenProperty: the settings' own word
  rules: [{ id: 'door', when: { labels: ['Person'], zones: ['door'] }, then: [{ to: 'ops' }] }],
  destinations: [{ id: 'ops', webhook: { url: 'https://example.com/canary', secret: { env: 'X' } } }],
});
const settings = {
  ...written,
  cameras: written.cameras.map(camera => ({ ...camera, stream: camera.id })),
  spool: { ...written.spool, dir: dataDir },
};
const rules = new RuleAnswers({
  ...{ settings, ruleMemory: memory, clock: clock as never, deliveries: { of: () => ['ops'] } },
  rules: { lastSentMs: () => atMs - 5000, isActive: () => true } as never,
});

let site: Awaited<ReturnType<typeof serveConsole>>;
let cookie: string;
beforeAll(async () => {
  site = await serveConsole({ rules });
  cookie = await signIn(site.url, site.password);
  for (let second = 0; second < 5; second++) {
    const at = atMs - 60_000 + second * 1000;
    const things = [seen({ id: 'a', box: standingAt(0.2, 0.5) }, at), seen({ id: 'b', box: standingAt(0.8, 0.5) }, at)];
    memory.frames.add({ cameraId: 'front-door', atMs: at, seen: things });
  }
  const told = { ruleId: 'door', cameraId: 'front-door', label: 'Person' };
  memory.whys.note({ ...told, sightingId: 'a', outcome: 'fired', atMs: atMs - 60_000 });
  memory.whys.note({ ...told, sightingId: 'a', outcome: 'already', atMs: atMs - 59_000 });
});
afterAll(async () => {
  await site[Symbol.asyncDispose]();
  memory[Symbol.dispose]();
  rmSync(dataDir, { recursive: true, force: true });
});

const asked = (path: string, request: Asked = {}) => ask(site.url, `/api${path}`, { cookie, ...request });
const post = (path: string, body: unknown) => asked(path, { method: 'POST', body });

test('rules as they are, without the addresses of their webhooks', async () => {
  const { status, text, json } = await asked('/rules');
  expect(status).toBe(200);
  expect(json()).toMatchObject({
    rules: [{ id: 'door', destinations: ['ops'], activeCameras: ['front-door'], lastFiredMs: atMs - 5000 }],
  });
  expect(text).not.toContain('canary');
  expect((await ask(site.url, '/api/rules')).status).toBe(401);
});

test('why a sighting raised an alert or not', async () => {
  expect((await asked('/sightings/a/why')).json()).toEqual({
    ...{ sightingId: 'a', cameraId: 'front-door', label: 'Person' },
    rules: [
      {
        ...{ ruleId: 'door', outcome: 'fired' },
        told: [
          { outcome: 'fired', firstMs: atMs - 60_000, lastMs: atMs - 60_000, frames: 1 },
          { outcome: 'already', firstMs: atMs - 59_000, lastMs: atMs - 59_000, frames: 1 },
        ],
      },
    ],
  });
  expect((await asked('/sightings/b/why')).json()).toMatchObject({ rules: [{ ruleId: 'door', told: [] }] });
  const unknown = await asked('/sightings/nobody/why');
  expect([unknown.status, unknown.json()]).toEqual([404, expect.objectContaining({ code: 'sighting-unknown' })]);
});

test('snoozes begin, are listed and end', async () => {
  const begun = await post('/snooze', { ruleId: 'door', minutes: 15 });
  expect([begun.status, begun.json()]).toEqual([200, { snoozes: [{ ruleId: 'door', untilMs: atMs + 900_000 }] }]);
  expect((await post('/snooze', { cameraId: 'front-door', minutes: 60 })).json()).toMatchObject({ snoozes: [{}, {}] });
  expect((await asked('/rules')).json()).toMatchObject({ rules: [{ snoozedUntilMs: atMs + 900_000 }] });
  expect((await post('/snooze', { ruleId: 'door', minutes: 0 })).json()).toMatchObject({
    snoozes: [{ cameraId: 'front-door' }],
  });
  expect((await post('/snooze', { minutes: 0 })).json()).toEqual({ snoozes: [] });
  expect((await asked('/snoozes')).json()).toEqual({ snoozes: [] });
});

test.each([
  [{ ruleId: 'nothing', minutes: 15 }, 404],
  [{ cameraId: 'nothing', minutes: 15 }, 404],
  [{ ruleId: 'door', minutes: -1 }, 400],
  [{ ruleId: 'door', minutes: 1e9 }, 400],
  [{ ruleId: 'door' }, 400],
])('a snooze that is not right is refused: %j', async (body, status) => {
  expect((await post('/snooze', body)).status).toBe(status);
});

test('a rule is tried over what was seen, saved or not', async () => {
  const saved = await post('/rules/replay', { ruleId: 'door', hours: 1 });
  expect(saved.json()).toMatchObject({
    ruleId: 'door',
    fired: 1,
    silent: { zone: 1 },
    fromMs: atMs - 60_000,
    toMs: atMs,
  });
  const draft = await post('/rules/replay', { rule: { when: { labels: ['person'], minSeconds: 4 } }, hours: 24 });
  expect(draft.json()).toMatchObject({
    ...{ fired: 1, frames: 5, sightings: 2, silent: {} },
    firings: [{ atMs: atMs - 56_000, why: '2 × Person up to 94 % for 4 s.', sightingIds: ['a', 'b'] }],
  });
});

test('a rule that is not right is refused with its fields', async () => {
  const refused = await post('/rules/replay', { rule: { when: { labels: ['Dog'], zones: ['gate'] } }, hours: 24 });
  expect([refused.status, refused.json()]).toEqual([
    422,
    expect.objectContaining({ code: 'settings-invalid', fields: [expect.objectContaining({ path: 'when.zones[0]' })] }),
  ]);
  expect((await post('/rules/replay', { hours: 24 })).status).toBe(400);
  expect((await post('/rules/replay', { ruleId: 'nothing', hours: 24 })).status).toBe(404);
});

test('one replay at a time', async () => {
  const both = await Promise.all([
    rules.replay({ ruleId: 'door', hours: 1 }, new AbortController().signal),
    rules.replay({ ruleId: 'door', hours: 1 }, new AbortController().signal).catch(error => error.code),
  ]);
  // Few frames are done in one turn: the second is only refused when there are many.
  expect(both[0]).toMatchObject({ fired: 1 });
  for (let index = 0; index < 1200; index++) {
    const at = atMs - 50_000 + index;
    memory.frames.add({ cameraId: 'front-door', atMs: at, seen: [seen({ id: 'c', box: standingAt(0.2, 0.5) }, at)] });
  }
  const [first, second] = await Promise.allSettled([
    rules.replay({ ruleId: 'door', hours: 1 }, new AbortController().signal),
    rules.replay({ ruleId: 'door', hours: 1 }, new AbortController().signal),
  ]);
  expect(first).toMatchObject({ status: 'fulfilled', value: { frames: 1205 } });
  expect(second).toMatchObject({ status: 'rejected', reason: { code: 'replay-running' } });
  await expect(rules.replay({ ruleId: 'door', hours: 1 }, AbortSignal.abort())).rejects.toThrow();
  expect(await rules.replay({ ruleId: 'door', hours: 1 }, new AbortController().signal)).toMatchObject({ fired: 1 });
});
