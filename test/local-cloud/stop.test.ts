// What a server that was stopped does: nothing more. Its folder is another's from then on.
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { SimulatedClock } from '../simulated-clock.ts';
import { testCloud } from './control-cloud.ts';
import { signedCall } from './signed-call.ts';

const create = (url: string, StreamName: string) =>
  signedCall(url, { path: '/createStream' }, { body: JSON.stringify({ StreamName }) });

const files = (folder: string) => readdir(folder, { recursive: true }).then(names => names.sort());

test('what it was told to answer late it does not do after its end', async () => {
  const clock = new SimulatedClock(Date.now());
  await using running = await testCloud({ clock, faults: true });
  running.cloud.faults?.put([{ fault: 'late-answer', lateMs: 60_000, stream: 'late' }]);
  const asked = create(running.cloud.url, 'late').catch(() => 'cut off');
  await expect.poll(() => running.cloud.faults?.report().faults[0]?.met).toBe(1);
  await running.cloud.close();
  expect(await asked).toBe('cut off');
  await clock.advance(60_000);
  // Longer than making a stream takes.
  await pause(300);
  expect(await files(join(running.dataDir, 'streams'))).toEqual([]);
  expect(running.problems).toEqual([]);
});

test('changes that were under way are made when it has ended, and none comes later', async () => {
  await using running = await testCloud();
  const { url } = running.cloud;
  const asked = Array.from({ length: 50 }, (_, index) => create(url, `stream-${index}`).catch(() => 'cut off'));
  await Promise.race(asked);
  await running.cloud.close();
  const left = await files(running.dataDir);
  await Promise.all(asked);
  // Longer than all of them would take.
  await pause(500);
  expect(await files(running.dataDir)).toEqual(left);
  expect(running.problems).toEqual([]);
});
