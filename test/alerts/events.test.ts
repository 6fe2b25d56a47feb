// The events that alerts are sent as, held to the JSON Schema that is published for receivers.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv2020, type SchemaObject } from 'ajv/dist/2020.js';
import { expect, test } from 'vitest';
import { FragmentNumbers } from '../../agent/alerts/fragment-numbers.ts';
import { type PayloadContext, payloadOf } from '../../agent/alerts/payload.ts';
import { signedHeaders, signingKey } from '../../agent/alerts/sinks/signature.ts';
import { Facts } from '../../agent/facts.ts';
import { Secret } from '../../agent/secret.ts';
import type { Alert } from '../../shared/alert.ts';
import { factsOf, firing, frameMs, scene, temporaryFolder } from './scene.ts';

const root = join(import.meta.dirname, '../..');
const published = readFileSync(join(root, 'docs/events.schema.json'), 'utf8');
const guide = readFileSync(join(root, 'docs/events.md'), 'utf8');

function isDateTime(text: string): boolean {
  return !Number.isNaN(Date.parse(text)) && new Date(text).toISOString() === text;
}

/** `closed`: what the schema does not name is refused, to find fields that are sent and not published. */
function validator({ closed }: { closed: boolean }) {
  const ajv = new Ajv2020({ strict: true, allErrors: true });
  ajv.addFormat('date-time', isDateTime);
  ajv.addFormat('uri', text => URL.canParse(text));
  ajv.addFormat('uri-reference', text => URL.canParse(text, 'https://example.com') && !/[\s"<>\\^`{|}]/.test(text));
  const validate = ajv.compile(JSON.parse(published, closed ? closeObjects : undefined));
  return (event: unknown) => (validate(event) ? [] : ajv.errorsText(validate.errors).split(', '));
}

function closeObjects(_key: string, value: unknown): unknown {
  const isObjectSchema = value instanceof Object && 'type' in value && value.type === 'object';
  return isObjectSchema ? { ...value, additionalProperties: false } : value;
}

const problemsOf = validator({ closed: true });

const context: PayloadContext = {
  streamOf: cameraId => `${cameraId}-stream`,
  consoleUrl: 'http://127.0.0.1:8080',
  siteName: 'Hafen "Nord" – 7 % \ud800',
  fragmentNumberOf: () => '91343852333181432392682062607743920146159169392',
};
const lone: PayloadContext = { streamOf: () => undefined };

function alertOf(change: Partial<Alert>): Alert {
  return { id: 'b2f1c9aa', ...firing(), deliveries: [], ...change };
}

const { cameraId: _, ...ofDevice } = firing({
  kind: 'health',
  sightings: [],
  why: 'The disk has 4 % left; below 10 %.',
});
const path = [{ atMs: frameMs, confidence: 94.2 }];
const [seen] = firing().sightings;
const kinds: Record<string, Alert> = {
  sighting: alertOf({}),
  'sighting with everything': alertOf({
    sightings: [
      ...firing().sightings,
      ...(seen ? [{ ...seen, id: 'b', untilMs: frameMs + 4_000, path }] : []),
      { id: 'c', cameraId: 'front-door', atMs: frameMs, label: 'Night', confidence: 100 },
    ],
  }),
  count: alertOf({
    kind: 'count',
    sightings: [],
    counts: {
      line: 'gate',
      fromMs: frameMs - 900_000,
      toMs: frameMs,
      crossings: [{ label: 'Car', direction: 'left-to-right', count: 12 }],
    },
  }),
  'health of a camera': alertOf({
    kind: 'health',
    sightings: [],
    health: { about: 'camera-offline', value: 7, limit: 5 },
  }),
  'health of the device': { id: 'd', ...ofDevice, deliveries: [], health: { about: 'disk', value: 4, limit: 10 } },
  test: alertOf({ kind: 'test', sightings: [], why: 'A test from the console.' }),
};

test('docs/events.schema.json is what scripts/event-schema.ts prints', () => {
  const printed = execFileSync(process.execPath, [join(root, 'scripts/event-schema.ts')], { encoding: 'utf8' });
  expect(JSON.parse(published)).toEqual(JSON.parse(printed));
});

test.each(Object.entries(kinds))(
  'the event of an alert of kind %s is as published, also when little is known',
  (_kind, alert) => {
    for (const known of [context, lone]) {
      const event: unknown = JSON.parse(JSON.stringify(payloadOf(alert, known)));
      expect(problemsOf(event)).toEqual([]);
      expect(event).toMatchObject({
        specversion: '1.0',
        id: alert.id,
        type: 'alert.raised',
        data: { kind: alert.kind },
      });
    }
  },
);

test('a sighting’s path stays on the device', () => {
  const event = JSON.stringify(payloadOf(kinds['sighting with everything'] ?? alertOf({}), context));
  expect(event).not.toContain('path');
  expect(JSON.parse(event).data).toMatchObject({ labels: ['Person', 'Night'], sightings: { length: 3 } });
});

test('the schema refuses what is no event, and lets fields through that are added later', () => {
  const event = payloadOf(alertOf({}), context);
  const later = { ...event, traceparent: '00-1', data: { ...event.data, plate: 'M-XY 1' } };
  expect(validator({ closed: false })(later)).toEqual([]);
  expect(problemsOf(later)).not.toEqual([]);
  const { data, ...withoutData } = event;
  const broken = [
    withoutData,
    { ...event, specversion: '0.3' },
    { ...event, time: '2026-11-23 07:41' },
    { ...event, data: { ...data, atMs: 'now' } },
    { ...event, data: { ...data, fragmentNumber: 9.134385233318143e46 } },
    { ...event, data: { ...data, still: { contentType: 'image/jpeg' } } },
  ];
  expect(broken.map(validator({ closed: false }))).not.toContainEqual([]);
});

test('every event in docs/events.md is as published, and every kind is there', () => {
  const examples = [...guide.matchAll(/```json\n([\s\S]*?)```/g)].map(([, json = '']) => JSON.parse(json));
  expect(examples.flatMap(problemsOf)).toEqual([]);
  expect(new Set(examples.map(({ data }) => data.kind))).toEqual(new Set(['sighting', 'count', 'health', 'test']));
});

test('every field of the schema stands in docs/events.md', () => {
  const missing = new Set<string>();
  const visit = (node: unknown): void => {
    if (!(node instanceof Object)) return;
    const { properties, ...rest } = node as SchemaObject;
    for (const name of Object.keys(properties ?? {})) if (!guide.includes(`\`${name}\``)) missing.add(name);
    for (const child of [...Object.values(properties ?? {}), ...Object.values(rest)]) visit(child);
  };
  visit(JSON.parse(published));
  expect([...missing]).toEqual([]);
});

function fragmentNumbers(inSpool: (cameraId: string, atMs: number) => string | undefined = () => undefined) {
  const facts = new Facts(error => {
    throw error;
  });
  const numbers = new FragmentNumbers({ facts, inSpool });
  const persisted = (startMs: number, fragmentNumber: string, cameraId = 'front-door') =>
    facts.publish({ type: 'fragment.persisted', cameraId, startMs, endMs: startMs + 2_000, fragmentNumber });
  return { facts, numbers, persisted };
}

test('the number of an alert’s fragment is known from KVS’s confirmation on, also when the spool has forgotten it', () => {
  const { facts, numbers, persisted } = fragmentNumbers();
  const { outbox } = scene({ facts });
  outbox.raise(firing(), []);
  expect(numbers.of('front-door', frameMs)).toBeUndefined();
  persisted(frameMs - 2_000, '1');
  persisted(frameMs - 500, '2', 'garden');
  expect(numbers.of('front-door', frameMs)).toBeUndefined();
  persisted(frameMs, '3');
  expect(numbers.of('front-door', frameMs)).toBe('3');
  expect(numbers.of('garden', frameMs)).toBeUndefined();
});

test('the number is looked up in the spool, of which trouble keeps no alert back', () => {
  const { numbers } = fragmentNumbers((cameraId, atMs) =>
    cameraId === 'garden' && atMs === frameMs ? '7' : undefined,
  );
  expect(numbers.of('garden', frameMs)).toBe('7');
  expect(numbers.of('front-door', frameMs)).toBeUndefined();
  const broken = fragmentNumbers(() => {
    throw new Error('The index is gone');
  });
  expect(broken.numbers.of('garden', frameMs)).toBeUndefined();
});

test('only the newest thousand alerts are remembered', () => {
  const { facts, numbers, persisted } = fragmentNumbers();
  const { outbox, published } = scene({ facts });
  facts.subscribe(fact => published.push(fact));
  for (let second = 0; second <= 1_000; second++) outbox.raise(firing({ atMs: frameMs + second * 1_000 }), []);
  expect(factsOf(published, 'alert.raised')).toHaveLength(1_001);
  for (let second = 0; second <= 1_000; second += 2) persisted(frameMs + second * 1_000, `${second}`);
  expect(numbers.of('front-door', frameMs)).toBeUndefined();
  expect(numbers.of('front-door', frameMs + 1_000)).toBe('0');
  expect(numbers.of('front-door', frameMs + 1_000_000)).toBe('1000');
});

/** The first block of that language in docs/events.md. */
function blockOf(language: string): string {
  const [, block = ''] = new RegExp(`\`\`\`${language}\\n([\\s\\S]*?)\`\`\``).exec(guide) ?? [];
  return block;
}

const inEnvironment = 'process.env.HOOK_SECRET, JSON.parse(process.env.HEADERS), process.env.BODY';
const languages: [language: string, program: string, args: (code: string) => string[]][] = [
  ['js', process.execPath, code => ['--input-type=module', '-e', `${code}console.log(verified(${inEnvironment}).id)`]],
  [
    'python',
    'python3',
    code => [
      '-c',
      `${code}\nimport os\ne = os.environ\nprint(verified(e["HOOK_SECRET"], json.loads(e["HEADERS"]), e["BODY"].encode())["id"])`,
    ],
  ],
  ['sh', 'sh', code => ['-ec', `cd "$FOLDER"; printf %s "$BODY" >body.json\n${code}`]],
];

test.each(languages)(
  'the receiver in docs/events.md (%s) takes what was sent and nothing else',
  (language, program, args) => {
    const [secret, other] = ['whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', 'whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD'];
    const body = JSON.stringify(payloadOf(alertOf({ why: 'Grüße vom „Tor“ – 94 %.' }), context));
    const keys = [other, secret].map(text => signingKey(new Secret(text)));
    const headers = signedHeaders(keys, { id: 'b2f1c9aa', atMs: Date.now(), body });
    const folder = temporaryFolder();
    const judged = (sent: string, knows: string): string => {
      const names = { ID: headers['webhook-id'], TIMESTAMP: headers['webhook-timestamp'] };
      const env = { ...process.env, ...names, SIGNATURE: headers['webhook-signature'], FOLDER: folder };
      const given = { HOOK_SECRET: knows, HEADERS: JSON.stringify(headers), BODY: sent };
      try {
        return execFileSync(program, args(blockOf(language)), {
          env: { ...env, ...given },
          encoding: 'utf8',
          stdio: 'pipe',
        });
      } catch (error) {
        return String(error);
      }
    };
    const taken = language === 'sh' ? 'verified\n' : 'b2f1c9aa\n';
    expect(judged(body, secret)).toBe(taken);
    expect(judged(body, other)).toBe(taken);
    expect(judged(`${body} `, secret)).toMatch(/wrong/);
    expect(judged(body, 'whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA')).toMatch(/wrong/);
  },
);
