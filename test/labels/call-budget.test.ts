// What may still be sent today, and what it cost: limits, days, clocks, restarts, kills.
import { fork } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { CallBudget } from '../../agent/labels/call-budget.ts';
import { LabelLedger } from '../../agent/labels/label-ledger.ts';
import { dayAt } from '../../shared/zone-day.ts';
import { budgetScene, camera, dataFolder } from './budget-scene.ts';

const hourMs = 3_600_000;
/** 25 November, 10:00 in Berlin. */
const morningMs = Date.UTC(2026, 10, 25, 9);
const midnightMs = Date.UTC(2026, 10, 25, 23);

function spend(budget: CallBudget, cameraId: string, calls: number): void {
  for (let call = 0; call < calls; call++) budget.take(cameraId);
}

describe('limits', () => {
  test('without any, nothing is ever spent, and everything is counted', () => {
    const { budget } = budgetScene();
    spend(budget, 'door', 1234);
    expect(budget.spentUntilMs('door')).toBeUndefined();
    expect(budget.spentPercent()).toBeUndefined();
    expect(budget.spentPercent('door')).toBeUndefined();
    expect(budget.today()).toEqual({
      ...{ day: '2026-11-25', endsMs: midnightMs, calls: 1234, dollars: 1.234 },
      month: { calls: 1234, dollars: 1.234 },
      cameras: [{ id: 'door', calls: 1234, dollars: 1.234 }],
    });
  });

  test('a camera’s own limit stops that camera until midnight in the time zone of the settings', () => {
    const { budget } = budgetScene({
      limits: { cameras: [camera('door', 'rekognition', 3), camera('yard', 'rekognition')] },
    });
    spend(budget, 'door', 2);
    expect(budget.spentUntilMs('door')).toBeUndefined();
    expect(budget.spentPercent('door')).toBeCloseTo(66.7, 1);
    spend(budget, 'door', 1);
    expect(budget.spentUntilMs('door')).toBe(midnightMs);
    expect(budget.spentUntilMs('yard')).toBeUndefined();
  });

  test('the limit for all stops every camera whose pictures leave the device, and no other', () => {
    const cameras = [camera('door', 'rekognition'), camera('yard', 'sagemaker'), camera('hall', 'onnx', 100)];
    const { budget } = budgetScene({ limits: { cameras, budget: { callsPerDay: 10, dollarsPerThousandCalls: 2 } } });
    spend(budget, 'door', 6);
    spend(budget, 'hall', 50);
    expect(budget.spentPercent()).toBe(60);
    spend(budget, 'yard', 4);
    expect(['door', 'yard', 'hall'].map(id => budget.spentUntilMs(id))).toEqual([midnightMs, midnightMs, undefined]);
    // Only Rekognition asks for money for each picture.
    expect(budget.today()).toMatchObject({
      calls: 10,
      limit: 10,
      dollars: 0.012,
      month: { calls: 10, dollars: 0.012 },
    });
    expect(budget.today().cameras).toEqual([
      { id: 'door', calls: 6, dollars: 0.012 },
      { id: 'yard', calls: 4, dollars: 0 },
      { id: 'hall', calls: 50, dollars: 0, limit: 100 },
    ]);
  });

  test('limits that are lowered or raised while the agent runs hold at once', () => {
    const { budget, limits } = budgetScene({ limits: { budget: { callsPerDay: 100, dollarsPerThousandCalls: 1 } } });
    spend(budget, 'door', 50);
    limits.budget.callsPerDay = 40;
    expect(budget.spentUntilMs('door')).toBe(midnightMs);
    expect(budget.spentPercent()).toBe(125);
    limits.budget.callsPerDay = 60;
    expect(budget.spentUntilMs('door')).toBeUndefined();
    limits.cameras = [camera('door', 'rekognition', 50)];
    expect(budget.spentUntilMs('door')).toBe(midnightMs);
    limits.timeZone = 'America/New_York';
    expect(budget.spentUntilMs('door')).toBe(Date.UTC(2026, 10, 26, 5));
  });

  test('a call that was refused is taken back, once, also on disk', () => {
    const { budget, dataDir } = budgetScene({ limits: { cameras: [camera('door', 'rekognition', 1)] } });
    const takeBack = budget.take('door');
    expect(budget.spentUntilMs('door')).toBe(midnightMs);
    takeBack();
    expect(budget.spentUntilMs('door')).toBeUndefined();
    expect(budgetScene({ dataDir }).budget.today().calls).toBe(0);
  });

  test('a camera that was removed still counts in what was spent', () => {
    const { budget, limits } = budgetScene();
    spend(budget, 'door', 5);
    limits.cameras = [camera('yard', 'rekognition'), { id: 'dark' }];
    expect(budget.today()).toMatchObject({
      calls: 5,
      cameras: [
        { id: 'yard', calls: 0 },
        { id: 'door', calls: 5 },
      ],
    });
  });
});

