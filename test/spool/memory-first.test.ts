// Invariant 11 of agent/spool/spool.ts: memory-first mode spares the card and loses only what a power cut takes.
import { cp, mkdir, readdir, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, test } from 'vitest';
import { scanFragment } from '../../agent/matroska/scan.ts';
import type { Spool } from '../../agent/spool/spool.ts';
import { madeFragments, partsOf } from './parts.ts';
import { Scene } from './scene.ts';

const mode = { mode: 'memory-first', memorySeconds: 30 } as const;

function write(spool: Spool, startMs: number, count: number): Promise<void> {
  return spool.write('cam', partsOf(madeFragments(startMs, count, { frameBytes: 10_000 })));
}

function persistAll(spool: Spool): void {
  for (let next = spool.nextWaiting('cam'); next; next = spool.nextWaiting('cam')) spool.markPersisted(next.id, '1');
}

async function files(dir: string): Promise<string[]> {
  return (await readdir(join(dir, 'cam')).catch(() => [])).filter(name => name.endsWith('.mkv'));
}

test('11. what is confirmed in time is never written', async () => {
  await using scene = await Scene.make();
  const startMs = scene.clock.nowMs();
  {
    await using spool = await scene.open(mode);
    await write(spool, startMs, 5);
    expect(spool.waiting('cam').fragments).toBe(5);
    const record = spool.nextWaiting('cam');
    const bytes = record && (await spool.readFragment(record));
    expect(bytes?.length).toBe(record?.bytes);
    expect(bytes && scanFragment(bytes)).toMatchObject({ startMs, headerBytes: record?.headerBytes });
    persistAll(spool);
    const newest = spool.newest('cam');
    expect(newest && (await spool.readFragment(newest)).length).toBe(newest?.bytes);
    await scene.clock.advance(60_000);
    expect(spool.newest('cam')).toBeUndefined();
    expect(spool.bytesWritten(startMs)).toBe(0);
    expect(spool.spans('cam', 0, startMs + 1000)).toEqual([{ startMs, endMs: startMs + 1000, at: 'cloud' }]);
  }
  expect(await files(scene.dir)).toEqual([]);
});

test('11. what is not confirmed in time is on disk, and survives a power cut from then on', async () => {
  await using scene = await Scene.make();
  const startMs = scene.clock.nowMs();
  await using spool = await scene.open(mode);
  await write(spool, startMs, 3);
  await scene.clock.advance(29_000);
  expect(await files(scene.dir)).toEqual([]);
  await scene.clock.advance(5_000);
  await expect.poll(() => files(scene.dir)).toHaveLength(3);
  await write(spool, startMs + 600, 2);
  await cp(scene.dir, join(scene.root, 'crashed'), { recursive: true });
  await using restarted = await scene.open({ ...mode, dir: join(scene.root, 'crashed') });
  expect(restarted.waiting('cam').fragments).toBe(3);
  expect(restarted.spans('cam', 0, startMs + 1000)).toEqual([
    { startMs, endMs: startMs + 600, at: 'disk' },
    { startMs: startMs + 600, endMs: startMs + 1000, at: 'lost', reason: 'lost with the memory' },
  ]);
});

test('11. a clean stop writes everything that waits, and not what is confirmed', async () => {
  await using scene = await Scene.make();
  const startMs = scene.clock.nowMs();
  {
    await using spool = await scene.open(mode);
    await write(spool, startMs, 3);
    spool.markPersisted(spool.nextWaiting('cam')?.id ?? 0, '1');
  }
  expect(await files(scene.dir)).toEqual([`${startMs + 200}.mkv`, `${startMs + 400}.mkv`]);
  await using spool = await scene.open(mode);
  expect(spool.spans('cam', 0, startMs + 600)).toEqual([
    { startMs, endMs: startMs + 200, at: 'cloud' },
    { startMs: startMs + 200, endMs: startMs + 600, at: 'disk' },
  ]);
  expect(spool.recovery).toMatchObject({ adopted: 0, missing: 0 });
});

test('11. memory stays under its bound: confirmed fragments leave it first, then the oldest are written', async () => {
  await using scene = await Scene.make();
  const startMs = scene.clock.nowMs();
  await using spool = await scene.open({ ...mode, memoryBytes: 4 * 51_000 });
  await write(spool, startMs, 3);
  spool.markPersisted(spool.nextWaiting('cam', startMs + 200)?.id ?? 0, '1');
  await write(spool, startMs + 600, 3);
  expect(await files(scene.dir)).toEqual([`${startMs}.mkv`]);
  expect(spool.waiting('cam').fragments).toBe(5);
});

test('11. a disk that refuses costs nothing while the memory lasts, and then the oldest', async () => {
  await using scene = await Scene.make();
  const startMs = scene.clock.nowMs();
  await using spool = await scene.open({ ...mode, memoryBytes: 4 * 51_000 });
  await mkdir(join(scene.dir, 'cam'));
  await symlink('/dev/full', join(scene.dir, 'cam', `${startMs}.mkv.growing`));
  await write(spool, startMs, 4);
  expect(spool.waiting('cam').fragments).toBe(4);
  expect(scene.factsOf('spool.failed')).toEqual([]);
  await write(spool, startMs + 800, 1);
  expect(scene.factsOf('spool.failed')[0]?.error.code).toBe('disk-full');
  expect(spool.spans('cam', 0, startMs + 1000)).toEqual([
    { startMs, endMs: startMs + 200, at: 'lost', reason: 'disk-full' },
    { startMs: startMs + 200, endMs: startMs + 1000, at: 'disk' },
  ]);
  await rm(join(scene.dir, 'cam'), { recursive: true });
});

test('11. an index that refuses too costs the oldest, and the rest is written when the disk takes it again', async () => {
  await using scene = await Scene.make();
  const startMs = scene.clock.nowMs();
  await (await scene.open(mode))[Symbol.asyncDispose]();
  {
    using index = new DatabaseSync(join(scene.dir, 'index.sqlite'));
    index.exec("CREATE TRIGGER full BEFORE INSERT ON history BEGIN SELECT RAISE(ABORT, 'no room'); END");
  }
  {
    await using spool = await scene.open({ ...mode, memoryBytes: 4 * 51_000 });
    await mkdir(join(scene.dir, 'cam'));
    await symlink('/dev/full', join(scene.dir, 'cam', `${startMs}.mkv.growing`));
    await write(spool, startMs, 5);
    expect(scene.factsOf('spool.failed').map(({ error }) => error.code)).toEqual(['disk-full', 'disk-failed']);
    await scene.clock.advance(40_000);
    await expect.poll(() => files(scene.dir)).toHaveLength(4);
    await write(spool, startMs + 1000, 1);
  }
  expect(await files(scene.dir)).toHaveLength(5);
});

test('11. footage that must stay on the device is written even when confirmed', async () => {
  await using scene = await Scene.make();
  const startMs = scene.clock.nowMs();
  await using spool = await scene.open({ ...mode, localRetentionHours: () => 1 });
  await write(spool, startMs, 2);
  persistAll(spool);
  await scene.clock.advance(40_000);
  await expect.poll(() => files(scene.dir)).toHaveLength(2);
  const newest = spool.newest('cam');
  expect(newest).toMatchObject({ state: 'persisted' });
});
