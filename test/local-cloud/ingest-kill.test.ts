// The promise behind PERSISTED: whatever happens to the server, its index and its disk afterwards, the fragment is there.
// `npm run soak -- --ingest-kills 50` kills it more often.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { SmallDisk } from '../fault-lab/mounts.ts';
import { fillDisk } from './full-disk-soak.ts';
import { breachesOf, soakIngestKills } from './kill-soak.ts';

const kills = 4;

test(`after kill -9 in the middle of everything, ${kills} times over, what was promised is true`, async () => {
  const dir = await mkdtemp(join(tmpdir(), 'local-cloud-kill-'));
  try {
    // At the speed of time, in which signatures and sessions last however slow this machine is just now. Nothing is so old
    // after a few kills that retention would delete it.
    const figures = await soakIngestKills({ kills, dir, seed: 7, speed: 1 });
    console.info(figures);
    expect(breachesOf(figures)).toEqual([]);
    expect(figures.damages).toEqual({ deleted: 1, truncated: 1, overwritten: 1, none: 1 });
    expect(figures.persisted).toBeGreaterThanOrEqual(4 * kills);
    expect(figures.streamsMade).toBeGreaterThanOrEqual(kills);
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}, 400_000);

const cannotMount = await SmallDisk.mount(1).then(
  disk => disk[Symbol.asyncDispose]().then(() => ''),
  () => ' (no disk can be mounted here: root in a machine of its own can)',
);

describe.skipIf(cannotMount !== '')(`a full disk${cannotMount}`, () => {
  test.each([false, true])(
    'loses nothing that was acknowledged, and is recovered from; killed while full: %s',
    async killWhileFull => {
      const { persistedBefore, persistedAfter, refused, startedFull, ...wrong } = await fillDisk({ killWhileFull });
      expect(wrong).toEqual({ lost: 0, changed: 0, indexOffDisk: 0, unfinishedFiles: 0 });
      expect(Math.min(persistedBefore, persistedAfter)).toBeGreaterThanOrEqual(5);
      expect(refused).toBeGreaterThanOrEqual(5);
      expect(startedFull).toBe(true);
    },
  );
});
