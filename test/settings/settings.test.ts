// The settings file: what is accepted, and how every mistake is named.
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { AgentError } from '../../agent/errors.ts';
import { settingsJsonSchema } from '../../agent/settings/json-schema.ts';
import { loadSettings, parseSettings } from '../../agent/settings/load.ts';
import { nearestKey } from '../../agent/settings/nearest-key.ts';
import { resolveSecret } from '../../agent/settings/secrets.ts';
import { parseByteSize } from '../../shared/byte-size.ts';

const example = `aws:
  region: us-west-2
  endpoint: http://127.0.0.1:4600        # or AWS_ENDPOINT_URL; left out: AWS itself
cameras:
  - id: front-door
    url: rtsp://10.0.0.20/stream1        # no user or password inside
    username: admin
    password: { env: FRONT_DOOR_PASSWORD }   # or { file: /run/credentials/… }
    stream: front-door                   # KVS stream, created when missing
    retentionHours: 24
    labels: { provider: rekognition, minConfidence: 70, everySeconds: 2 }
rules:
  - id: person-at-door
    when: { labels: [Person], cameras: [front-door] }
    cooldownSeconds: 60
    then: [{ webhook: { url: http://127.0.0.1:9000/hook, secret: { env: HOOK_SECRET } } }]
spool: { dir: ./data/spool, maxBytes: 2 GiB }
web: { listen: 127.0.0.1:8080 }
`;

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kvs-edge-settings-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

function refusal(text: string): { code: string; lines: string[] } {
  try {
    parseSettings('site.yaml', text);
  } catch (error) {
    if (error instanceof AgentError) return { code: error.code, lines: error.message.split('\n').slice(1) };
    throw error;
  }
  throw new Error('these settings were accepted');
}

const camera = 'cameras:\n  - id: yard\n    url: rtsp://10.0.0.20/stream1\n';

describe('a file with right settings', () => {
  test('of the published example loads with every default and absolute paths', async () => {
    const path = join(folder, 'site.yaml');
    await writeFile(path, example);
    expect(await loadSettings(path)).toEqual({
      siteName: 'My cameras',
      dataDir: join(folder, 'data'),
      aws: { region: 'us-west-2', endpoint: 'http://127.0.0.1:4600' },
      cameras: [
        {
          id: 'front-door',
          url: 'rtsp://10.0.0.20/stream1',
          username: 'admin',
          password: { env: 'FRONT_DOOR_PASSWORD' },
          stream: 'front-door',
          retentionHours: 24,
          tags: {},
          localRetentionHours: 0,
          transport: 'auto',
          reader: 'auto',
          video: 'copy',
          audio: 'aac',
          groups: [],
          zones: [],
          lines: [],
          labels: {
            provider: 'rekognition',
            minConfidence: 70,
            maxLabels: 50,
            everySeconds: 2,
            motionThreshold: 0.005,
            motion: { gate: 'either', sensitivity: 50, masks: [] },
          },
        },
      ],
      rules: [
        {
          id: 'person-at-door',
          enabled: true,
          when: {
            labels: ['Person'],
            cameras: ['front-door'],
            ...{ anchor: 'bottom', overlap: 0.3, minSeconds: 0, minCount: 1 },
          },
          cooldownSeconds: 60,
          // biome-ignore lint/suspicious/noThenProperty: the setting's name
          then: [{ webhook: { url: 'http://127.0.0.1:9000/hook', secret: { env: 'HOOK_SECRET' } } }],
        },
      ],
      destinations: [],
      models: [],
      budget: { dollarsPerThousandCalls: 1 },
      spool: {
        dir: join(folder, 'data/spool'),
        maxBytes: 2_147_483_648,
        minFreeBytes: 268_435_456,
        whenFull: 'delete-oldest',
        mode: 'disk-first',
        memorySeconds: 30,
      },
      upload: {},
      web: { listen: '127.0.0.1:8080' },
    });
  });

  test('needs no more than one camera: the stream is its id, the spool lies in the data folder', () => {
    const settings = parseSettings('/etc/kvs-edge/site.yaml', camera);
    expect(settings.cameras[0]).toMatchObject({ stream: 'yard', retentionHours: 24, audio: 'aac' });
    expect(settings.cameras[0]).not.toHaveProperty('labels');
    expect(settings.spool.dir).toBe('/etc/kvs-edge/data/spool');
    expect(settings.dataDir).toBe('/etc/kvs-edge/data');
  });

  test.each(['cameras: []\n', 'siteName: Harbour\n'])('may have no camera yet: %j', text => {
    expect(parseSettings('/etc/kvs-edge/site.yaml', text).cameras).toEqual([]);
  });

  test('finds secret files beside itself, wherever the agent is started', () => {
    const text = `${camera}    username: u\n    password: { file: secrets/yard }\n`;
    expect(parseSettings('/etc/kvs-edge/site.yaml', text).cameras[0]?.password).toEqual({
      file: '/etc/kvs-edge/secrets/yard',
    });
  });
});

