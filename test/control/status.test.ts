// What `kvs-edge status` says: totals that add up, what needs attention, and the table.
import { expect, test } from 'vitest';
import { agentStatus } from '../../agent/control/status-request.ts';
import { statusTable } from '../../agent/control/status-table.ts';
import { AgentError } from '../../agent/errors.ts';
import { agentStatusSchema } from '../../shared/agent-status.ts';
import type { FootageSpan } from '../../shared/api.ts';
import type { CameraStatus } from '../../shared/camera-status.ts';
import { coverageOf } from '../../shared/coverage.ts';
import type { DestinationStatus } from '../../shared/destination-status.ts';

const nowMs = Date.UTC(2026, 2, 2, 10);
const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

function camera(change: Partial<CameraStatus> = {}): CameraStatus {
  return {
    ...{ id: 'front-door', stream: 'front-door', state: 'live', sinceMs: nowMs - 3 * hourMs },
    upload: { state: 'uploading', waitingFragments: 0, waitingBytes: 0, lastPersistedAckMs: nowMs - 1_000 },
    ...{ lostSeconds: 0, labels: { on: false } },
    ...change,
  };
}

function statusOf(cameras: CameraStatus[], spans: FootageSpan[], site = {}) {
  return agentStatus({ siteName: 'Harbour', nowMs, cameras, footage: () => spans, site });
}

const span = (at: FootageSpan['at'], fromHour: number, toHour: number, reason?: string): FootageSpan => ({
  ...{ at, startMs: nowMs - dayMs + fromHour * hourMs, endMs: nowMs - dayMs + toHour * hourMs },
  ...(reason === undefined ? {} : { reason }),
});

test('the totals add up to the stretch, with what nobody knows, whatever overlaps or sticks out', () => {
  const spans = [span('disk', 23, 30), span('cloud', -3, 4), span('lost', 3, 5, 'disk-full'), span('offline', 6, 7)];
  const { totalsMs } = coverageOf(spans, nowMs - dayMs, nowMs);
  expect(totalsMs).toEqual({
    ...{ cloud: 4 * hourMs, lost: hourMs, offline: hourMs, disk: hourMs },
    ...{ 'agent-down': 0, unknown: 17 * hourMs },
  });
  expect(Object.values(totalsMs).reduce((sum, ms) => sum + ms)).toBe(dayMs);
});

test('an hour offline that is over needs nobody; a camera that is offline now does, in its own words', () => {
  const spans = [span('cloud', 0, 20), span('offline', 20, 21, 'camera-unreachable'), span('cloud', 21, 24)];
  expect(statusOf([camera()], spans).cameras[0]?.attention).toEqual([]);
  const problem = { code: 'camera-unreachable', message: 'The camera does not answer.' };
  expect(statusOf([camera({ state: 'offline', problem })], spans).cameras[0]?.attention).toEqual([problem.message]);
});

test('lost video, a stuck upload, a bad disk, missing credentials and an untrusted clock need attention', () => {
  const word = (message: string) => ({ code: 'x', message });
  const troubled = camera({
    upload: { state: 'waiting', waitingFragments: 3, waitingBytes: 1, problem: word('AWS refused.') },
    diskProblem: word('The disk is full.'),
  });
  const site = { credentials: { source: 'environment', problem: 'No key.' }, clock: { trusted: false } };
  const { cameras, attention } = statusOf([troubled], [span('lost', 1, 2, 'disk-full')], site);
  expect(cameras[0]?.attention).toEqual([
    'The disk is full.',
    'AWS refused.',
    '1 h of video were lost in the last 24 hours.',
  ]);
  expect(attention).toEqual(['No key.', expect.stringContaining('clock')]);
});

test('what the agent answers is what the command reads, to the last field', () => {
  const answered = statusOf([camera()], [span('cloud', 0, 24)], { clock: { trusted: true, source: 'ntp' } });
  expect(agentStatusSchema.parse(JSON.parse(JSON.stringify(answered)))).toEqual(answered);
});

