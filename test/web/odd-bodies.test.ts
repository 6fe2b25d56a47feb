// Every body, query and list of cameras that the console's API takes, with members that are not what they should be: refused
// in words, and never by a failure of the agent.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readRuleDraft } from '../../agent/settings/rule-draft.ts';
import { altered, oddities, oddLengths, seeded } from '../odd-json.ts';
import { alert, ask, atMs, serveConsole, signIn } from './served-console.ts';

const answered = { snoozes: [] };
let site: Awaited<ReturnType<typeof serveConsole>>;
let cookie: string;
beforeAll(async () => {
  site = await serveConsole({
    checker: { check: async () => ({ refused: 'address' }) },
    rules: {
      rules: () => ({ rules: [], nowMs: atMs }) as never,
      why: () => ({}) as never,
      snoozes: () => answered,
      snooze: () => answered,
      replay: async ({ rule }) => readRuleDraft(rule, { cameras: [], destinations: [] }) as never,
    },
  });
  cookie = await signIn(site.url, site.password);
});
afterAll(() => site[Symbol.asyncDispose]());

const camera = {
  ...{ url: 'rtsp://10.0.0.22/1', username: 'admin', password: 'c4nary', stream: 'shed', transport: 'tcp' },
  ...{ retentionHours: 24, groups: ['yard'], labels: { provider: 'onnx', model: 'm', everySeconds: 5 } },
  zones: [
    {
      name: 'lawn',
      points: [
        { x: 0, y: 0 },
        { x: 1, y: 0 },
        { x: 1, y: 1 },
      ],
    },
  ],
  lines: [{ name: 'gate', from: { x: 0, y: 0 }, to: { x: 1, y: 1 } }],
  tags: { site: 'north' },
};
const rule = {
  id: 'person',
  when: { cameras: ['yard'], labels: ['Person'], minConfidence: 80, hours: { from: '22:00', to: '06:00' } },
  // biome-ignore lint/suspicious/noThenProperty: the setting's name; the value is never awaited
  then: [{ webhook: { url: 'https://example.com/', secret: { env: 'HOOK' } } }],
};

const bodies: [method: string, path: string, body: object][] = [
  ['POST', '/api/cameras', { id: 'shed', ...camera }],
  ['PATCH', '/api/cameras/yard', camera],
  ['POST', '/api/cameras/import', { csv: 'id,url\nshed,rtsp://10.0.0.22/1\n', dryRun: true, skipBad: true }],
  ['POST', '/api/camera-check', { host: '10.0.0.22', username: 'admin', password: 'c4nary', cameraId: 'yard' }],
  ['POST', '/api/camera-check', { url: 'rtsp://10.0.0.22/1', tlsFingerprint: 'AB:CD', cost: true }],
  ['POST', '/api/discovery', { host: '10.0.0.22', consent: true }],
  ['POST', '/api/discovery', { scan: '10.0.0.0/24', consent: true }],
  ['POST', '/api/cameras/yard/playback', { mode: 'LIVE' }],
  ['POST', '/api/cameras/yard/playback', { mode: 'ON_DEMAND', startMs: atMs - 60_000, endMs: atMs }],
  ['POST', `/api/alerts/${alert.id}/redeliver`, { destination: 'ops' }],
  ['POST', '/api/rules/replay', { ruleId: 'person', hours: 24 }],
  ['POST', '/api/rules/replay', { rule, hours: 24 }],
  ['POST', '/api/snooze', { ruleId: 'person', cameraId: 'yard', minutes: 60 }],
];

/** Sends it and says what came of it, when that is a failure. */
async function failure(method: string, path: string, body: unknown): Promise<string | undefined> {
  const answer = await ask(site.url, path, { method, body, cookie });
  if (answer.status < 500) return undefined;
  return `${method} ${path} ${String(JSON.stringify(body)).slice(0, 300)}: ${answer.status}`;
}