describe('days', () => {
  test('a new day begins at 0, the month goes on, and a new month begins at 0', () => {
    const { budget, clock } = budgetScene({ limits: { cameras: [camera('door', 'rekognition', 10)] } });
    spend(budget, 'door', 10);
    clock.setWall(midnightMs - 1);
    expect(budget.spentUntilMs('door')).toBe(midnightMs);
    clock.setWall(midnightMs);
    expect(budget.spentUntilMs('door')).toBeUndefined();
    spend(budget, 'door', 4);
    expect(budget.today()).toMatchObject({ day: '2026-11-26', calls: 4, month: { calls: 14, dollars: 0.014 } });
    clock.setWall(Date.UTC(2026, 10, 30, 23));
    expect(budget.today()).toMatchObject({ day: '2026-12-01', calls: 0, month: { calls: 0 } });
  });

  test('a clock that is set back to a day on which calls were made finds them again', () => {
    const { budget, clock } = budgetScene({ limits: { cameras: [camera('door', 'rekognition', 10)] } });
    spend(budget, 'door', 10);
    clock.setWall(morningMs + 72 * hourMs);
    spend(budget, 'door', 3);
    clock.setWall(morningMs - hourMs);
    expect(budget.spentUntilMs('door')).toBe(midnightMs);
    expect(budget.today()).toMatchObject({ day: '2026-11-25', calls: 10 });
    clock.setWall(morningMs + 72 * hourMs);
    expect(budget.today().calls).toBe(3);
  });

  test('calls made before anybody knew the time count on the day on which it is learnt', () => {
    const bootMs = 86_400_000 + 5_000;
    const before = budgetScene({ nowMs: bootMs, limits: { cameras: [camera('door', 'rekognition', 10)] } });
    spend(before.budget, 'door', 4);
    const { budget, clock } = budgetScene({
      ...{ dataDir: before.dataDir, nowMs: bootMs + 10_000, correctionMs: morningMs - bootMs },
      limits: { cameras: [camera('door', 'rekognition', 10)] },
    });
    spend(budget, 'door', 3);
    expect(budget.today().day).toBe('1970-01-02');
    clock.setWall(morningMs);
    spend(budget, 'door', 2);
    expect(budget.today()).toMatchObject({ day: '2026-11-25', calls: 9 });
    expect(budgetScene({ dataDir: before.dataDir }).budget.today()).toMatchObject({ calls: 9, month: { calls: 9 } });
  });

  // Each moment is the local midnight that an independent calendar gives.
  test.each([
    {
      name: 'the day of 23 hours',
      zone: 'Europe/Berlin',
      at: '2026-03-29T10:00:00Z',
      day: '2026-03-29',
      ends: '2026-03-29T22:00:00Z',
    },
    {
      name: 'the day of 25 hours',
      zone: 'Europe/Berlin',
      at: '2026-10-24T22:00:00Z',
      day: '2026-10-25',
      ends: '2026-10-25T23:00:00Z',
    },
    {
      name: 'its first hour of two',
      zone: 'Europe/Berlin',
      at: '2026-10-25T00:30:00Z',
      day: '2026-10-25',
      ends: '2026-10-25T23:00:00Z',
    },
    {
      name: 'its second hour of two',
      zone: 'Europe/Berlin',
      at: '2026-10-25T01:30:00Z',
      day: '2026-10-25',
      ends: '2026-10-25T23:00:00Z',
    },
    {
      name: 'a change at midnight, which makes 00:00 not be',
      zone: 'Africa/Cairo',
      at: '2026-04-23T12:00:00Z',
      day: '2026-04-23',
      ends: '2026-04-23T22:00:00Z',
    },
    {
      name: 'a change at midnight, which makes 23:00 be twice',
      zone: 'Africa/Cairo',
      at: '2026-10-29T20:30:00Z',
      day: '2026-10-29',
      ends: '2026-10-29T22:00:00Z',
    },
    {
      name: 'a zone of half an hour',
      zone: 'Asia/Kolkata',
      at: '2026-11-25T18:29:59Z',
      day: '2026-11-25',
      ends: '2026-11-25T18:30:00Z',
    },
    {
      name: 'a day that a country left out',
      zone: 'Pacific/Apia',
      at: '2011-12-30T00:00:00Z',
      day: '2011-12-29',
      ends: '2011-12-30T10:00:00Z',
    },
    {
      name: 'far east',
      zone: 'Pacific/Kiritimati',
      at: '2026-12-31T10:00:00Z',
      day: '2027-01-01',
      ends: '2027-01-01T10:00:00Z',
    },
    { name: 'UTC', zone: 'UTC', at: '2026-02-28T23:59:59Z', day: '2026-02-28', ends: '2026-03-01T00:00:00Z' },
  ])('$name: $day ends at $ends', ({ zone, at, day, ends }) => {
    const { endsMs, ...rest } = dayAt(Date.parse(at), zone);
    expect({ ...rest, ends: new Date(endsMs).toISOString() }).toEqual({ day, ends: ends.replace('Z', '.000Z') });
  });

  test('the moment before a day ends is of it and the next is not, for every hour of two years in many zones', () => {
    for (const zone of ['Europe/London', 'America/St_Johns', 'Australia/Lord_Howe', 'America/Santiago', 'Asia/Gaza']) {
      for (let ms = Date.UTC(2025, 0, 1); ms < Date.UTC(2027, 0, 1); ms += 41 * hourMs) {
        const { day, endsMs } = dayAt(ms, zone);
        expect(endsMs).toBeGreaterThan(ms);
        expect(dayAt(endsMs - 1, zone)).toEqual({ day, endsMs });
        expect(dayAt(endsMs, zone).day > day).toBe(true);
      }
    }
  });
});

