// Invariant 13 of agent/spool/spool.ts: what the service refused is set aside, shown, exported, tried again.
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { systemClock } from '../../agent/clock.ts';
import { spoolCommand, spoolRequests } from '../../agent/commands/spool-command.ts';
import { serveControl } from '../../agent/control/control-server.ts';
import type { Spool } from '../../agent/spool/spool.ts';
import { madeFragment, madeFragments, partsOf } from './parts.ts';
import { realFragments } from './real-video.ts';
import { Scene } from './scene.ts';

const startMs = 1_795_420_701_593;

function reject(spool: Spool, cameraId: string, reason: string): number {
  const record = spool.nextWaiting(cameraId);
  if (!record) throw new Error('no fragment waits');
  spool.markRejected(record.id, reason);
  return record.id;
}

test('13. a refused fragment leaves the way of the rest, with its reason beside it', async () => {
  await using scene = await Scene.make();
  await using spool = await scene.open();
  await spool.write('cam', partsOf(madeFragments(startMs, 2)));
  await spool.write('other', partsOf(madeFragment({ startMs })));
  const id = reject(spool, 'cam', 'AWS cannot read the video (4006).');
  reject(spool, 'other', 'too large');
  expect(spool.nextWaiting('cam')?.startMs).toBe(startMs + 200);
  expect(readdirSync(join(scene.dir, 'cam')).sort()).toEqual([`${startMs + 200}.mkv`, 'rejected']);
  expect(readFileSync(join(scene.dir, 'cam', 'rejected', `${startMs}.txt`), 'utf8')).toContain('4006');
  expect(spool.rejected('cam')).toMatchObject([{ id, startMs, reason: 'AWS cannot read the video (4006).' }]);
  expect(spool.rejected().map(({ cameraId }) => cameraId)).toEqual(['cam', 'other']);
  expect(spool.lostMs('cam')).toBe(200);
});

test('13. an exported fragment is video, is never written over a file, and stays refused', async () => {
  await using scene = await Scene.make();
  await using spool = await scene.open();
  await spool.write('cam', partsOf(realFragments(startMs, 1)));
  const id = reject(spool, 'cam', 'no');
  const path = join(scene.root, 'out.mkv');
  await spool.exportRejected(id, path);
  const probe = ['-v', 'error', '-count_frames', '-show_entries', 'stream=nb_read_frames', '-of', 'csv=p=0', path];
  expect(execFileSync('ffprobe', probe).toString().trim()).toBe('10');
  await expect(spool.exportRejected(id, path)).rejects.toMatchObject({ message: expect.stringContaining('exists') });
  await expect(spool.exportRejected(id + 1, path)).rejects.toMatchObject({ code: 'fragment-missing' });
  await expect(spool.exportRejected(id, join(scene.root, 'no', 'folder.mkv'))).rejects.toMatchObject({
    code: 'disk-failed',
  });
  expect(spool.rejected()).toHaveLength(1);
});

test('13. a fragment that is tried again waits like any other, and is lost no more', async () => {
  await using scene = await Scene.make();
  await using spool = await scene.open();
  await spool.write('cam', partsOf(madeFragment({ startMs })));
  const bytes = spool.waiting('cam').bytes;
  spool.markSendBegun(spool.nextWaiting('cam')?.id ?? 0);
  const id = reject(spool, 'cam', 'no');
  const woken = spool.changed('cam', new AbortController().signal);
  spool.retryRejected(id);
  await woken;
  const record = spool.nextWaiting('cam');
  expect(record).toMatchObject({ id, startMs, sendBegun: false });
  expect(record && (await spool.readFragment(record)).length).toBe(bytes);
  expect(spool.rejected()).toEqual([]);
  expect(spool.lostMs('cam')).toBe(0);
  expect(readdirSync(join(scene.dir, 'cam', 'rejected'))).toEqual([]);
  expect(() => spool.retryRejected(id)).toThrow(expect.objectContaining({ code: 'fragment-missing' }));
});

