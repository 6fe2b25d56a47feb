// What a server that was stopped does: nothing more. Its folder is another's from then on.
import { execFileSync } from 'node:child_process';
import { closeSync, constants, openSync, rmSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { expect, test, vi } from 'vitest';
import { FragmentIndex } from '../../agent/local-cloud/store/fragment-index.ts';
import { IndexDamage } from '../../agent/local-cloud/store/index-damage.ts';
import { folderName } from '../../agent/local-cloud/store/stream-records.ts';
import { writeHeader } from '../../agent/matroska/write.ts';
import { SimulatedClock } from '../simulated-clock.ts';
import { testCloud } from './control-cloud.ts';
import { cluster, putMedia, startMs, videoTrack } from './ingest-producer.ts';
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

test('it does not read all files to make its index again before it ends, when a producer waits for that', async () => {
  await using running = await testCloud({ onNotice: () => undefined });
  const { url } = running.cloud;
  await create(url, 'cam');
  // Files that take as long to read as the test likes.
  const slow = ['1', '2', '3'].map(name => join(running.dataDir, 'streams', folderName('cam'), `${name}.mkv`));
  execFileSync('mkfifo', slow);
  const hasReader = (path: string, flags: number) => {
    try {
      closeSync(openSync(path, flags | constants.O_NONBLOCK));
      return true;
    } catch {
      return false;
    }
  };
  using _released = {
    [Symbol.dispose]() {
      for (const path of slow) {
        hasReader(path, constants.O_RDWR);
        rmSync(path, { force: true });
      }
    },
  };
  using damage = vi.spyOn(FragmentIndex.prototype, 'nextSequence').mockImplementationOnce(() => {
    throw new IndexDamage('as if');
  });
  const producer = await putMedia(url);
  await producer.send(writeHeader([videoTrack]), cluster(startMs, 3));
  await expect.poll(() => damage.mock.calls.length).toBe(1);
  let isClosed = false;
  void running.cloud.close().then(() => {
    isClosed = true;
  });
  // The one that is being read, if it has come to that, comes to its end, and no other.
  let isRead = false;
  const look = () => {
    if (!isRead) isRead = slow.some(path => hasReader(path, constants.O_WRONLY));
    return isClosed;
  };
  await expect.poll(look).toBe(true);
  expect((await files(running.dataDir)).filter(name => name.endsWith('.mkv')).length).toBeGreaterThan(1);
});
