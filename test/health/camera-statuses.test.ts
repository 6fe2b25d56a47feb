// What the console says of a camera after each kind of news.

import { beforeEach, describe, expect, test } from 'vitest';
import { AgentError } from '../../agent/errors.ts';
import { type Fact, type FactOf, Facts } from '../../agent/facts.ts';
import { CameraStatuses, type SpoolReader } from '../../agent/health/camera-statuses.ts';
import { labels as labelSettings } from '../../shared/label-settings.ts';
import { SimulatedClock } from '../simulated-clock.ts';

const startMs = Date.UTC(2026, 10, 23, 7, 0, 0);
const offline = new AgentError({
  code: 'camera-unreachable',
  kind: 'unavailable',
  retry: 'later',
  message: 'The camera yard does not answer.',
  cause: new Error('c4nary'),
});
const refused = new AgentError({ code: 'service-denied', kind: 'denied', retry: 'later', message: 'AWS refused.' });
const offlineProblem = { code: 'camera-unreachable', message: 'The camera yard does not answer.' };
const refusedProblem = { code: 'service-denied', message: 'AWS refused.' };
const sighting = { id: 's', cameraId: 'yard', atMs: startMs, label: 'Person', confidence: 90 };
const span = { cameraId: 'yard', startMs, endMs: startMs + 2000 };

function streamOf(retentionHours: number, drift: FactOf<'stream.checked'>['drift']): Fact {
  return { type: 'stream.checked', cameraId: 'yard', stream: 'yard-stream', retentionHours, drift };
}

let clock: SimulatedClock;
let facts: Facts;
let statuses: CameraStatuses;

function watch(spool: SpoolReader = { waiting: () => ({ fragments: 0, bytes: 0 }), lostMs: () => 0 }): void {
  clock = new SimulatedClock(startMs);
  facts = new Facts(error => {
    throw error;
  });
  statuses = new CameraStatuses({
    cameras: [
      {
        id: 'yard',
        stream: 'yard-stream',
        labels: labelSettings.parse({ motionThreshold: 0 }),
      },
      {
        id: 'gate',
        stream: 'gate',
        labels: labelSettings.parse({ provider: 'none' }),
      },
    ],
    facts,
    clock,
    spool,
  });
}
beforeEach(() => watch());

const yard = () => statuses.statuses()[0];

test('before any news cameras are starting, in the order of the settings', () => {
  expect(statuses.statuses()).toEqual([
    {
      id: 'yard',
      stream: 'yard-stream',
      state: 'starting',
      sinceMs: startMs,
      upload: { state: 'idle', waitingFragments: 0, waitingBytes: 0 },
      lostSeconds: 0,
      labels: { on: true, everySeconds: 2 },
    },
    expect.objectContaining({ id: 'gate', labels: { on: false } }),
  ]);
});

const offlineFact: Fact = {
  type: 'camera.state',
  cameraId: 'yard',
  state: 'offline',
  error: offline,
  retryAtMs: startMs + 9000,
};
const uploadFailed: Fact = {
  type: 'upload.state',
  cameraId: 'yard',
  state: 'waiting',
  error: refused,
  retryAtMs: startMs + 5000,
};
const upload = { waitingFragments: 0, waitingBytes: 0 };

