// The spool's invariants, numbered as in agent/spool/spool.ts; the others are in files of their own.
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { appendFile, type FileHandle, mkdir, mkdtemp, open, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { systemClock } from '../../agent/clock.ts';
import { type Fact, type FactOf, Facts } from '../../agent/facts.ts';
import type { FragmentRecord } from '../../agent/spool/fragment-record.ts';
import { LostSpans } from '../../agent/spool/lost-spans.ts';
import { Spool } from '../../agent/spool/spool.ts';
import { SpoolIndex } from '../../agent/spool/spool-index.ts';
import { madeFragment, madeFragments, partsOf } from './parts.ts';
import { realFragments } from './real-video.ts';

const startMs = 1_795_420_701_593;
const forever = [0, Number.MAX_SAFE_INTEGER] as const;

let root: string;
let dir: string;
let published: Fact[];
const facts = new Facts(error => {
  throw error;
});
facts.subscribe(fact => published.push(fact));

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'spool-'));
  dir = join(root, 'spool');
  published = [];
});
afterEach(() => rm(root, { recursive: true, force: true }));

function openSpool(options: { dir?: string; maxBytes?: number } = {}): Promise<Spool> {
  return Spool.open({ dir, maxBytes: 1e9, clock: systemClock, facts, ...options });
}

function factsOf<T extends Fact['type']>(type: T): FactOf<T>[] {
  return published.filter((fact): fact is FactOf<T> => fact.type === type);
}

const fileOf = (start: number, camera = 'cam') => join(dir, camera, `${start}.mkv`);

function waitingOf(spool: Spool, afterStartMs?: number): FragmentRecord {
  const record = spool.nextWaiting('cam', afterStartMs);
  if (!record) throw new Error('no fragment waits');
  return record;
}

describe('1. A fragment counts only when its file is whole', () => {
  test('while it grows there is only a temporary file, and no row, no fact, no waiting fragment', async () => {
    await using spool = await openSpool();
    const seen: unknown[] = [];
    const parts = async function* () {
      for (const part of madeFragment({ startMs, frameBytes: 200_000 })) {
        if (part.type === 'end')
          seen.push(readdirSync(join(dir, 'cam')), spool.waiting('cam').fragments, published.length);
        yield part;
      }
    };
    await spool.write('cam', parts());
    expect(seen).toEqual([[`${startMs}.mkv.growing`], 0, 0]);
    expect(readdirSync(join(dir, 'cam'))).toEqual([`${startMs}.mkv`]);
    expect(spool.waiting('cam')).toEqual({
      fragments: 1,
      bytes: readFileSync(fileOf(startMs)).length,
      oldestMs: startMs,
    });
    expect(factsOf('fragment.spooled')).toMatchObject([{ cameraId: 'cam', startMs, endMs: startMs + 200 }]);
  });

  test('the file is synced before it gets its name, the folder after that, and the row comes last', async () => {
    await using spool = await openSpool();
    const probe = await open(root);
    const prototype: FileHandle = Object.getPrototypeOf(probe);
    await probe.close();
    const { sync } = prototype;
    const steps: string[] = [];
    vi.spyOn(prototype, 'sync').mockImplementation(function (this: FileHandle) {
      const synced = relative(dir, readlinkSync(`/proc/self/fd/${this.fd}`));
      if (synced.startsWith('cam'))
        steps.push(`${synced}, in place: ${existsSync(fileOf(startMs))}, rows: ${waiting()}`);
      return sync.call(this);
    });
    const waiting = () => spool.waiting('cam').fragments;
    await spool.write('cam', partsOf(madeFragment({ startMs })));
    vi.restoreAllMocks();
    expect(steps).toEqual([`cam/${startMs}.mkv.growing, in place: false, rows: 0`, 'cam, in place: true, rows: 0']);
    expect(waiting()).toBe(1);
  });

  test('when the fact is published the file is in place under its name and complete', async () => {
    await using spool = await openSpool();
    const sizes: number[] = [];
    const stop = facts.subscribe(fact => {
      if (fact.type === 'fragment.spooled') sizes.push(readFileSync(fileOf(fact.startMs)).length - fact.bytes);
    });
    await spool.write('cam', partsOf(madeFragments(startMs, 3)));
    stop();
    expect(sizes).toEqual([0, 0, 0]);
  });

  test('a camera that goes away in mid-fragment leaves what came until then', async () => {
    await using spool = await openSpool();
    const broken = async function* () {
      yield* madeFragment({ startMs }).slice(0, 4);
      throw new Error('camera gone');
    };
    await expect(spool.write('cam', broken())).rejects.toThrow('camera gone');
    expect(spool.newest('cam')).toMatchObject({ startMs, frames: 3, endMs: startMs + 120, trackNumbers: [1] });
  });

  test('a fragment of a moment that is recorded already does not replace the one there is', async () => {
    await using spool = await openSpool();
    await spool.write('cam', partsOf(madeFragment({ startMs, frameBytes: 500 })));
    const before = readFileSync(fileOf(startMs));
    await spool.write('cam', partsOf([...madeFragment({ startMs }), ...madeFragment({ startMs: startMs + 500 })]));
    expect(readFileSync(fileOf(startMs))).toEqual(before);
    expect(spool.waiting('cam').fragments).toBe(2);
    expect(factsOf('spool.failed')).toHaveLength(1);
  });
});