test('the table says where everything is, in a line a camera', () => {
  const behind = camera({
    upload: {
      ...{ state: 'uploading', waitingFragments: 12, waitingBytes: 3_400_000, oldestWaitingMs: nowMs - 65_000 },
      ...{ lastPersistedAckMs: nowMs - 2_000, etaSeconds: 9 },
    },
  });
  const spans = [span('cloud', 0, 20), span('offline', 20, 21, 'camera-unreachable'), span('cloud', 21, 24)];
  const status = statusOf([behind], spans, {
    credentials: { source: 'environment' },
    clock: { trusted: true, source: 'ntp' },
  });
  expect(statusTable(agentStatusSchema.parse(status))).toBe(
    `\
Harbour · credentials: environment · clock: ntp

CAMERA      STATE     UPLOAD     WAITING                                   LAST STORED
front-door  live 3 h  uploading  12 · 3.4 MB, 1 min 5 s behind, done in 9 s  2 s ago

LAST 24 H   IN CLOUD  ON DISK  LOST  OFFLINE  AGENT OFF  UNKNOWN
front-door  23 h      -        -     1 h      -          -

front-door  2026-03-02T06:00:00 to 2026-03-02T07:00:00Z  1 h  camera offline: camera-unreachable
`.replace('WAITING                                   LAST', 'WAITING                                     LAST'),
  );
});

test('the table says what labels cost today, and that a spent budget needs attention', () => {
  const budget = {
    ...{ day: '2026-03-02', endsMs: nowMs + 2 * hourMs, calls: 4_998, limit: 5_000, dollars: 4.998 },
    month: { calls: 6_100, dollars: 0.004 },
    cameras: [
      { id: 'front-door', calls: 2_000, limit: 2_000, dollars: 2 },
      { id: 'yard', calls: 2_998, dollars: 2.998 },
    ],
  };
  const paused = camera({ labels: { on: true, paused: { reason: 'budget', untilMs: nowMs + 2 * hourMs } } });
  const status = statusOf([paused], [span('cloud', 0, 24)], { budget });
  const table = statusTable(agentStatusSchema.parse(status));
  expect(table.split('\n')[1]).toBe(
    'labels today: 4998 of 5000 pictures sent · $ 5.00 · this month less than $ 0.01 · front-door 2000 of 2000',
  );
  expect(status.cameras[0]?.attention).toEqual([
    'Labels are paused until 2026-03-02T12:00Z: the pictures of the day are spent. Motion is still noted.',
  ]);
  const failing = camera({ labels: { on: true, paused: { reason: 'failure', untilMs: nowMs + 2_000 } } });
  expect(statusOf([failing], [span('cloud', 0, 24)]).cameras[0]?.attention).toEqual([]);
});

test('a camera that was removed is shown for as long as video of it waits', () => {
  const status = statusOf([camera()], [], { leaving: [{ id: 'shed', waitingFragments: 3, waitingBytes: 1_200_000 }] });
  expect(statusTable(agentStatusSchema.parse(status))).toContain('\nshed  removed, still to be sent: 3 · 1.2 MB\n');
});

const quiet: DestinationStatus = {
  ...{ id: 'ops', kind: 'webhook', waiting: 0, dead: 3, recentlyDead: 0, lastDeliveredMs: nowMs - hourMs },
  lastProblem: { atMs: nowMs - 2 * hourMs, message: 'The ops has trouble of its own (500).' },
};
const minute = 60_000;
test.each<{ name: string; change: Partial<DestinationStatus>; attention: string[] }>([
  { name: 'was in trouble and is well again', change: {}, attention: [] },
  {
    name: 'has waited for a moment',
    change: { waiting: 2, oldestWaitingMs: nowMs - 9 * minute, lastDeliveredMs: nowMs - 3 * hourMs },
    attention: [],
  },
  {
    name: 'has waited for long',
    change: { waiting: 2, oldestWaitingMs: nowMs - 11 * minute, lastDeliveredMs: nowMs - 3 * hourMs },
    attention: ['2 alerts for ops could not be delivered yet. The ops has trouble of its own (500).'],
  },
  {
    name: 'gave one up today, and goes on',
    change: { recentlyDead: 1 },
    attention: ['One alert for ops had to be given up in the last 24 hours.'],
  },
])('a destination that $name', ({ change, attention }) => {
  const destinations = () => [{ ...quiet, ...change }];
  const status = agentStatus({ siteName: 'Harbour', nowMs, cameras: [], footage: () => [], destinations });
  expect(status.attention).toEqual(attention);
  expect(statusTable(agentStatusSchema.parse(status))).toContain('ops');
});

test('alerts that cannot be counted do not hide the cameras', () => {
  const destinations = () => {
    throw new AgentError({ code: 'disk-failed', kind: 'unavailable', retry: 'later', message: 'The disk is broken.' });
  };
  const status = agentStatus({ siteName: 'Harbour', nowMs, cameras: [camera()], footage: () => [], destinations });
  expect(status).toMatchObject({ attention: ['The disk is broken.'], cameras: [{ id: 'front-door' }] });
});
