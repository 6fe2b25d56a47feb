// Invariants 3 to 6 of agent/spool/spool.ts: what is on disk when a spool opens, and what becomes of it.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { cp, mkdir, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { systemClock } from '../../agent/clock.ts';
import { scanFragment } from '../../agent/matroska/scan.ts';
import type { FragmentRecord } from '../../agent/spool/fragment-record.ts';
import { recover } from '../../agent/spool/recovery.ts';
import type { Spool } from '../../agent/spool/spool.ts';
import { SpoolIndex } from '../../agent/spool/spool-index.ts';
import { madeFragment, madeFragments, partsOf } from './parts.ts';
import { Scene } from './scene.ts';

const startMs = 1_795_420_701_593;
const forever = [0, Number.MAX_SAFE_INTEGER] as const;

let scene: Scene;

beforeEach(async () => {
  scene = await Scene.make();
});
afterEach(() => scene[Symbol.asyncDispose]());

function open(options: { dir?: string } = {}): Promise<Spool> {
  return scene.open({ clock: systemClock, ...options });
}

const fileOf = (start: number) => join(scene.dir, 'cam', `${start}.mkv`);

function waitingOf(spool: Spool): FragmentRecord {
  const record = spool.nextWaiting('cam');
  if (!record) throw new Error('no fragment waits');
  return record;
}

/** Everything a power cut would leave, taken while the spool is still open. */
async function crashCopy(): Promise<string> {
  const copy = join(scene.root, 'crashed');
  await cp(scene.dir, copy, { recursive: true });
  return copy;
}

describe('3. Files are the truth', () => {
  const damages: Record<string, (index: string) => Promise<void>> = {
    'is deleted': async index => {
      for (const suffix of ['', '-wal', '-shm']) await rm(`${index}${suffix}`, { force: true });
    },
    'is overwritten with rubbish': index => writeFile(index, Buffer.alloc(20_000, 'rubbish')),
    'is cut in half': index => truncate(index, 6_000),
    'is empty': index => truncate(index, 0),
    'has the pages of its tables zeroed': async index => {
      const bytes = readFileSync(index);
      await writeFile(index, bytes.fill(0, 4096));
    },
  };

  test.each(Object.keys(damages))('when the index %s, every fragment waits again and is doubtful', async damage => {
    {
      await using spool = await open();
      await spool.write('cam', partsOf(madeFragments(startMs, 4)));
      for (let record = spool.nextWaiting('cam'); record; record = spool.nextWaiting('cam'))
        spool.markPersisted(record.id, '1');
    }
    await damages[damage]?.(join(scene.dir, 'index.sqlite'));
    await using spool = await open();
    expect(spool.recovery).toMatchObject({ adopted: 4, damaged: 0 });
    expect(spool.doubtful('cam', 10).map(record => record.startMs - startMs)).toEqual([0, 200, 400, 600]);
    expect(spool.spans('cam', ...forever)).toEqual([{ startMs, endMs: startMs + 800, at: 'disk' }]);
    const setAside = readdirSync(scene.dir).filter(name => /^damaged-\d+\.sqlite$/.test(name));
    expect(setAside).toHaveLength(damage === 'is deleted' || damage === 'is empty' ? 0 : 1);
  });

  test('what the index says of a fragment equals what its file says', async () => {
    {
      await using spool = await open();
      await spool.write('cam', partsOf(madeFragments(startMs, 3)));
    }
    const before = new SpoolIndex(join(scene.dir, 'index.sqlite'));
    const rows = before.ofCamera('cam');
    before[Symbol.dispose]();
    await damages['is deleted']?.(join(scene.dir, 'index.sqlite'));
    await using spool = await open();
    expect(spool.doubtful('cam', 10)).toEqual(rows.map(row => ({ ...row, sendBegun: true })));
  });

  test('files of others in the folders are left alone', async () => {
    await mkdir(join(scene.dir, 'cam'), { recursive: true });
    await mkdir(join(scene.dir, 'lost+found'));
    await writeFile(join(scene.dir, 'cam', 'notes.txt'), 'mine');
    await using spool = await open();
    expect(spool.waiting('cam').fragments).toBe(0);
    expect(existsSync(join(scene.dir, 'cam', 'notes.txt'))).toBe(true);
  });
});