test('13. a lost index does not bring refused fragments back, and their reasons are known', async () => {
  await using scene = await Scene.make();
  {
    await using spool = await scene.open();
    await spool.write('cam', partsOf(madeFragments(startMs, 2)));
    reject(spool, 'cam', 'AWS cannot read the video (4006).');
  }
  await rm(join(scene.dir, 'index.sqlite'));
  await using spool = await scene.open();
  expect(spool.rejected()).toMatchObject([{ startMs, reason: 'AWS cannot read the video (4006).' }]);
  expect(spool.waiting('cam')).toMatchObject({ fragments: 1, oldestMs: startMs + 200 });
});

test('13. refused fragments keep at most a tenth of the cap; the oldest leave', async () => {
  await using scene = await Scene.make();
  await using spool = await scene.open({ maxBytes: 60_000 });
  await spool.write('cam', partsOf(madeFragments(startMs, 20)));
  while (spool.nextWaiting('cam')) reject(spool, 'cam', 'no');
  await spool.write('cam', partsOf(madeFragment({ startMs: startMs + 4000 })));
  const kept = spool.rejected();
  const keptBytes = kept.reduce((sum, { bytes }) => sum + bytes, 0);
  expect(keptBytes).toBeLessThanOrEqual(6_000);
  expect(keptBytes).toBeGreaterThan(5_000);
  expect(kept.at(-1)?.startMs).toBe(startMs + 3800);
  expect(readdirSync(join(scene.dir, 'cam', 'rejected'))).toHaveLength(2 * kept.length);
  expect(spool.spans('cam', 0, startMs + 4000)).toEqual([{ startMs, endMs: startMs + 4000, at: 'lost', reason: 'no' }]);
});

async function settingsFileOf(scene: Scene): Promise<string> {
  const path = join(scene.root, 'settings.yaml');
  await writeFile(path, 'spool: { dir: spool }\ncameras:\n  - { id: cam, url: "rtsp://127.0.0.1/x" }\n');
  return path;
}

test.each(['stopped', 'running'])('kvs-edge spool lists, exports and retries with the agent %s', async agent => {
  await using scene = await Scene.make();
  const settingsFile = await settingsFileOf(scene);
  await using resources = new AsyncDisposableStack();
  const first = await scene.open();
  resources.adopt(first, spool => (agent === 'running' ? spool[Symbol.asyncDispose]() : undefined));
  await first.write('cam', partsOf(madeFragment({ startMs })));
  const id = reject(first, 'cam', 'too large');
  if (agent === 'stopped') await first[Symbol.asyncDispose]();
  else {
    const onUnexpectedError = () => undefined;
    const dataDir = join(scene.root, 'data');
    resources.use(
      await serveControl({ dataDir, requests: spoolRequests(first), clock: systemClock, onUnexpectedError }),
    );
  }
  const run = async (command: Parameters<typeof spoolCommand>[0]) => {
    const lines: string[] = [];
    await spoolCommand(command, text => lines.push(text));
    return lines.join('');
  };
  expect(await run({ settingsFile, action: 'list', json: false })).toMatch(
    new RegExp(`^NUMBER .*\\n${id} +cam +2026-11-23T.*Z  0\\.2 s +0\\.0 MB +too large\\n$`),
  );
  expect(JSON.parse(await run({ settingsFile, action: 'list', camera: 'cam', json: true }))).toMatchObject([{ id }]);
  const path = join(scene.root, 'out.mkv');
  await run({ settingsFile, action: 'export', id, path });
  expect(readFileSync(path).length).toBeGreaterThan(500);
  await run({ settingsFile, action: 'retry', id });
  await expect(run({ settingsFile, action: 'retry', id })).rejects.toMatchObject({ code: 'fragment-missing' });
  expect(await run({ settingsFile, action: 'list', json: false })).toContain('refused nothing');
  expect(readdirSync(join(scene.dir, 'cam', 'rejected'))).toEqual([]);
});
