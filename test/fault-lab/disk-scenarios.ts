// A disk that fails under the spool, and an index that is not what it was.
import { open, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { systemClock } from '../../agent/clock.ts';
import { cannotMount, SmallDisk, WornDisk } from './mounts.ts';
import type { LabSize, Outcome, Scenario } from './scenario.ts';
import { patienceMs, until } from './scenario.ts';
import { nowMs, Site } from './site.ts';

export const diskScenarios: readonly Scenario[] = [
  { name: 'disk full while the uplink is down', cannot: cannotMount, run: runFullDisk },
  { name: 'disk turns read-only', cannot: cannotMount, run: runReadOnlyDisk },
  { name: 'index deleted', run: size => runIndexFault(size, file => rm(file)) },
  { name: 'index corrupted', run: size => runIndexFault(size, corrupt) },
];

/** 400 kB a second into a few megabytes, and nothing leaves: at full length for longer than any room that is left. */
async function runFullDisk(size: LabSize): Promise<Outcome> {
  await using disk = await SmallDisk.mount(size === 'short' ? 4 : 16);
  await using site = await Site.open(size);
  const dir = join(disk.path, 'spool');
  await using pipeline = await site.start({ dir, camera: { pictureBytes: 40_000 } });
  await site.running(pipeline);
  const beganMs = nowMs();
  site.cloud.faults.put([{ fault: 'refuse' }]);
  await until('the disk is full', () => pipeline.errors.includes('disk-full'), patienceMs[size]);
  await systemClock.sleep(size === 'short' ? 3000 : 40_000);
  const attempts = pipeline.connectsSince(beganMs);
  site.cloud.faults.clear();
  const overMs = nowMs();
  const recoveryMs = await site.recovery(pipeline, overMs);
  await site.drain(pipeline);
  return { ...(await site.balance()), faultMs: overMs - beganMs, attempts, recoveryMs };
}

/** The upload goes on meanwhile as far as it can; then the device is restarted with a repaired disk. */
async function runReadOnlyDisk(size: LabSize): Promise<Outcome> {
  await using disk = await WornDisk.mount(32);
  await using site = await Site.open(size);
  const dir = join(disk.path, 'spool');
  const beganMs = await recordOn(site, dir, async pipeline => {
    await site.running(pipeline);
    await disk.fail();
    await systemClock.sleep(size === 'short' ? 4000 : 20_000);
  });
  const faultMs = nowMs() - beganMs;
  const attempts = site.putMediaRequests;
  await disk.repair();
  return await restart(site, { dir, faultMs, attempts });
}

/** Fragments wait on disk; the agent stops, its index is damaged, and it starts again. */
async function runIndexFault(size: LabSize, damage: (file: string) => Promise<void>): Promise<Outcome> {
  await using site = await Site.open(size);
  const beganMs = await recordOn(site, site.dir, async pipeline => {
    await site.running(pipeline);
    site.cloud.faults.put([{ fault: 'refuse' }]);
    await systemClock.sleep(size === 'short' ? 3000 : 20_000);
  });
  const files = (await readdir(site.dir)).filter(name => name.includes('.sqlite'));
  if (files.length === 0) throw new Error('The spool has no index');
  await Promise.all(files.map(name => damage(join(site.dir, name))));
  const attempts = site.putMediaRequests;
  site.cloud.faults.clear();
  return await restart(site, { dir: site.dir, faultMs: nowMs() - beganMs, attempts });
}

/** Records until `work` is done, then stops the agent. Returns when the work began. */
async function recordOn(
  site: Site,
  dir: string,
  work: (pipeline: Awaited<ReturnType<Site['start']>>) => Promise<void>,
): Promise<number> {
  await using pipeline = await site.start({ dir });
  const beganMs = nowMs();
  await work(pipeline);
  await pipeline.stopCamera();
  site.note(pipeline);
  return beganMs;
}

async function restart(
  site: Site,
  { dir, ...measured }: { dir: string; faultMs: number; attempts: number },
): Promise<Outcome> {
  const overMs = nowMs();
  await using pipeline = await site.start({ dir });
  const recoveryMs = await site.recovery(pipeline, overMs);
  await site.drain(pipeline);
  return { ...(await site.balance()), ...measured, recoveryMs };
}

/** Every page but the first bytes, by which SQLite knows its files. */
async function corrupt(path: string): Promise<void> {
  const file = await open(path, 'r+');
  try {
    const { size } = await file.stat();
    if (size > 200) await file.write(Buffer.alloc(size - 200, 0xa5), 0, size - 200, 200);
  } finally {
    await file.close();
  }
}