describe('after', () => {
  test.each<[string, Fact[], object, string[]]>([
    [
      'a camera went away: why and when it is tried again',
      [offlineFact],
      { state: 'offline', problem: offlineProblem, retryAtMs: startMs + 9000 },
      [],
    ],
    [
      'it came back: nothing of that is left',
      [offlineFact, { type: 'camera.state', cameraId: 'yard', state: 'live' }],
      { state: 'live' },
      ['problem', 'retryAtMs'],
    ],
    [
      'part of its stream is left out: it is live all the same',
      [
        { type: 'camera.state', cameraId: 'yard', state: 'live' },
        { type: 'camera.problem', cameraId: 'yard', error: offline },
      ],
      { state: 'live', problem: offlineProblem },
      [],
    ],
    [
      'an upload failed',
      [uploadFailed],
      { upload: { ...upload, state: 'waiting', problem: refusedProblem, retryAtMs: startMs + 5000 } },
      [],
    ],
    [
      'it is tried again: the problem stays until a fragment is confirmed',
      [uploadFailed, { type: 'upload.state', cameraId: 'yard', state: 'uploading' }],
      { upload: { ...upload, state: 'uploading', problem: refusedProblem } },
      [],
    ],
    [
      'a fragment was confirmed',
      [
        uploadFailed,
        { type: 'upload.state', cameraId: 'yard', state: 'uploading' },
        { type: 'fragment.persisted', ...span, fragmentNumber: '1' },
      ],
      { upload: { ...upload, state: 'uploading', lastPersistedAckMs: startMs } },
      [],
    ],
    [
      'a backlog becomes smaller',
      [{ type: 'upload.backlog', cameraId: 'yard', backlogSeconds: 90, etaSeconds: 12 }],
      { upload: { ...upload, state: 'idle', backlogSeconds: 90, etaSeconds: 12 } },
      [],
    ],
    [
      'it was about to be gone when the upload failed: its end is no longer foretold',
      [{ type: 'upload.backlog', cameraId: 'yard', backlogSeconds: 90, etaSeconds: 12 }, uploadFailed],
      {
        upload: {
          ...upload,
          ...{ state: 'waiting', backlogSeconds: 90, problem: refusedProblem, retryAtMs: startMs + 5000 },
        },
      },
      [],
    ],
    [
      'a stream that differs from the settings, and keeps nothing',
      [streamOf(0, [{ setting: 'retentionHours', wanted: '24', actual: '0' }])],
      {
        streamWarnings: [
          {
            code: 'stream-drift',
            message:
              'The stream yard-stream has retentionHours 0, the settings say 24: change one of them. The agent does not change streams that exist.',
          },
          {
            code: 'stream-keeps-nothing',
            message:
              'The stream yard-stream keeps nothing (retention 0), so its video cannot be played back: give it a retention in the AWS console.',
          },
        ],
      },
      [],
    ],
    ['it was made right: no warning is left', [streamOf(0, []), streamOf(24, [])], {}, ['streamWarnings']],
    [
      'there is nothing left to send',
      [uploadFailed, { type: 'upload.state', cameraId: 'yard', state: 'idle' }],
      { upload: { ...upload, state: 'idle' } },
      [],
    ],
    [
      'a fragment was refused for good',
      [{ type: 'fragment.rejected', ...span, error: refused }],
      { upload: { ...upload, state: 'idle', problem: refusedProblem } },
      [],
    ],
    [
      'the disk failed',
      [{ type: 'spool.failed', cameraId: 'yard', error: refused }],
      { diskProblem: refusedProblem },
      [],
    ],
    [
      'the disk works again',
      [
        { type: 'spool.failed', cameraId: 'yard', error: refused },
        { type: 'fragment.spooled', ...span, fragmentId: 1, bytes: 10 },
      ],
      {},
      ['diskProblem'],
    ],
    [
      'labels failed',
      [{ type: 'labels.failed', cameraId: 'yard', error: refused }],
      { labels: { on: true, everySeconds: 2, problem: refusedProblem } },
      [],
    ],
    [
      'labels work again, though nothing is seen',
      [
        { type: 'labels.failed', cameraId: 'yard', error: refused },
        { type: 'labels.detected', cameraId: 'yard', atMs: startMs, sightings: 0, tookMs: 100 },
      ],
      { labels: { on: true, everySeconds: 2 } },
      [],
    ],
    ['something was seen', [{ type: 'sighting.seen', sighting }], { lastSighting: sighting }, []],
    [
      'a picture was taken',
      [{ type: 'still.sampled', cameraId: 'yard', atMs: startMs + 7, motionScore: 0.1 }],
      { stillAtMs: startMs + 7 },
      [],
    ],
    [
      'news of a camera nobody knows',
      [{ type: 'camera.state', cameraId: 'unknown', state: 'live' }],
      { state: 'starting' },
      [],
    ],
  ])('%s', (_news, published, expected, gone) => {
    for (const fact of published) facts.publish(fact);
    expect(yard()).toMatchObject(expected);
    for (const member of ['upload', 'labels'] as const)
      if (member in expected) expect(yard()?.[member]).toEqual(Reflect.get(expected, member));
    for (const member of gone) expect(yard()).not.toHaveProperty(member);
    expect(JSON.stringify(statuses.statuses())).not.toContain('c4nary');
    expect(statuses.statuses()[1]).toMatchObject({ id: 'gate', state: 'starting' });
  });
});