describe('a mistake is named with its line, key, rule and an example', () => {
  test.each([
    [
      'a mistyped key',
      `${camera}    retentionHour: 3\n`,
      '4  cameras[0].retentionHour  is not a setting: did you mean retentionHours?',
    ],
    [
      'a key of another program',
      `${camera}logging: true\n`,
      '4  logging  is not a setting: known here are siteName, timeZone, dataDir, aws, cameras, rules, destinations, models, budget, spool, upload, web',
    ],
    [
      'a word for a number',
      `${camera}    retentionHours: many\n`,
      '4  cameras[0].retentionHours  must be a whole number from 0 to 87600, for example 24',
    ],
    [
      'a retention before now',
      `${camera}    retentionHours: -1\n`,
      '4  cameras[0].retentionHours  must be a whole number from 0 to 87600, for example 24',
    ],
    [
      'a number out of range',
      `${camera}    labels: { minConfidence: 700 }\n`,
      '4  cameras[0].labels.minConfidence  must be a number from 0 to 100, for example 70',
    ],
    [
      'a word that is not offered',
      `${camera}    audio: opus\n`,
      '4  cameras[0].audio  must be aac or off, for example aac',
    ],
    ['a number for text', `${camera}    username: 1234\n`, '4  cameras[0].username  must be text, for example admin'],
    [
      'a missing address',
      'cameras:\n  - stream: yard\n    id: yard\n',
      '2  cameras[0].url  is missing: it must be an address that begins with rtsp://, rtsps://, http://, https://, file:, v4l2: or libcamera:, for example rtsp://10.0.0.20/stream1',
    ],
    [
      'a file transfer address for a camera',
      'cameras:\n  - id: yard\n    url: ftp://10.0.0.20/\n',
      '3  cameras[0].url  must be an address that begins with rtsp://, rtsps://, http://, https://, file:, v4l2: or libcamera:, for example rtsp://10.0.0.20/stream1',
    ],
    [
      'a group left empty',
      `${camera}web:\n`,
      '4  web  is empty: it must be a group of settings: listen, publicUrl, for example { listen: 127.0.0.1:8080 }',
    ],
    [
      'a port that cannot be',
      `${camera}web: { listen: '0.0.0.0:80800' }\n`,
      '4  web.listen  must have a port up to 65535, for example 127.0.0.1:8080',
    ],
    [
      'a size without a unit',
      `${camera}spool: { maxBytes: 2 }\n`,
      '4  spool.maxBytes  must be at least 1 MiB, for example 2 GiB',
    ],
    [
      'a size with a made-up unit',
      `${camera}spool: { maxBytes: 2 gigs }\n`,
      '4  spool.maxBytes  must be a size with its unit (B, KiB, MiB, GiB, TiB, kB, MB, GB, TB), for example 2 GiB',
    ],
    [
      'a password without its user',
      `${camera}    password: { env: P }\n`,
      '2  cameras[0].username  is missing: a password needs the username beside it, for example admin',
    ],
    [
      'two cameras of one name',
      `${camera}  - id: yard\n    url: rtsp://10.0.0.21/\n`,
      '4  cameras[1].id  must be unique: cameras[0] has the same, for example yard-2',
    ],
    [
      'a rule for a camera that is not there',
      `${camera}rules:\n  - id: r\n    when: { labels: [Person], cameras: [gate] }\n    then: [{ webhook: { url: https://example.com, secret: { env: S } } }]\n`,
      '6  rules[0].when.cameras[0]  must be the id of a camera in this file: yard, for example yard',
    ],
    [
      'a destination of an unknown kind',
      `${camera}rules:\n  - id: r\n    when: { labels: [Person] }\n    then: [{ webhok: 3 }]\n`,
      '7  rules[0].then[0].webhok  is not a setting: did you mean webhook?',
    ],
    [
      'a region that would end up in a host name',
      `${camera}aws: { region: us-west-2.example.com }\n`,
      '4  aws.region  must be the name of a region, for example us-west-2',
    ],
  ])('%s', (_situation, text, line) => {
    const { code, lines } = refusal(text);
    expect(code).toBe('settings-invalid');
    expect(lines).toContain(`site.yaml:${line}`);
  });

  test('and all of them at once, in the order of the file', () => {
    const { lines } = refusal(
      'cameras:\n  - id: Yard\n    retentionHour: 3\n  - id: gate\n    url: rtsp://10.0.0.21/\n  - id: gate\n    url: 3\nweb: { listen: 8080 }\n',
    );
    expect(lines.map(line => line.split('  ').slice(0, 2).join(' '))).toEqual([
      'site.yaml:2 cameras[0].id',
      'site.yaml:2 cameras[0].url',
      'site.yaml:3 cameras[0].retentionHour',
      'site.yaml:6 cameras[2].id',
      'site.yaml:7 cameras[2].url',
      'site.yaml:8 web.listen',
    ]);
  });

  test.each([
    ['as the password itself', `${camera}    username: u\n    password: c4nary-secret\n`],
    ['in the address', 'cameras:\n  - id: yard\n    url: rtsp://admin:c4nary-secret@10.0.0.20/stream1\n'],
    ['in a webhook address', `${camera}aws: { endpoint: 'http://u:c4nary-secret@127.0.0.1' }\n`],
    ['as an alias', `${camera}    password: *c4nary-secret\n`],
    ['in broken YAML', `${camera}    password: "c4nary-secret\n`],
    ['after a reserved character', `${camera}    password: @c4nary-secret\n`],
    ['as a tag', `${camera}    password: !c4nary-secret x\n`],
  ])('and a secret written %s is never repeated', (_place, text) => {
    const { lines } = refusal(text);
    expect(lines.length).toBeGreaterThan(0);
    expect(lines.join('\n')).not.toContain('c4nary');
  });
});

