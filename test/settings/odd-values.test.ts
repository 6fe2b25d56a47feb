// Every setting, each in turn with a value of a wrong kind: the file is taken or refused in words, and nothing else happens.
import { expect, test } from 'vitest';
import { stringify } from 'yaml';
import { AgentError } from '../../agent/errors.ts';
import { parseSettings } from '../../agent/settings/load.ts';

const secret = { env: 'SECRET' };
const webhook = {
  url: 'https://example.com/hook',
  secret,
  secrets: [secret],
  headers: { 'X-Key': secret },
  allow: ['nas'],
};
const everything = {
  siteName: 'Harbour',
  timeZone: 'Europe/Berlin',
  cameras: [
    {
      ...{ id: 'yard', url: 'rtsp://10.0.0.20/1', username: 'a', password: secret, groups: ['out'], tags: { a: 'b' } },
      zones: [
        {
          name: 'door',
          polygon: [
            [0, 0],
            [1, 0],
            [1, 1],
          ],
        },
      ],
      lines: [{ name: 'gate', from: [0, 0.5], to: [1, 0.5] }],
      onvif: { url: 'http://10.0.0.20/onvif' },
      labels: {
        ...{ provider: 'onnx', model: 'own', include: ['Person'], callsPerDay: 5, busyEverySeconds: 1 },
        motion: {
          gate: 'both',
          sensitivity: 40,
          masks: [
            [
              [0, 0],
              [0.1, 0],
              [0.1, 0.1],
            ],
          ],
        },
      },
    },
  ],
  rules: [
    {
      id: 'a',
      when: { labels: ['Person'], cameras: ['yard'], zones: ['door'], line: { name: 'gate' }, everyMinutes: 15 },
      hours: ['Mon-Fri 22:00-06:00'],
      // biome-ignore lint/suspicious/noThenProperty: the setting's name
      then: [{ to: 'ops' }, { webhook }],
    },
    {
      id: 'b',
      when: { health: { cameraOfflineMinutes: 5, diskFreePercent: 10, lostVideo: true } },
      // biome-ignore lint/suspicious/noThenProperty: the setting's name
      then: [{ to: 'ops' }],
    },
  ],
  destinations: [
    { id: 'ops', webhook },
    { id: 'm', mqtt: { url: 'mqtts://broker:8883', username: 'u', password: secret, tls: { caFile: 'ca.pem' } } },
    { id: 'light', mqtt: { url: 'mqtt://broker', light: { topic: 'a/set' } } },
    { id: 'q', amqp: { url: 'amqps://broker', address: '/queue/a', tls: { caFile: 'ca.pem' } } },
    { id: 's', stomp: { url: 'stomp://broker', to: '/queue/a' } },
    { id: 'sns', sns: { topicArn: 'arn:aws:sns:eu-central-1:123456789012:alerts' } },
    { id: 'sqs', sqs: { queueUrl: 'https://sqs.eu-central-1.amazonaws.com/1/a' } },
    { id: 'kds', kinesis: { streamName: 'a' } },
    { id: 'fh', firehose: { streamName: 'a', transform: '$' } },
  ],
  models: [
    { id: 'own', onnx: { modelFile: 'a.onnx', labelsFile: 'a.txt', mean: [0, 0, 0] } },
    { id: 'far', sagemaker: { endpointName: 'a' } },
  ],
  budget: { callsPerDay: 100 },
  spool: { maxBytes: '2 GiB' },
  upload: { maxBitsPerSecond: 8_000_000 },
  web: { listen: '127.0.0.1:8080' },
};

type Path = (string | number)[];

function* places(value: unknown, path: Path = []): Generator<Path> {
  if (path.length > 0) yield path;
  if (!(value instanceof Object)) return;
  for (const [key, child] of Object.entries(value))
    yield* places(child, [...path, Array.isArray(value) ? Number(key) : key]);
}

function replaced(value: unknown, [key, ...rest]: Path, by: unknown): unknown {
  if (key === undefined) return by;
  if (Array.isArray(value)) return value.map((item, index) => (index === key ? replaced(item, rest, by) : item));
  const object = value instanceof Object ? value : {};
  return { ...object, [key]: replaced(Reflect.get(object, key), rest, by) };
}

function outcome(settings: unknown): string {
  try {
    parseSettings('/etc/kvs-edge/site.yaml', stringify(settings));
    return 'taken';
  } catch (error) {
    if (!(error instanceof AgentError)) throw error;
    expect(error.message).not.toMatch(/undefined|\[object|NaN/);
    return error.code;
  }
}

test('the whole of it is right', () => {
  expect(outcome(everything)).toBe('taken');
});

test.each<[string, unknown]>([
  ['nothing', null],
  ['true', true],
  ['a word', 'x'],
  ['a number below all', -1],
  ['a number above all', 1e12],
  ['an empty list', []],
  ['a list of lists', [[1, 2, 3, 4], ['x']]],
  ['a group', { x: 1 }],
  ['a group with a length that nothing compares with', { length: { toString: 1, valueOf: 1 } }],
])('%s in the place of each setting is taken or refused in words', (_name, odd) => {
  for (const path of places(everything))
    expect(['taken', 'settings-invalid', 'settings-unreadable'], path.join('.')).toContain(
      outcome(replaced(everything, path, odd)),
    );
});
