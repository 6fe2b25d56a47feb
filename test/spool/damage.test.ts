// Invariants 3, 4 and 8 of agent/spool/spool.ts against random damage, real disks that are full or read-only, and kill -9.
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { cp, mkdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { scanFragment } from '../../agent/matroska/scan.ts';
import type { FragmentRecord } from '../../agent/spool/fragment-record.ts';
import { recover } from '../../agent/spool/recovery.ts';
import type { Spool } from '../../agent/spool/spool.ts';
import { SpoolIndex } from '../../agent/spool/spool-index.ts';
import { madeFragment, madeFragments, partsOf } from './parts.ts';
import { Scene, seededRandom } from './scene.ts';

const startMs = 1_795_420_701_593;
const fragments = 40;
const wholeFootage = [0, startMs + fragments * 200] as const;

/** For a long run: KVS_EDGE_KILLS=1000. */
const kills = Number(process.env.KVS_EDGE_KILLS ?? 10);
const damages = Number(process.env.KVS_EDGE_DAMAGES ?? 20);

function allWaiting(spool: Spool): FragmentRecord[] {
  const records: FragmentRecord[] = [];
  for (let next = spool.nextWaiting('cam'); next; next = spool.nextWaiting('cam', next.startMs)) records.push(next);
  return records;
}

/** 40 fragments, each third confirmed. `stop` decides whether the spool is closed or a power cut takes it. */
async function spoolToDamage(
  scene: Scene,
  stop: 'cleanly' | 'by a power cut',
): Promise<{ dir: string; waiting: FragmentRecord[] }> {
  const dir = join(scene.root, 'before');
  const spool = await scene.open();
  await spool.write('cam', partsOf(madeFragments(startMs, fragments)));
  for (const [index, { id }] of allWaiting(spool).entries()) if (index % 3 === 0) spool.markPersisted(id, String(id));
  spool.noteOffline('cam', startMs + 1e6, 'camera-denied');
  const waiting = allWaiting(spool);
  if (stop === 'by a power cut') await cp(scene.dir, dir, { recursive: true });
  await spool[Symbol.asyncDispose]();
  if (stop === 'cleanly') await cp(scene.dir, dir, { recursive: true });
  return { dir, waiting };
}

function damage(path: string, random: () => number): void {
  const bytes = readFileSync(path);
  const from = Math.floor(random() * bytes.length);
  const length = 1 + Math.floor(random() * 64);
  for (let at = from; at < Math.min(bytes.length, from + length); at++) bytes[at] = Math.floor(random() * 256);
  writeFileSync(path, bytes);
}

/** What was not confirmed still waits and is what it was; what was confirmed is in the cloud or, forgotten, waits again. */
function expectNothingLost(spool: Spool, before: readonly FragmentRecord[], seed: number): void {
  const after = new Map(allWaiting(spool).map(record => [record.startMs, record]));
  for (const { id: _, sendBegun: __, ...record } of before)
    expect(after.get(record.startMs), `seed ${seed}`).toMatchObject(record);
  const spans = spool.spans('cam', ...wholeFootage);
  expect(
    spans.filter(({ at }) => at !== 'disk' && at !== 'cloud'),
    `seed ${seed}`,
  ).toEqual([]);
  expect(spans[0]?.startMs).toBe(startMs);
  expect(spans.at(-1)?.endMs).toBe(wholeFootage[1]);
}

test.each(['cleanly', 'by a power cut'] as const)(
  '3. random damage in the index of a spool stopped %s loses nothing that waits',
  async stop => {
    await using scene = await Scene.make();
    const { dir, waiting } = await spoolToDamage(scene, stop);
    let rebuilt = 0;
    for (let seed = 1; seed <= damages; seed++) {
      const damaged = join(scene.root, `damaged-${seed}`);
      await cp(dir, damaged, { recursive: true });
      const random = seededRandom(seed);
      const wal = join(damaged, 'index.sqlite-wal');
      damage(existsSync(wal) && seed % 2 === 0 ? wal : join(damaged, 'index.sqlite'), random);
      await using spool = await scene.open({ dir: damaged });
      expectNothingLost(spool, waiting, seed);
      if (spool.recovery.indexRebuilt) rebuilt++;
      await rm(damaged, { recursive: true });
    }
    expect(rebuilt).toBeGreaterThan(0);
  },
);

test('4. a whole file cut at every byte keeps its whole frames, and the rest is lost with its reason', async () => {
  await using scene = await Scene.make();
  await using spool = await scene.open();
  await spool.write('cam', partsOf(madeFragment({ startMs, frames: 3, frameBytes: 12, nextStartMs: startMs + 120 })));
  const [record] = allWaiting(spool);
  const whole = record ? await spool.readFragment(record) : new Uint8Array();
  const folder = join(scene.root, 'cut', 'cam');
  for (let cut = 0; cut < whole.length; cut++) {
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, `${startMs}.mkv`), whole.subarray(0, cut));
    using index = new SpoolIndex(':memory:');
    if (record) index.insert(record);
    await recover({ dir: join(scene.root, 'cut'), index, isNew: false, nowMs: startMs });
    const kept = index.newest('cam');
    const keptUntilMs = kept?.endMs ?? startMs;
    expect(keptUntilMs).toBe(startMs + 40 * (kept?.frames ?? 0));
    expect(index.past.spans('cam', { fromMs: 0, toMs: 9e15, nowMs: startMs })).toEqual([
      { startMs: keptUntilMs, endMs: startMs + 120, at: 'lost', reason: 'file damaged' },
    ]);
    expect(index.bytes).toBe(kept?.bytes ?? 0);
    await rm(folder, { recursive: true });
  }
});