test('2. A fragment on disk is a playable MKV: ffprobe decodes every frame of each file', async () => {
  await using spool = await openSpool();
  await spool.write('cam', partsOf(realFragments(startMs, 3)));
  const files = readdirSync(join(dir, 'cam'));
  expect(files).toHaveLength(3);
  for (const file of files) {
    const probe = execFileSync('ffprobe', [
      ...['-v', 'error', '-count_frames', '-show_entries', 'stream=nb_read_frames,codec_name', '-of', 'csv=p=0'],
      join(dir, 'cam', file),
    ]);
    expect(probe.toString().trim()).toBe('h264,10');
  }
  expect(spool.spans('cam', ...forever)).toEqual([{ startMs, endMs: startMs + 3000, at: 'disk' }]);
});

describe('7. The files stay under the cap', () => {
  test('persisted fragments leave first, then the oldest waiting ones, and the loss stays in the footage', async () => {
    await using probe = await openSpool({ dir: join(root, 'probe') });
    await probe.write('cam', partsOf(madeFragment({ startMs })));
    const fragmentBytes = probe.waiting('cam').bytes;
    published = [];

    await using spool = await openSpool({ maxBytes: 5 * fragmentBytes });
    await spool.write('cam', partsOf(madeFragments(startMs, 5)));
    spool.markPersisted(waitingOf(spool, startMs + 200).id, '9');
    await spool.write('cam', partsOf(madeFragments(startMs + 1000, 3)));

    expect(readdirSync(join(dir, 'cam'))).toHaveLength(5);
    expect(spool.waiting('cam')).toMatchObject({ fragments: 5, bytes: 5 * fragmentBytes });
    const reason = 'spool.maxBytes reached';
    expect(spool.spans('cam', ...forever)).toEqual([
      { startMs, endMs: startMs + 400, at: 'lost', reason },
      { startMs: startMs + 400, endMs: startMs + 600, at: 'cloud' },
      { startMs: startMs + 600, endMs: startMs + 1600, at: 'disk' },
    ]);
    expect(spool.lostMs('cam')).toBe(400);
    expect(factsOf('fragment.evicted').map(fact => fact.startMs)).toEqual([startMs, startMs + 200]);
  });

  test('a cap that was lowered holds from the next start on', async () => {
    {
      await using spool = await openSpool();
      await spool.write('cam', partsOf(madeFragments(startMs, 20, { frameBytes: 1000 })));
    }
    await using spool = await openSpool({ maxBytes: 30_000 });
    const sizes = readdirSync(join(dir, 'cam')).map(name => readFileSync(join(dir, 'cam', name)).length);
    expect(sizes.reduce((sum, bytes) => sum + bytes, 0)).toBeLessThanOrEqual(30_000);
    expect(spool.waiting('cam').fragments).toBe(sizes.length);
  });
});

