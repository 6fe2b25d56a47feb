// What is recorded before the device knows the time: the real fragmenter and spool, in simulated time, and real kills.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Facts } from '../../agent/facts.ts';
import { scanFragment } from '../../agent/matroska/scan.ts';
import { Spool } from '../../agent/spool/spool.ts';
import { firstTrueMs, isProvisional } from '../../agent/time/provisional-time.ts';
import { TrueTimes } from '../../agent/time/true-times.ts';
import { TrustedClock } from '../../agent/time/trusted-clock.ts';
import { SimulatedClock } from '../simulated-clock.ts';
import { madeFragments, partsOf } from '../spool/parts.ts';
import { CameraFeed, frameMs } from './camera-feed.ts';

const hourMs = 3_600_000;
const bootMs = Date.UTC(2026, 10, 23, 8);
const cameraIds = ['door', 'yard', 'gate'];
const facts = new Facts(error => expect.fail(String(error)));

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'kvs-edge-time-'));
});
afterAll(() => rm(root, { recursive: true, force: true }));

/** A device that boots with its clock in 1970. */
async function boot(dir: string, options: { mode?: 'memory-first' } = {}) {
  const machine = new SimulatedClock(3_000);
  const clock = new TrustedClock(machine);
  const spool = await Spool.open({ dir, maxBytes: 1e9, provisionalBeforeMs: firstTrueMs, clock, facts, ...options });
  clock.continueAfter(spool.newestProvisionalMs());
  const cameras = cameraIds.map(cameraId => new CameraFeed(cameraId, { clock, spool }));
  return {
    ...{ machine, clock, spool },
    async record(ms: number) {
      for (let passedMs = 0; passedMs < ms; passedMs += frameMs) {
        await Promise.all(cameras.map(camera => camera.frame()));
        await machine.advance(frameMs);
      }
    },
    async end() {
      await Promise.all(cameras.map(camera => camera.end()));
    },
  };
}

/** Every frame's time, fragment by fragment as the uploader would send them, from the files themselves. */
async function sentTimes(spool: Spool, cameraId: string): Promise<number[]> {
  const times: number[] = [];
  for (let record = spool.nextWaiting(cameraId); record; record = spool.nextWaiting(cameraId, record.startMs)) {
    const { frames } = scanFragment(await spool.readFragment(record));
    expect(frames[0]?.timecodeMs).toBe(record.startMs);
    times.push(...frames.map(frame => frame.timecodeMs));
  }
  return times;
}

test('12. ten minutes of three cameras from 1970, through −1 h and +1 h, get right times in their order; none is sent before', async () => {
  const device = await boot(join(root, 'ten-minutes'));
  const { machine, clock, spool } = device;
  const stop = new AbortController();
  const trueTimes = new TrueTimes({ clock, spool, signal: stop.signal });
  const running = trueTimes.run();
  let mayBeSent = false;
  const gate = trueTimes.awaitTrust(stop.signal).then(() => {
    mayBeSent = true;
    expect(cameraIds.filter(id => isProvisional(spool.nextWaiting(id)?.startMs ?? 0))).toEqual([]);
    expect(cameraIds.filter(id => isProvisional(spool.growing(id)?.startMs ?? bootMs))).toEqual([]);
  });

  await device.record(200_000);
  machine.setWall(machine.nowMs() + hourMs);
  await device.record(200_000);
  machine.setWall(machine.nowMs() - 2 * hourMs);
  await device.record(201_000);
  expect(mayBeSent).toBe(false);
  expect(isProvisional(spool.newest('door')?.startMs ?? bootMs)).toBe(true);

  clock.trust({ source: 'service', offsetMs: bootMs + 300 });
  await device.record(10_000);
  for (const jumpMs of [hourMs, -2 * hourMs, hourMs]) {
    machine.setWall(machine.nowMs() + jumpMs);
    await device.record(10_000);
  }
  // Files are moved in real time.
  for (; !mayBeSent; await nextTurn()) await machine.advance(10);
  await gate;
  await running;
  await device.end();

  for (const cameraId of cameraIds) {
    const times = await sentTimes(spool, cameraId);
    expect(times).toHaveLength(641_000 / frameMs);
    const worst = times.map((timeMs, index) => Math.abs(timeMs - (bootMs + index * frameMs)));
    expect(Math.max(...worst)).toBeLessThanOrEqual(1000);
    expect(times.every((timeMs, index) => index === 0 || timeMs > (times[index - 1] ?? 0))).toBe(true);
    const [first = 0, last = 0] = [times[0], times.at(-1)];
    expect(spool.spans(cameraId, 0, bootMs + hourMs)).toEqual([{ startMs: first, endMs: last + frameMs, at: 'disk' }]);
    expect(spool.lostMs(cameraId)).toBe(0);
  }
  await spool[Symbol.asyncDispose]();
}, 600_000);

test('boots that never learnt the time are placed right before the one that did, in their order', async () => {
  const dir = join(root, 'boots');
  for (let lost = 0; lost < 2; lost++) {
    const device = await boot(dir);
    await device.record(12_000);
    await device.end();
    await device.spool[Symbol.asyncDispose]();
  }
  const device = await boot(dir);
  await device.record(8_000);
  device.clock.trust({ source: 'ntp', offsetMs: bootMs });
  await device.record(8_000);
  await device.end();
  expect(await device.spool.retime(device.clock.correctionMs)).toBe(0);
  const times = await sentTimes(device.spool, 'yard');
  expect(times).toHaveLength((12_000 + 12_000 + 16_000) / frameMs);
  expect(times.every((timeMs, index) => index === 0 || timeMs > (times[index - 1] ?? 0))).toBe(true);
  const before = times.filter(timeMs => timeMs < bootMs);
  expect(before).toHaveLength(24_000 / frameMs);
  expect(bootMs - (before[0] ?? 0)).toBeLessThan(30_000);
  await device.spool[Symbol.asyncDispose]();
});