/** A small disk of its own, for tests that run as root. */
class SmallDisk implements Disposable {
  readonly dir: string;

  constructor(dir: string, size: string) {
    this.dir = dir;
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', dir], { stdio: 'ignore' });
  }

  remount(mode: 'ro' | 'rw'): void {
    execFileSync('mount', ['-o', `remount,${mode}`, this.dir]);
  }

  [Symbol.dispose](): void {
    execFileSync('umount', ['--lazy', this.dir]);
  }
}

/** Root in a container may lack the right. Elsewhere spool.test.ts stands in, with /dev/full. */
function mayMount(): boolean {
  const dir = mkdtempSync(join(tmpdir(), 'mount-'));
  try {
    using _disk = new SmallDisk(dir, '1m');
    return true;
  } catch {
    return false;
  } finally {
    rmdirSync(dir);
  }
}

/** Returns the function that undoes it. Permissions do not bind root, a read-only mount does. */
function makeReadOnly(folder: string): () => void {
  if (process.getuid?.() !== 0) {
    chmodSync(folder, 0o500);
    return () => chmodSync(folder, 0o700);
  }
  execFileSync('mount', ['--bind', folder, folder], { stdio: 'ignore' });
  execFileSync('mount', ['-o', 'remount,ro,bind', folder]);
  return () => execFileSync('umount', ['--lazy', folder]);
}

const canMount = mayMount();
const isRoot = process.getuid?.() === 0;

test.runIf(canMount)(
  '8. a disk that is really full loses what comes, says so, and goes on when there is room',
  async () => {
    await using scene = await Scene.make();
    await mkdir(scene.dir);
    using disk = new SmallDisk(scene.dir, '4m');
    await using spool = await scene.open();
    await writeFile(join(disk.dir, 'others'), new Uint8Array(2e6));
    await spool.write('cam', partsOf(madeFragments(startMs, 20, { frameBytes: 40_000 })));
    const lostMs = spool.lostMs('cam');
    expect(lostMs).toBeGreaterThan(1000);
    expect(scene.factsOf('spool.failed').every(({ error }) => error.code === 'disk-full')).toBe(true);
    await rm(join(disk.dir, 'others'));
    await spool.write('cam', partsOf(madeFragments(startMs + 4000, 2, { frameBytes: 40_000 })));
    expect(spool.lostMs('cam')).toBe(lostMs);
    const spans = spool.spans('cam', 0, startMs + 4400);
    expect(spans.reduce((sum, span) => sum + span.endMs - span.startMs, 0)).toBe(4400);
    expect(new Set(spans.map(({ at, reason }) => `${at} ${reason ?? ''}`))).toEqual(
      new Set(['disk ', 'lost disk-full']),
    );
    for (const record of allWaiting(spool))
      expect(scanFragment(await spool.readFragment(record)).frames).toHaveLength(record.frames);
  },
);

