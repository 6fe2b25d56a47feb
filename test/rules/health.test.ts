// Health as a source of alerts: what counts as a problem, when it is told and when it is told again, and what is measured.
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { RuleMemoryStore } from '../../agent/alerts/rule-memory/rule-memory.ts';
import { CameraMeasures, diskFreePercent, processorCelsius } from '../../agent/health/measure.ts';
import { RaiseAlerts } from '../../agent/raise-alerts.ts';
import { HealthRules, type Measurement } from '../../agent/rules/health.ts';
import { RuleBook } from '../../agent/rules/rule-book.ts';
import { watchHealth } from '../../agent/watch-health.ts';
import type { CameraStatus } from '../../shared/camera-status.ts';
import { factsOf, scene, temporaryFolder } from '../alerts/scene.ts';
import { rule } from './rule.ts';
import { camera, frameMs } from './scene.ts';

const minuteMs = 60_000;

function watch(change: object, { snoozed = () => false }: { snoozed?: () => boolean } = {}) {
  const rules = [rule({ id: 'ops', cooldownSeconds: 0, ...change })];
  const book = new RuleBook({ rules, cameras: [camera(), camera({ id: 'yard' })], timeZone: 'UTC' });
  let lastMs: number | undefined;
  const health = new HealthRules({ lastSentMs: () => lastMs, snoozed });
  return (atMs: number, measurements: Measurement[]) => {
    const firings = health.look(book, { atMs: frameMs + atMs, monotonicMs: atMs, measurements });
    for (const firing of firings) {
      health.raised(firing);
      lastMs = firing.atMs;
    }
    return firings.map(({ why }) => why);
  };
}

const hot: Measurement = { about: 'temperature', value: 81.4 };
const cool: Measurement = { about: 'temperature', value: 60 };

test('a problem is told once when it begins, and again only after it was gone for a while', () => {
  const look = watch({ when: { health: { temperatureCelsius: 80 } } });
  expect(look(0, [hot])).toEqual([]);
  expect(look(minuteMs - 1, [hot])).toEqual([]);
  expect(look(minuteMs, [hot])).toEqual(['The processor has 81 °C.']);
  for (let at = 2; at < 300; at++) expect(look(at * minuteMs, [hot])).toEqual([]);
  // A short pause is no end of it.
  expect(look(300 * minuteMs, [cool])).toEqual([]);
  expect(look(301 * minuteMs, [hot])).toEqual([]);
  expect(look(302 * minuteMs, [cool])).toEqual([]);
  expect(look(304 * minuteMs, [cool])).toEqual([]);
  expect(look(305 * minuteMs, [hot])).toEqual([]);
  expect(look(306 * minuteMs, [hot])).toHaveLength(1);
});

test('blips are not told', () => {
  const look = watch({ when: { health: { temperatureCelsius: 80 } } });
  for (let second = 0; second < 3600; second += 10) {
    expect(look(second * 1000, [second % 60 === 0 ? cool : hot])).toEqual([]);
  }
});

test.each<[string, object, Measurement, string | undefined]>([
  [
    'a camera offline for long enough',
    { cameraOfflineMinutes: 5 },
    { about: 'camera-offline', cameraId: 'yard', value: 5 },
    'The camera has given no video for 5 min.',
  ],
  [
    'a camera offline for a moment',
    { cameraOfflineMinutes: 5 },
    { about: 'camera-offline', cameraId: 'yard', value: 4.9 },
    undefined,
  ],
  ['another limit', { diskFreePercent: 5 }, { about: 'camera-offline', cameraId: 'yard', value: 500 }, undefined],
  [
    'a backlog',
    { backlogMinutes: 30 },
    { about: 'backlog', cameraId: 'yard', value: 31.5 },
    'Video of 31 min 30 s waits to be sent.',
  ],
  [
    'a full disk',
    { diskFreePercent: 10 },
    { about: 'disk', value: 9.44 },
    'Of the spool’s disk 9.4 % is free, less than 10 %.',
  ],
  ['room on the disk', { diskFreePercent: 10 }, { about: 'disk', value: 10 }, undefined],
  [
    'the clock of the device',
    { clockOffsetSeconds: 60 },
    { about: 'clock', value: 75 },
    'The clock of the device is off by 1 min 15 s.',
  ],
  [
    'the clock of a camera',
    { clockOffsetSeconds: 60 },
    { about: 'clock', cameraId: 'yard', value: 75 },
    'The clock of the camera is off by 1 min 15 s.',
  ],
  [
    'the budget',
    { budgetPercent: 80 },
    { about: 'budget', value: 80.2 },
    'Of the day’s calls for labels 80 % are spent.',
  ],
  ['lost video', { lostVideo: true }, { about: 'lost-video', cameraId: 'yard', value: 4 }, 'Video was lost: 4 s.'],
  ['no lost video', { lostVideo: true }, { about: 'lost-video', cameraId: 'yard', value: 0 }, undefined],
])('%s', (_what, health, measured, why) => {
  const look = watch({ when: { health } });
  expect([...look(0, [measured]), ...look(minuteMs, [measured])]).toEqual(why === undefined ? [] : [why]);
});

test('a rule for one camera looks at that camera, and at the device', () => {
  const look = watch({ when: { health: { cameraOfflineMinutes: 5, budgetPercent: 50 }, cameras: ['yard'] } });
  const offline = (cameraId: string): Measurement => ({ about: 'camera-offline', cameraId, value: 9 });
  expect(look(0, [offline('front-door')])).toEqual([]);
  expect(look(1, [offline('yard'), { about: 'budget', value: 60 }])).toHaveLength(2);
});

