// The log: exact lines, levels, floods held back, and nothing secret.
import { beforeEach, expect, test } from 'vitest';
import { AgentError } from '../../agent/errors.ts';
import { type Fact, Facts } from '../../agent/facts.ts';
import { createJournal, type Journal } from '../../agent/health/journal.ts';
import { SimulatedClock } from '../simulated-clock.ts';

const startMs = Date.UTC(2026, 10, 23, 7, 0, 0);
const cause = Object.assign(new Error('connect to rtsp://admin:c4nary@10.0.0.20'), { code: 'ECONNREFUSED' });
const error = new AgentError({
  code: 'camera-unreachable',
  kind: 'unavailable',
  retry: 'later',
  message: 'The camera at rtsp://admin:c4nary@10.0.0.20/ does not answer.',
  cause,
});
const offline: Fact = { type: 'camera.state', cameraId: 'yard', state: 'offline', error, retryAtMs: startMs + 1000 };

let clock: SimulatedClock;
let facts: Facts;
let journal: Journal;
let lines: string[];
beforeEach(() => {
  clock = new SimulatedClock(startMs);
  lines = [];
  facts = new Facts(failure => {
    throw failure;
  });
  journal = createJournal({ level: 'trace', clock, destination: { write: line => lines.push(line) } });
  journal.follow(facts);
});

test('a fact is one JSON line with its level, the agent’s time, the camera, the code and the sentence', () => {
  facts.publish(offline);
  expect(lines).toEqual([
    '{"level":"warn","time":"2026-11-23T07:00:00.000Z","camera":"yard","state":"offline","retryAt":"2026-11-23T07:00:01.000Z",' +
      '"code":"camera-unreachable","message":"The camera at rtsp://10.0.0.20/ does not answer.","cause":"ECONNREFUSED","msg":"camera.state"}\n',
  ]);
});

const span = { cameraId: 'yard', startMs, endMs: startMs + 2000 };
const alert = {
  kind: 'sighting' as const,
  why: 'Person.',
  id: 'a',
  ruleId: 'r',
  cameraId: 'yard',
  atMs: startMs,
  sightings: [],
  deliveries: [],
};
const sighting = { id: 's', cameraId: 'yard', atMs: startMs, label: 'Person', confidence: 90 };
const delivery = { type: 'alert.delivery', alertId: 'a', destination: 'https://u:c4nary@example.com/' } as const;

const kinds: [level: string, fact: Fact][] = [
  ['info', { type: 'camera.state', cameraId: 'yard', state: 'live' }],
  ['error', { type: 'camera.state', cameraId: 'yard', state: 'refused', error }],
  ['warn', { type: 'camera.problem', cameraId: 'yard', error, lostFromMs: startMs, lostToMs: startMs + 40 }],
  ['debug', { type: 'fragment.spooled', ...span, fragmentId: 1, bytes: 10 }],
  ['warn', { type: 'fragment.evicted', ...span, reason: 'size cap' }],
  ['debug', { type: 'fragment.persisted', ...span, fragmentNumber: '1' }],
  ['error', { type: 'fragment.rejected', ...span, error }],
  ['trace', { type: 'ack.received', cameraId: 'yard', eventType: 'RECEIVED', fragmentTimecodeMs: startMs }],
  ['debug', { type: 'upload.state', cameraId: 'yard', state: 'uploading' }],
  ['warn', { type: 'upload.state', cameraId: 'yard', state: 'waiting', error }],
  ['error', { type: 'spool.failed', cameraId: 'yard', error }],
  ['trace', { type: 'still.sampled', cameraId: 'yard', atMs: startMs, motionScore: 0.1 }],
  ['warn', { type: 'labels.failed', cameraId: 'yard', error }],
  ['debug', { type: 'labels.detected', cameraId: 'yard', atMs: startMs, sightings: 1, tookMs: 90 }],
  ['debug', { type: 'sighting.seen', sighting }],
  ['trace', { type: 'sighting.updated', sighting }],
  ['warn', { type: 'labels.paused', cameraId: 'yard', reason: 'budget', untilMs: startMs }],
  ['info', { type: 'labels.resumed', cameraId: 'yard' }],
  ['debug', { type: 'rule.active', ruleId: 'r', cameraId: 'yard', active: true, atMs: startMs }],
  [
    'trace',
    { type: 'rule.evaluated', ruleId: 'r', cameraId: 'yard', sightingId: 's', atMs: startMs, outcome: 'fired' },
  ],
  ['info', { type: 'alert.raised', alert }],
  ['error', { type: 'alerts.failed', error }],
  ['info', { ...delivery, state: 'delivered' }],
  ['warn', { ...delivery, state: 'waiting', error }],
  ['error', { ...delivery, state: 'dead', error }],
];

test.each(kinds)('%s: $type, without anything secret', (level, fact) => {
  facts.publish(fact);
  expect(lines).toHaveLength(1);
  expect(JSON.parse(lines[0] ?? '')).toMatchObject({ level, msg: fact.type });
  expect(lines[0]).not.toContain('c4nary');
});

test('an error that repeats is written once, then counted once a minute for as long as it lasts', async () => {
  for (let second = 0; second < 150; second++) {
    facts.publish(offline);
    await clock.advance(1000);
  }
  await clock.advance(60_000);
  expect(lines.map(line => JSON.parse(line).repeated)).toEqual([undefined, 59, 60, 30]);
  await clock.advance(120_000);
  facts.publish(offline);
  expect(lines).toHaveLength(5);
  expect(JSON.parse(lines[4] ?? '')).not.toHaveProperty('repeated');
});

test('other errors, other cameras and good news are not held back by it', () => {
  facts.publish(offline);
  facts.publish(offline);
  facts.publish({ ...offline, cameraId: 'gate' });
  facts.publish({ type: 'camera.state', cameraId: 'yard', state: 'live' });
  facts.publish({ type: 'camera.state', cameraId: 'yard', state: 'live' });
  expect(lines).toHaveLength(4);
});

test('below its level nothing is written', () => {
  lines = [];
  const quiet = createJournal({ level: 'warn', clock, destination: { write: line => lines.push(line) } });
  const other = new Facts(() => undefined);
  const end = quiet.follow(other);
  for (const [, fact] of kinds) other.publish(fact);
  expect(new Set(lines.map(line => JSON.parse(line).level))).toEqual(new Set(['warn', 'error']));
  end();
  lines = [];
  other.publish(offline);
  expect(lines).toEqual([]);
});

test('what nobody foresaw is written with its place and stack, without the credentials in it', () => {
  journal.unexpected(cause, 'GET /api/cameras');
  expect(JSON.parse(lines[0] ?? '')).toMatchObject({
    level: 'error',
    code: 'bug',
    where: 'GET /api/cameras',
    cause: 'ECONNREFUSED',
    stack: expect.stringContaining('journal.test.ts'),
  });
  expect(lines[0]).not.toContain('c4nary');
});