test.runIf(canMount)(
  '8. a disk that stays full leaves the index its room: what is sent from it is noted, and the spool closes',
  async () => {
    await using scene = await Scene.make();
    await mkdir(scene.dir);
    using _disk = new SmallDisk(scene.dir, '2m');
    await using spool = await scene.open();
    await spool.write('cam', partsOf(madeFragments(startMs, 500, { frameBytes: 10_000 })));
    const waiting = allWaiting(spool);
    expect(waiting.length).toBeGreaterThan(5);
    for (const { id } of waiting) {
      spool.markSendBegun(id);
      spool.markPersisted(id, String(id));
    }
    expect(spool.waiting('cam').fragments).toBe(0);
    expect(spool.lostMs('cam')).toBe((500 - waiting.length) * 200);
  },
);

test.runIf(canMount || !isRoot)(
  '8. a folder that turns read-only loses what comes, and nothing that was there',
  async () => {
    await using scene = await Scene.make();
    await using spool = await scene.open();
    await spool.write('cam', partsOf(madeFragments(startMs, 3)));
    const folder = join(scene.dir, 'cam');
    const makeWritable = makeReadOnly(folder);
    await spool.write('cam', partsOf(madeFragments(startMs + 600, 3)));
    makeWritable();
    expect(scene.factsOf('spool.failed').map(({ error }) => error.code)).toEqual(Array(3).fill('disk-read-only'));
    await spool.write('cam', partsOf(madeFragments(startMs + 1200, 1)));
    expect(spool.spans('cam', 0, startMs + 1400)).toEqual([
      { startMs, endMs: startMs + 600, at: 'disk' },
      { startMs: startMs + 600, endMs: startMs + 1200, at: 'lost', reason: 'disk-read-only' },
      { startMs: startMs + 1200, endMs: startMs + 1400, at: 'disk' },
    ]);
  },
);

test.runIf(canMount)(
  '8. a spool on a read-only disk says so, and is whole when the disk can be written again',
  async () => {
    await using scene = await Scene.make();
    await mkdir(scene.dir);
    using disk = new SmallDisk(scene.dir, '16m');
    {
      await using spool = await scene.open();
      await spool.write('cam', partsOf(madeFragments(startMs, 3)));
    }
    disk.remount('ro');
    await expect(scene.open()).rejects.toMatchObject({ code: 'disk-read-only' });
    disk.remount('rw');
    await using spool = await scene.open();
    expect(spool.recovery).toMatchObject({ indexRebuilt: false, missing: 0 });
    expect(allWaiting(spool)).toHaveLength(3);
  },
);

test('4. kill -9 at random moments, again and again, loses no fragment that counted', {
  timeout: 5_000 * (kills + 30),
}, async () => {
  await using scene = await Scene.make();
  const random = seededRandom(kills);
  const counted: number[] = [];
  for (let round = 1; round <= kills; round++) {
    const agent = spawn(process.execPath, [join(import.meta.dirname, 'writing-agent.ts'), scene.dir], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const closed = once(agent, 'close');
    const before = counted.length;
    for await (const line of createInterface({ input: agent.stdout })) {
      counted.push(Number(line));
      if (counted.length === before + 1) void delay(random() * 150).then(() => agent.kill('SIGKILL'));
    }
    await closed;
    await using spool = await scene.open();
    const here = new Map(allWaiting(spool).map(record => [record.startMs, record]));
    const spans = spool.spans('cam', 0, (counted.at(-1) ?? 0) + 200);
    expect(spans.filter(({ at }) => at !== 'disk' && at !== 'cloud')).toEqual([]);
    expect(spans[0]?.startMs).toBe(1_000_000);
    for (const start of counted.slice(before)) {
      const record = here.get(start) ?? spool.fragmentAt('cam', start);
      expect(record?.startMs).toBe(start);
      const scan = record && scanFragment(await spool.readFragment(record));
      expect([scan?.error, scan?.frames.length]).toEqual([undefined, record?.frames]);
    }
    expect(readdirSync(join(scene.dir, 'cam')).filter(name => !/^\d+\.mkv$/.test(name))).toEqual([]);
  }
  expect(counted.length).toBeGreaterThanOrEqual(kills);
  expect(new Set(counted).size).toBe(counted.length);
});