describe('4. What a crash left growing is kept up to its last whole block', () => {
  test('cut at every byte of a fragment', async () => {
    await using spool = await open();
    await spool.write('cam', partsOf(madeFragment({ startMs, frames: 3 })));
    const whole = readFileSync(fileOf(startMs));
    const { headerBytes } = scanFragment(whole);
    const kept: number[] = [];
    for (let cut = 0; cut <= whole.length; cut++) {
      const folder = join(scene.root, 'cut', 'cam');
      await mkdir(folder, { recursive: true });
      await writeFile(join(folder, `${startMs}.mkv.growing`), whole.subarray(0, cut));
      using index = new SpoolIndex(':memory:');
      await recover({ dir: join(scene.root, 'cut'), index, isNew: true, nowMs: startMs });
      const record = index.newest('cam');
      kept.push(record?.frames ?? 0);
      expect(readdirSync(folder)).toEqual(record ? [`${startMs}.mkv`] : []);
      if (record) {
        const scan = scanFragment(readFileSync(join(folder, `${startMs}.mkv`)));
        expect([scan.error, scan.frames.length]).toEqual([undefined, record.frames]);
        expect(record).toMatchObject({ startMs, headerBytes, state: 'waiting', sendBegun: true });
      }
      await rm(folder, { recursive: true });
    }
    const blockBytes = 13 + 100;
    expect(kept.filter(frames => frames === 3)).toHaveLength(1);
    expect(kept.filter(frames => frames === 2)).toHaveLength(blockBytes);
    expect(kept.filter(frames => frames === 1)).toHaveLength(blockBytes);
    expect(kept).toEqual(kept.toSorted((a, b) => a - b));
  });
});

describe('5. A row whose file is gone becomes history', () => {
  test('waiting is lost with its reason, persisted stays in the cloud', async () => {
    {
      await using spool = await open();
      await spool.write('cam', partsOf(madeFragments(startMs, 3)));
      spool.markPersisted(waitingOf(spool).id, '77');
    }
    await rm(fileOf(startMs));
    await rm(fileOf(startMs + 200));
    await using spool = await open();
    expect(spool.recovery.missing).toBe(2);
    expect(spool.spans('cam', 0, startMs + 600)).toEqual([
      { startMs, endMs: startMs + 200, at: 'cloud' },
      { startMs: startMs + 200, endMs: startMs + 400, at: 'lost', reason: 'file missing' },
      { startMs: startMs + 400, endMs: startMs + 600, at: 'disk' },
    ]);
    expect(spool.lostMs('cam')).toBe(200);
  });

  test('a file that vanishes while the agent runs is lost when it is read, and the next one still waits', async () => {
    await using spool = await open();
    await spool.write('cam', partsOf(madeFragments(startMs, 2)));
    const first = waitingOf(spool);
    await rm(fileOf(startMs));
    await expect(spool.readFragment(first)).rejects.toMatchObject({ code: 'fragment-missing' });
    expect(spool.nextWaiting('cam')?.startMs).toBe(startMs + 200);
    expect(scene.factsOf('fragment.evicted')).toMatchObject([{ startMs, reason: 'file missing' }]);
  });

  test('a file that lost its end keeps its whole frames, and the rest is lost with its reason', async () => {
    {
      await using spool = await open();
      await spool.write('cam', partsOf(madeFragments(startMs, 2)));
    }
    await truncate(fileOf(startMs), readFileSync(fileOf(startMs)).length - 150);
    await using spool = await open();
    expect(spool.spans('cam', 0, startMs + 400)).toEqual([
      { startMs, endMs: startMs + 120, at: 'disk' },
      { startMs: startMs + 120, endMs: startMs + 200, at: 'lost', reason: 'file damaged' },
      { startMs: startMs + 200, endMs: startMs + 400, at: 'disk' },
    ]);
  });
});

describe('6. After an unclean end every waiting fragment may have been sent', () => {
  test('a power cut makes them doubtful', async () => {
    await using spool = await open();
    await spool.write('cam', partsOf(madeFragments(startMs, 3)));
    spool.markPersisted(waitingOf(spool).id, '77');
    await using restarted = await open({ dir: await crashCopy() });
    expect(restarted.doubtful('cam', 10).map(record => record.startMs)).toEqual([startMs + 200, startMs + 400]);
  });

  test('a clean stop keeps what was known: only begun sends are doubtful', async () => {
    {
      await using spool = await open();
      await spool.write('cam', partsOf(madeFragments(startMs, 3)));
      spool.markSendBegun(waitingOf(spool).id);
    }
    await using spool = await open();
    expect(spool.doubtful('cam', 10).map(record => record.startMs)).toEqual([startMs]);
    spool.markNotSent(spool.doubtful('cam', 1)[0]?.id ?? 0);
    expect(spool.doubtful('cam', 10)).toEqual([]);
    expect(spool.waiting('cam').fragments).toBe(3);
  });
});