describe('a file that is no settings file is refused in words', () => {
  test.each([
    ['a tab', 'cameras:\n\t- id: yard\n', 'site.yaml:2  has a tab at its beginning: YAML is indented with spaces only'],
    [
      'a repeated key',
      `${camera}web: {}\nweb: {}\n`,
      'site.yaml:5  repeats a key that is already set above in the same group',
    ],
    [
      'an open quote',
      'siteName: "Yard\n',
      'site.yaml:1  misses a character: a closing quote or bracket, a colon after a key, or the - of a list item',
    ],
    [
      'two documents',
      `${camera}---\nweb: {}\n`,
      'site.yaml:4  starts a second document with ---: one file holds one set of settings',
    ],
  ])('%s', (_situation, text, line) => {
    const { code, lines } = refusal(text);
    expect(code).toBe('settings-unreadable');
    expect(lines).toContain(line);
  });

  test('aliases that multiply are not followed', () => {
    const bomb = Array.from({ length: 9 }, (_, i) => `a${i + 1}: &a${i + 1} [${`*a${i}, `.repeat(9)}x]`).join('\n');
    expect(refusal(`a0: &a0 [x]\n${bomb}\n`).lines[0]).toMatch(/cannot be followed/);
  });

  test.each([
    ['that is empty', '', /is empty\. It needs at least one camera/],
    ['that holds only comments', '# nothing yet\n', /is empty\. It needs at least one camera/],
    ['in another encoding', Buffer.from([0xff, 0xfe, 0x00, 0x41]), /is not text in UTF-8/],
    ['of megabytes', Buffer.alloc(1_048_577, '#'), /is larger than 1 MiB/],
  ])('one %s', async (_situation, content, sentence) => {
    const path = join(folder, 'odd.yaml');
    await writeFile(path, content);
    await expect(loadSettings(path)).rejects.toMatchObject({ code: 'settings-unreadable', message: sentence });
  });

  test('one that is not there, and a folder in its place', async () => {
    await expect(loadSettings(join(folder, 'none.yaml'))).rejects.toMatchObject({
      code: 'settings-unreadable',
      message: expect.stringMatching(
        /^There is no settings file at .*none\.yaml\. Name the right one with --config\.$/,
      ),
    });
    await expect(loadSettings(folder)).rejects.toMatchObject({ message: expect.stringContaining('is a folder') });
  });
});