describe('on disk', () => {
  test('what was counted is there after a restart', () => {
    const limits = { cameras: [camera('door', 'rekognition', 10)] };
    const { budget, dataDir, ledger } = budgetScene({ limits });
    spend(budget, 'door', 10);
    ledger[Symbol.dispose]();
    expect(budgetScene({ dataDir, limits }).budget.spentUntilMs('door')).toBe(midnightMs);
  });

  test('a process that is killed while it counts forgets no call that it was told of', async () => {
    const dataDir = dataFolder();
    for (let round = 0, total = 0; round < 5; round++) {
      const child = fork(join(import.meta.dirname, 'counting-agent.ts'), [dataDir], {
        stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      });
      let counted = 0;
      child.on('message', (calls: number) => {
        counted = calls;
        if (counted >= 20 + 7 * round) child.kill('SIGKILL');
      });
      await new Promise(resolve => child.on('exit', resolve));
      const ledger = new LabelLedger(dataDir);
      const kept = ledger.callsOf('2026-11-25').reduce((sum, { calls }) => sum + calls, 0);
      ledger[Symbol.dispose]();
      expect(counted).toBeGreaterThanOrEqual(20);
      expect(kept).toBeGreaterThanOrEqual(total + counted);
      total = kept;
    }
  });

  test('a disk that takes no numbers is told, and the limit holds all the same', () => {
    const { budget, ledger, problems } = budgetScene({ limits: { cameras: [camera('door', 'rekognition', 3)] } });
    budget.take('door');
    ledger[Symbol.dispose]();
    spend(budget, 'door', 2);
    expect(budget.spentUntilMs('door')).toBe(midnightMs);
    expect(problems).toEqual(['disk-failed', 'disk-failed']);
  });

  test('a file that is no database is told with what to do', () => {
    const dataDir = dataFolder();
    writeFileSync(join(dataDir, 'labels.sqlite'), 'not a database '.repeat(500));
    expect(() => new LabelLedger(dataDir)).toThrow(
      expect.objectContaining({
        code: 'disk-failed',
        kind: 'data-loss',
        message: expect.stringContaining('labels.sqlite'),
      }),
    );
    rmSync(join(dataDir, 'labels.sqlite'));
    new LabelLedger(dataDir)[Symbol.dispose]();
  });

  test('the last 400 days are kept, and a clock that was wrong once does not take today along', () => {
    const { ledger, dataDir } = budgetScene();
    const row = { cameraId: 'door', provider: 'rekognition', calls: 1 };
    ledger.count('2099-01-01', row);
    for (let day = 0; day < 500; day++) ledger.count(dayAt(morningMs - day * 24 * hourMs, 'UTC').day, row);
    ledger[Symbol.dispose]();
    const { ledger: again } = budgetScene({ dataDir });
    expect(again.callsOf('20')).toEqual([{ ...row, calls: 400 }]);
    expect(again.callsOf('2026-11-25')).toEqual([row]);
  });
});
