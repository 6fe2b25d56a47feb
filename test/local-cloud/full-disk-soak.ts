// An embedded server on a disk that fills up while producers send: what it had acknowledged stays, sessions end in
// ARCHIVAL_ERROR, it goes on by itself once there is room, and it can be killed and started while there is none.
import { truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { SmallDisk } from '../fault-lab/mounts.ts';
import { record } from './ingest-producer.ts';
import { audit, StreamLedger } from './kept-promises.ts';
import { KilledServer } from './killed-server.ts';
import { produce } from './soak-clients.ts';

const diskMebibytes = 24;
/** Taken away to make room. */
const ballastBytes = 8 * 1024 * 1024;

export type FullDiskFigures = {
  persistedBefore: number;
  persistedAfter: number;
  /** Sessions that were ended for want of room. */
  refused: number;
  lost: number;
  changed: number;
  indexOffDisk: number;
  unfinishedFiles: number;
  /** Whether it could be started while the disk was full. */
  startedFull: boolean;
};

/** Needs root, for a disk of its own. @throws Error when the server does not recover */
export async function fillDisk({ killWhileFull }: { killWhileFull: boolean }): Promise<FullDiskFigures> {
  await using disk = await SmallDisk.mount(diskMebibytes);
  const ballast = join(disk.path, 'ballast');
  await writeFile(ballast, new Uint8Array(ballastBytes));
  const server = new KilledServer(join(disk.path, 'cloud'));
  const recording = await record(1);
  const ledger = new StreamLedger('cam', 24);
  const send = async (enough: () => boolean) => {
    const stop = new AbortController();
    for (let attempt = 0; !enough(); attempt++) {
      if (attempt > 200) throw new Error('the server did not get there in 200 sessions');
      const session = produce({ server, stop: stop.signal }, ledger, { recording, pauseMs: 0 }).catch(() => undefined);
      while (!enough() && (await Promise.race([session.then(() => false), delay(5, true)])));
      if (enough()) stop.abort();
      await Promise.race([session, delay(100)]);
    }
  };
  const refused = () => ledger.refusals.get('ARCHIVAL_ERROR') ?? 0;
  try {
    await server.start();
    await server.call('/createStream', { StreamName: 'cam', DataRetentionInHours: 24 });
    await send(() => refused() >= 5);
    const persistedBefore = ledger.persisted.length;
    let startedFull = true;
    if (killWhileFull) {
      await server.kill();
      startedFull = await server.start().then(
        () => true,
        () => false,
      );
    }
    await truncate(ballast);
    if (!startedFull) await server.start();
    await send(() => ledger.persisted.length >= persistedBefore + 5);
    // A session is left open; the audit wants nobody to send.
    await server.kill();
    await server.start();
    const { lost, changed, indexOffDisk, unfinishedFiles } = await audit(server, ledger);
    const persistedAfter = ledger.persisted.length - persistedBefore;
    return {
      persistedBefore,
      persistedAfter,
      refused: refused(),
      lost,
      changed,
      indexOffDisk,
      unfinishedFiles,
      startedFull,
    };
  } finally {
    await server.kill();
  }
}