test('what is held back by the hours, a snooze or the cooldown and still holds is told when that ends', () => {
  const lost: Measurement = { about: 'camera-offline', cameraId: 'yard', value: 9 };
  const byHours = watch({ when: { health: { cameraOfflineMinutes: 5 } }, hours: ['Mon 08:00-09:00'] });
  expect(byHours(0, [lost])).toEqual([]);
  expect(byHours(Date.UTC(2026, 10, 23, 8) - frameMs, [lost])).toHaveLength(1);
  let snoozing = true;
  const bySnooze = watch({ when: { health: { cameraOfflineMinutes: 5 } } }, { snoozed: () => snoozing });
  expect(bySnooze(0, [lost])).toEqual([]);
  snoozing = false;
  expect(bySnooze(1000, [lost])).toHaveLength(1);
  const byCooldown = watch({ when: { health: { cameraOfflineMinutes: 5, lostVideo: true } }, cooldownSeconds: 600 });
  expect(byCooldown(0, [lost])).toHaveLength(1);
  const front: Measurement = { ...lost, cameraId: 'front-door' };
  expect(byCooldown(599_999, [lost, front])).toEqual([]);
  expect(byCooldown(600_000, [lost, front])).toHaveLength(1);
});

test('a loss that was held back is told later, all of it', () => {
  const look = watch({ when: { health: { lostVideo: true } }, hours: ['Mon 08:00-09:00'] });
  const lost = (value: number): Measurement => ({ about: 'lost-video', cameraId: 'yard', value });
  expect(look(0, [lost(4)])).toEqual([]);
  expect(look(10_000, [lost(0)])).toEqual([]);
  expect(look(20_000, [lost(3)])).toEqual([]);
  const open = Date.UTC(2026, 10, 23, 8) - frameMs;
  expect(look(open, [lost(0)])).toEqual(['Video was lost: 7 s.']);
  expect(look(open + 10_000, [lost(0)])).toEqual([]);
});

test('cameras are measured from look to look', () => {
  const measures = new CameraMeasures();
  const status = (change: Partial<CameraStatus> = {}): CameraStatus => ({
    ...{ id: 'yard', stream: 'yard', state: 'live', sinceMs: 0, lostSeconds: 100, labels: { on: false } },
    upload: { state: 'uploading', waitingFragments: 0, waitingBytes: 0 },
    ...change,
  });
  const values = (monotonicMs: number, change: Partial<CameraStatus>) =>
    Object.fromEntries(
      measures.measure([status(change)], { nowMs: frameMs, monotonicMs }).map(({ about, value }) => [about, value]),
    );
  expect(values(0, {})).toEqual({ 'camera-offline': 0, 'lost-video': 0 });
  // Trying again is not being live.
  expect(values(60_000, { state: 'offline' })).toMatchObject({ 'camera-offline': 1 });
  expect(values(120_000, { state: 'starting', lostSeconds: 104 })).toMatchObject({
    'camera-offline': 2,
    'lost-video': 4,
  });
  const upload = { ...status().upload, oldestWaitingMs: frameMs - 90_000 };
  expect(values(180_000, { upload, clockOffsetMs: -3_000 })).toMatchObject({
    'camera-offline': 0,
    backlog: 1.5,
    clock: 3,
  });
});

test('the disk and the temperature are read', async () => {
  expect(await diskFreePercent('/')).toBeGreaterThan(0);
  expect(await diskFreePercent('/nowhere/at/all')).toBeUndefined();
  const folder = temporaryFolder();
  const sensors = { 0: ['gpu', '99000'], 1: ['cpu-thermal', '61250'], 2: ['cpu-dead', '0'], 3: ['cpu-odd', '-274000'] };
  for (const [number, [type, temp]] of Object.entries(sensors)) {
    await mkdir(join(folder, `thermal_zone${number}`));
    await writeFile(join(folder, `thermal_zone${number}`, 'type'), `${type}\n`);
    await writeFile(join(folder, `thermal_zone${number}`, 'temp'), `${temp}\n`);
  }
  await mkdir(join(folder, 'thermal_zone4'));
  expect(await processorCelsius(folder)).toBe(61.25);
  expect(await processorCelsius(join(folder, 'thermal_zone4'))).toBeUndefined();
});

test('the watch raises what it sees on this machine, once', async () => {
  const { clock, facts, published, outbox, stop } = scene();
  const dataDir = temporaryFolder();
  const memory = new RuleMemoryStore({ dataDir, clock });
  onTestFinished(() => memory[Symbol.dispose]());
  const settings = { rules: [rule({ id: 'ops', when: { health: { diskFreePercent: 100 } } })], cameras: [] };
  const rules = new RaiseAlerts({ settings, outbox, memory, destinationsOf: () => ['hook'], clock, facts });
  const trusted = Object.assign(clock, {
    state: () => ({ trusted: true as const, source: 'ntp' as const, offsetMs: 0 }),
  });
  const watching = watchHealth(
    { rules, clock: trusted, statuses: { statuses: () => [] }, dir: dataDir, snoozed: () => false },
    stop.signal,
  );
  await clock.advanceUntil(
    () => factsOf(published, 'alert.raised').length > 0,
    () => false,
  );
  stop.abort();
  await watching;
  const [alert] = factsOf(published, 'alert.raised').map(({ alert }) => alert);
  expect(alert).toMatchObject({ kind: 'health', ruleId: 'ops', health: { about: 'disk', limit: 100 }, sightings: [] });
  expect(outbox.list({ limit: 10 })).toEqual([alert]);
});