describe('secrets', () => {
  const at = { key: 'cameras[0].password' };

  test('come from the environment or a file, without the line break at the end, and do not print', async () => {
    const file = join(folder, 'secret');
    await writeFile(file, 'c4nary \n');
    await chmod(file, 0o600);
    const secret = await resolveSecret({ file }, at);
    expect(secret.reveal()).toBe('c4nary ');
    expect(JSON.stringify({ secret })).not.toContain('c4nary');
    const fromEnvironment = await resolveSecret({ env: 'P' }, { ...at, environment: { P: 'c4nary' } });
    expect(fromEnvironment.reveal()).toBe('c4nary');
  });

  test.each([
    ['an unset variable', { env: 'NOT_SET' }, 'the environment variable NOT_SET is not set'],
    ['an empty variable', { env: 'EMPTY' }, 'the environment variable EMPTY is empty'],
    ['a missing file', { file: '/nowhere/secret' }, 'there is no file /nowhere/secret'],
  ])('%s is reported with the setting that names it', async (_situation, reference, reason) => {
    await expect(resolveSecret(reference, { ...at, environment: { EMPTY: '' } })).rejects.toMatchObject({
      code: 'settings-invalid',
      message: `The secret of cameras[0].password is missing: ${reason}.`,
    });
  });
});

test('docs/settings.schema.json is what the schema says (kvs-edge settings schema prints it)', async () => {
  const published = await readFile(new URL('../../docs/settings.schema.json', import.meta.url), 'utf8');
  expect(JSON.parse(published)).toEqual(settingsJsonSchema());
});

test('every setting is described and no property is left open in the published schema', () => {
  const undescribed: string[] = [];
  const visit = (node: object, path: string): void => {
    if (!('properties' in node) || !(node.properties instanceof Object)) return;
    expect(node, path).toHaveProperty('additionalProperties', false);
    for (const [key, child] of Object.entries(node.properties)) {
      const leaf = !('properties' in child);
      if (leaf && !('description' in child)) undescribed.push(`${path}.${key}`);
      visit(child, `${path}.${key}`);
      if ('items' in child && child.items instanceof Object) visit(child.items, `${path}.${key}[]`);
    }
  };
  visit(settingsJsonSchema(), '');
  expect(undescribed).toEqual([]);
});

test.each([
  ['2 GiB', 2_147_483_648],
  ['1.5 MB', 1_500_000],
  ['10kB', 10_000],
  [4096, 4096],
  ['2 gib', undefined],
  ['-1 MB', undefined],
])('the size %s is %s bytes', (text, bytes) => {
  expect(parseByteSize(text)).toBe(bytes);
});

test.each([
  ['Endpoint', 'endpoint'],
  ['regoin', 'region'],
  ['zzz', undefined],
])('for %s the nearest key is %s', (key, nearest) => {
  expect(nearestKey(key, ['region', 'endpoint'])).toBe(nearest);
});