describe('8. A disk that fails costs fragments, never the process', () => {
  test('a full disk in mid-fragment loses that fragment, says so, and the next one is kept', async () => {
    await using spool = await openSpool();
    await mkdir(join(dir, 'cam'));
    // Every write to /dev/full fails with ENOSPC.
    await symlink('/dev/full', `${fileOf(startMs + 200)}.growing`);
    await spool.write('cam', partsOf(madeFragments(startMs, 3, { frameBytes: 100_000 })));
    expect(spool.spans('cam', ...forever)).toEqual([
      { startMs, endMs: startMs + 200, at: 'disk' },
      { startMs: startMs + 200, endMs: startMs + 400, at: 'lost', reason: 'disk-full' },
      { startMs: startMs + 400, endMs: startMs + 600, at: 'disk' },
    ]);
    const [failure] = factsOf('spool.failed');
    expect(failure?.error).toMatchObject({ code: 'disk-full', retry: 'later' });
    expect(failure?.error.message).toContain(dir);
    expect(readdirSync(join(dir, 'cam'))).toHaveLength(2);
  });

  test('a full disk makes room from what the service has already', async () => {
    await using spool = await openSpool();
    await spool.write('cam', partsOf(madeFragments(startMs, 2)));
    spool.markPersisted(waitingOf(spool).id, '5');
    await symlink('/dev/full', `${fileOf(startMs + 400)}.growing`);
    await spool.write('cam', partsOf(madeFragments(startMs + 400, 1)));
    expect(existsSync(fileOf(startMs))).toBe(false);
    expect(existsSync(fileOf(startMs + 200))).toBe(true);
  });

  test('a folder that cannot be made is one failure a fragment, and the camera is still read to its end', async () => {
    await using spool = await openSpool();
    await appendFile(join(dir, 'cam'), 'a file where the folder should be');
    await spool.write('cam', partsOf(madeFragments(startMs, 3)));
    expect(factsOf('spool.failed').map(fact => fact.error.code)).toEqual(Array(3).fill('disk-failed'));
    expect(spool.spans('cam', ...forever)).toEqual([
      { startMs, endMs: startMs + 600, at: 'lost', reason: 'disk-failed' },
    ]);
    expect(spool.lostMs('cam')).toBe(600);
  });

  test('a lost span waits in memory while the index takes nothing, merged with the ones that touch it', () => {
    const index = new SpoolIndex(':memory:');
    const lost = new LostSpans(index);
    index[Symbol.dispose]();
    lost.add('cam', { startMs: 0, endMs: 200 }, 'disk-full');
    lost.add('cam', { startMs: 200, endMs: 400 }, 'disk-full');
    expect(lost.unrecorded('cam')).toEqual([{ startMs: 0, endMs: 400, at: 'lost', reason: 'disk-full' }]);
  });
});

test('a second agent on the same spool is told so and harms nothing', async () => {
  await using spool = await openSpool();
  await spool.write('cam', partsOf(madeFragments(startMs, 2)));
  await expect(openSpool()).rejects.toMatchObject({ code: 'spool-in-use' });
  expect(spool.waiting('cam').fragments).toBe(2);
});

test('a refused fragment waits no more and shows as lost with the service’s words', async () => {
  await using spool = await openSpool();
  await spool.write('cam', partsOf(madeFragments(startMs, 2)));
  spool.markRejected(waitingOf(spool).id, 'too large');
  expect(spool.nextWaiting('cam')?.startMs).toBe(startMs + 200);
  expect(spool.spans('cam', ...forever)[0]).toEqual({ startMs, endMs: startMs + 200, at: 'lost', reason: 'too large' });
  expect(spool.lostMs('cam')).toBe(200);
});

test('the fragment of a moment is found, and none in a gap', async () => {
  await using spool = await openSpool();
  await spool.write('cam', partsOf([...madeFragment({ startMs }), ...madeFragment({ startMs: startMs + 5000 })]));
  expect(spool.fragmentAt('cam', startMs + 199)?.startMs).toBe(startMs);
  expect(spool.fragmentAt('cam', startMs + 200)).toBeUndefined();
  expect(spool.fragmentAt('cam', startMs + 5000)?.startMs).toBe(startMs + 5000);
  expect(spool.fragmentAt('cam', startMs - 1)).toBeUndefined();
  expect(spool.fragmentAt('cam', startMs)?.fragmentNumber).toBeUndefined();
  spool.markPersisted(waitingOf(spool).id, '91343852333181432392682062607743920146159169392');
  const { fragmentNumber } = spool.fragmentAt('cam', startMs + 100) ?? {};
  expect(fragmentNumber).toBe('91343852333181432392682062607743920146159169392');
});

test('who waits for a change is woken by the next fragment of that camera, or by the abort', async () => {
  await using spool = await openSpool();
  const stop = new AbortController();
  const woken: string[] = [];
  const waits = ['cam', 'other'].map(camera =>
    spool.changed(camera, stop.signal).then(
      () => woken.push(camera),
      error => woken.push(String(error)),
    ),
  );
  await spool.write('cam', partsOf(madeFragment({ startMs })));
  await waits[0];
  expect(woken).toEqual(['cam']);
  stop.abort('stopped');
  await waits[1];
  expect(woken).toEqual(['cam', 'stopped']);
});