describe('a body with', () => {
  test.each(bodies)('an odd member anywhere: %s %s %j', async (method, path, good) => {
    const below = seeded(7);
    const failures: (string | undefined)[] = [];
    for (let round = 0; round < 30; round++) failures.push(await failure(method, path, altered(good, below)));
    expect(failures.filter(Boolean)).toEqual([]);
    expect(site.unexpected.splice(0)).toEqual([]);
  });

  test.each(bodies)('a length of its own in each of its members: %s %s %j', async (method, path, good) => {
    const failures: (string | undefined)[] = [];
    for (const name of Object.keys(good))
      for (const odd of oddLengths) failures.push(await failure(method, path, { ...good, [name]: odd }));
    for (const odd of oddities) failures.push(await failure(method, path, odd));
    expect(failures.filter(Boolean)).toEqual([]);
    expect(site.unexpected.splice(0)).toEqual([]);
  });
});

test('nor does signing in fail', async () => {
  // Ten attempts a minute are answered.
  const odd = [{ length: { toString: 1, valueOf: 1 } }, { length: 5 }, ['a'], 5, null, '', 'x'.repeat(5000)];
  for (const password of odd) expect(await failure('POST', '/api/session', { password })).toBeUndefined();
  expect(site.unexpected).toEqual([]);
});

const range = `fromMs=${atMs - 60_000}&toMs=${atMs}`;
const texts = [
  '',
  ' ',
  '-1',
  '1e999',
  'NaN',
  '0x10',
  '%00',
  '%ff',
  '%',
  'x'.repeat(3000),
  '[]',
  '__proto__',
  '1&limit=2',
];

test.each([
  [`/api/cameras/yard/footage?${range}`],
  [`/api/cameras/yard/sightings?${range}`],
  [`/api/cameras/yard/label-pauses?${range}`],
  ['/api/sightings?limit=5&beforeMs=5'],
  ['/api/alerts?limit=5&beforeMs=5&cameraId=yard&state=dead'],
])('nor does an odd query: %s', async path => {
  const [address = '', query = ''] = path.split('?');
  const failures: (string | undefined)[] = [];
  for (const [name] of new URLSearchParams(query))
    for (const text of texts)
      for (const written of [`${name}=${text}`, `${name}[]=${text}`, `${name}[length]=${text}`, `${name}${text}`]) {
        const others = query.split('&').filter(pair => !pair.startsWith(`${name}=`));
        failures.push(
          await failure('GET', `${address}?${[...others, written].join('&').replaceAll(' ', '+')}`, undefined),
        );
      }
  expect(failures.filter(Boolean)).toEqual([]);
  expect(site.unexpected.splice(0)).toEqual([]);
});

test('nor does an odd list of cameras', async () => {
  const below = seeded(7);
  const columns = [
    'id',
    'url',
    'password',
    'password.env',
    'labels',
    'labels.length',
    'length',
    'tags.__proto__',
    'tags.length',
  ];
  const more = [
    'zones',
    'lines',
    'groups',
    '__proto__',
    'constructor',
    'toString',
    'labels.motion.gate',
    'onvif.url',
    '',
  ];
  const cells = [
    'a',
    'rtsp://10.0.0.9/1',
    '{"length":{"toString":1,"valueOf":1}}',
    '[[[]]]',
    '"',
    "'=1",
    '1e999',
    'true',
    '',
  ];
  const one = (of: string[]) => of[below(of.length)];
  const failures: (string | undefined)[] = [];
  for (let round = 0; round < 200; round++) {
    const header = ['id', 'url', ...Array.from({ length: below(4) }, () => one([...columns, ...more]))];
    const rows = Array.from({ length: below(3) + 1 }, () => header.map(() => one(cells)).join(one([',', ';', '\t'])));
    const csv = [header.join(','), ...rows].join(one(['\n', '\r\n', '\r']));
    failures.push(await failure('POST', '/api/cameras/import', { csv, dryRun: true }));
  }
  expect(failures.filter(Boolean)).toEqual([]);
  expect(site.unexpected.splice(0)).toEqual([]);
});