test('a camera without labels has a new picture with every fragment, one with labels only when a still is sampled', () => {
  for (const cameraId of ['yard', 'gate'])
    facts.publish({ type: 'fragment.spooled', ...span, cameraId, fragmentId: 1, bytes: 10 });
  expect(statuses.statuses().map(({ id, stillAtMs }) => [id, stillAtMs])).toEqual([
    ['yard', undefined],
    ['gate', startMs],
  ]);
});

test('a state that is told again keeps the time it began', () => {
  facts.publish(offlineFact);
  clock.setWall(startMs + 60_000);
  facts.publish(offlineFact);
  expect(yard()?.sinceMs).toBe(startMs);
  facts.publish({ type: 'camera.state', cameraId: 'yard', state: 'live' });
  expect(yard()?.sinceMs).toBe(startMs + 60_000);
});

test('what waits and what is lost is read from the spool at the moment it is asked for', () => {
  let fragments = 1;
  watch({ waiting: () => ({ fragments, bytes: 10 * fragments, oldestMs: startMs }), lostMs: () => 90_400 });
  fragments = 3;
  expect(yard()).toMatchObject({
    upload: { waitingFragments: 3, waitingBytes: 30, oldestWaitingMs: startMs },
    lostSeconds: 90,
  });
});

test('a spool that cannot be read is shown as the disk problem it is', () => {
  const broken = new AgentError({
    code: 'disk-failed',
    kind: 'unavailable',
    retry: 'later',
    message: 'The disk fails.',
  });
  watch({
    waiting: () => {
      throw broken;
    },
    lostMs: () => 0,
  });
  expect(yard()).toMatchObject({ state: 'starting', diskProblem: { code: 'disk-failed', message: 'The disk fails.' } });
});

test('a hundred changes a second reach a listener twice, and the last one is among them', async () => {
  const seen: (number | undefined)[] = [];
  const end = statuses.onChange(() => seen.push(yard()?.stillAtMs));
  for (let i = 0; i < 100; i++) {
    facts.publish({ type: 'still.sampled', cameraId: 'yard', atMs: i, motionScore: 0 });
    await clock.advance(10);
  }
  expect(seen).toEqual([49, 99]);
  end();
  facts.publish({ type: 'still.sampled', cameraId: 'yard', atMs: 100, motionScore: 0 });
  await clock.advance(1000);
  expect(seen).toHaveLength(2);
});

test('news that the console does not show disturbs nobody', async () => {
  let told = 0;
  statuses.onChange(() => told++);
  facts.publish({ type: 'ack.received', cameraId: 'yard', eventType: 'BUFFERING' });
  facts.publish({
    ...{ type: 'rule.evaluated', ruleId: 'r', cameraId: 'yard', sightingId: 's', atMs: 1, outcome: 'label' },
  });
  await clock.advance(1000);
  expect(told).toBe(0);
});

test('cameras come and go while others keep what is known of them, and listeners hear of it', async () => {
  facts.publish({ type: 'camera.state', cameraId: 'yard', state: 'live' });
  facts.publish({ type: 'camera.state', cameraId: 'gate', state: 'live' });
  await clock.advance(1000);
  let told = 0;
  statuses.onChange(() => told++);
  const labels = labelSettings.parse({ everySeconds: 5 });
  statuses.follow([
    { id: 'quay', stream: 'quay', labels: undefined },
    { id: 'yard', stream: 'other-stream', labels },
  ]);
  expect(statuses.statuses()).toMatchObject([
    { id: 'quay', state: 'starting', sinceMs: clock.nowMs() },
    { id: 'yard', state: 'live', sinceMs: startMs, stream: 'other-stream', labels: { on: true, everySeconds: 5 } },
  ]);
  facts.publish({ type: 'camera.state', cameraId: 'gate', state: 'offline' });
  await clock.advance(1000);
  expect(statuses.statuses()).toHaveLength(2);
  expect(told).toBe(1);
});