test('memory-first writes fragments of unknown time to disk, and they get right times', async () => {
  const dir = join(root, 'memory');
  const device = await boot(dir, { mode: 'memory-first' });
  await device.record(8_200);
  expect(await readdir(join(dir, 'door'))).toContain('86400000.mkv');
  device.clock.trust({ source: 'ntp', offsetMs: bootMs });
  await device.record(8_000);
  await device.end();
  expect(await device.spool.retime(device.clock.correctionMs)).toBe(0);
  expect(await sentTimes(device.spool, 'door')).toHaveLength(16_200 / frameMs);
  await device.spool[Symbol.asyncDispose]();
});

test('a fragment that is read while it gets its right time is read, not taken for lost', async () => {
  const dir = join(root, 'reading');
  const spool = await Spool.open({
    dir,
    maxBytes: 1e9,
    provisionalBeforeMs: firstTrueMs,
    clock: new SimulatedClock(),
    facts,
  });
  await spool.write('cam', partsOf(madeFragments(86_400_000, 40)));
  const records = [];
  for (let record = spool.nextWaiting('cam'); record; record = spool.nextWaiting('cam', record.startMs))
    records.push(record);
  const moving = spool.retime(bootMs);
  const read = await Promise.all(records.map(record => spool.readFragment(record)));
  expect(read.map(bytes => scanFragment(bytes).frames.length)).toEqual(records.map(() => 5));
  await moving;
  expect(spool.waiting('cam').fragments).toBe(40);
  await spool[Symbol.asyncDispose]();
});

describe('kill -9 while recordings get their right times', () => {
  const fragments = 2;

  async function killedAt(killAt: number, rebuilt: boolean) {
    const dir = await mkdtemp(join(root, 'killed-'));
    await cp(join(root, 'template'), dir, { recursive: true });
    const agent = spawn(process.execPath, [
      join(import.meta.dirname, 'retiming-agent.ts'),
      dir,
      String(bootMs),
      String(killAt),
    ]);
    const [output, problems] = await Promise.all([text(agent.stdout), text(agent.stderr), once(agent, 'close')]);
    if (output === '' && agent.signalCode !== 'SIGKILL') throw new Error(problems);
    if (rebuilt) for (const end of ['', '-wal', '-shm']) await rm(join(dir, `index.sqlite${end}`), { force: true });
    const spool = await Spool.open({
      dir,
      maxBytes: 1e9,
      provisionalBeforeMs: firstTrueMs,
      clock: new SimulatedClock(),
      facts,
    });
    try {
      // Killed before the plan was on disk: nothing was moved yet, and the next boot does it.
      if (spool.newestProvisionalMs() > 0) await spool.retime(bootMs);
      const times = await sentTimes(spool, 'cam');
      const files = (await readdir(join(dir, 'cam'))).sort();
      return {
        changes: output === '' ? undefined : JSON.parse(output).changes,
        times,
        files,
        lostMs: spool.lostMs('cam'),
      };
    } finally {
      await spool[Symbol.asyncDispose]();
    }
  }

  test('at any step loses nothing, moves nothing twice and keeps the order, with and without the index', async () => {
    const dir = join(root, 'template');
    const spool = await Spool.open({
      dir,
      maxBytes: 1e9,
      provisionalBeforeMs: firstTrueMs,
      clock: new SimulatedClock(),
      facts,
    });
    await spool.write('cam', partsOf(madeFragments(86_400_000, fragments)));
    await spool[Symbol.asyncDispose]();
    const whole = await killedAt(0, false);
    expect(whole.times).toHaveLength(fragments * 5);
    expect(whole.times[0]).toBe(bootMs + 86_400_000);
    expect(whole.changes).toBeGreaterThan(fragments * 4);
    const steps = Array.from({ length: whole.changes }, (_, index) => index + 1);
    while (steps.length > 0) {
      const pair = steps.splice(0, 2).map(step => killedAt(step, step % 3 === 0));
      for (const { changes, times, files, lostMs } of await Promise.all(pair)) {
        expect({ changes, times, files, lostMs }).toEqual({ ...whole, changes: undefined });
      }
    }
  }, 600_000);
});

test('a fragment keeps every byte but the eight of its time', async () => {
  const dir = join(root, 'bytes');
  const spool = await Spool.open({
    dir,
    maxBytes: 1e9,
    provisionalBeforeMs: firstTrueMs,
    clock: new SimulatedClock(),
    facts,
  });
  await spool.write('cam', partsOf(madeFragments(86_400_000, 1)));
  const before = await readFile(join(dir, 'cam', '86400000.mkv'));
  await spool.retime(bootMs);
  const after = await readFile(join(dir, 'cam', `${86_400_000 + bootMs}.mkv`));
  const changed = [...before.keys()].filter(index => before[index] !== after[index]);
  expect(after).toHaveLength(before.length);
  expect(changed.length).toBeGreaterThan(0);
  expect((changed.at(-1) ?? 0) - (changed[0] ?? 0)).toBeLessThan(8);
  await spool[Symbol.asyncDispose]();
});
