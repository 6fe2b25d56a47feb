// Following a fragment while it grows.
import { mkdir, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { systemClock } from '../../agent/clock.ts';
import { Facts } from '../../agent/facts.ts';
import type { FragmentPart } from '../../agent/fragmenter/fragment-part.ts';
import { scanFragment } from '../../agent/matroska/scan.ts';
import type { Frame } from '../../agent/matroska/track.ts';
import { Spool } from '../../agent/spool/spool.ts';
import { madeFragment, madeFragments, partsOf } from './parts.ts';

const startMs = 1_795_420_701_593;
const never = new AbortController().signal;
let dir: string;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'growing-'));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

function openSpool(): Promise<Spool> {
  const facts = new Facts(error => {
    throw error;
  });
  return Spool.open({ dir, maxBytes: 1e9, clock: systemClock, facts });
}

/** Parts that come one by one, when the test says so. */
function slowCamera() {
  const { readable, writable } = new TransformStream<FragmentPart, FragmentPart>();
  const writer = writable.getWriter();
  return {
    parts: readable,
    send: async (parts: FragmentPart[]) => {
      for (const part of parts) await writer.write(part);
    },
    end: () => writer.close(),
  };
}

async function all(frames: AsyncIterable<Frame>): Promise<Frame[]> {
  const seen: Frame[] = [];
  for await (const frame of frames) seen.push(frame);
  return seen;
}

test('10. frames arrive while the fragment grows, the early ones too, and are the ones that end up on disk', async () => {
  await using spool = await openSpool();
  const camera = slowCamera();
  const writing = spool.write('cam', camera.parts);
  const begun = spool.changed('cam', never);
  const [begin, ...rest] = madeFragment({ startMs, frames: 4 });
  if (begin) await camera.send([begin]);
  await begun;
  await camera.send(rest.slice(0, 2));
  const growing = spool.growing('cam');
  expect(growing).toMatchObject({ startMs, cameraId: 'cam' });
  expect(spool.nextWaiting('cam')).toBeUndefined();
  const seen = growing ? all(growing.frames(never)) : Promise.reject(new Error('nothing grows'));
  await camera.send(rest.slice(2));
  await camera.end();
  await writing;
  const record = await growing?.whole;
  expect(record).toEqual(spool.nextWaiting('cam'));
  expect(record).toMatchObject({ codecKey: growing?.codecKey, sendBegun: false });
  const onDisk = record && scanFragment(await spool.readFragment(record)).frames;
  expect((await seen).map(frame => [frame.timecodeMs, frame.data.length])).toEqual(
    onDisk?.map(frame => [frame.timecodeMs, frame.data.length]),
  );
  expect(spool.growing('cam')).toBeUndefined();
});

test('10. at every moment the next fragment in time is either waiting or growing', async () => {
  await using spool = await openSpool();
  const order: number[] = [];
  const follow = async () => {
    for (let afterMs = 0; order.length < 20; afterMs = order.at(-1) ?? 0) {
      const next = spool.nextWaiting('cam', afterMs) ?? spool.growing('cam', afterMs);
      if (next) order.push(next.startMs);
      else await spool.changed('cam', never);
    }
  };
  await Promise.all([follow(), spool.write('cam', partsOf(madeFragments(startMs, 20)))]);
  expect(order).toEqual(Array.from({ length: 20 }, (_, index) => startMs + index * 200));
});

test('10. a sending begun while the fragment grows, or just after, stands in its record', async () => {
  await using spool = await openSpool();
  const parts = async function* () {
    for (const part of madeFragment({ startMs })) {
      if (part.type === 'end') spool.growing('cam')?.markSendBegun();
      yield part;
    }
  };
  await spool.write('cam', parts());
  expect(spool.nextWaiting('cam')?.sendBegun).toBe(true);
  const late = async function* () {
    const [begin, ...rest] = madeFragment({ startMs: startMs + 200 });
    if (begin) yield begin;
    const growing = spool.growing('cam');
    growing?.whole.then(() => growing.markSendBegun());
    yield* rest;
  };
  await spool.write('cam', late());
  expect(spool.doubtful('cam', 9).map(record => record.startMs)).toEqual([startMs, startMs + 200]);
});

test('10. a fragment the disk refuses still shows all its frames, and never becomes whole', async () => {
  await using spool = await openSpool();
  await mkdir(join(dir, 'cam'));
  await symlink('/dev/full', join(dir, 'cam', `${startMs}.mkv.growing`));
  const seen: Promise<unknown>[] = [];
  const parts = async function* () {
    for (const part of madeFragment({ startMs, frameBytes: 100_000 })) {
      const growing = spool.growing('cam');
      if (growing && seen.length === 0) seen.push(all(growing.frames(never)), growing.whole);
      yield part;
    }
  };
  await spool.write('cam', parts());
  const [frames, whole] = await Promise.all(seen);
  expect(frames).toHaveLength(5);
  expect(whole).toBeUndefined();
  expect(spool.growing('cam')).toBeUndefined();
});

test('who follows stops when told to', async () => {
  await using spool = await openSpool();
  const camera = slowCamera();
  const writing = spool.write('cam', camera.parts);
  await camera.send(madeFragment({ startMs }).slice(0, 2));
  const stop = new AbortController();
  const growing = spool.growing('cam');
  if (!growing) throw new Error('nothing grows');
  const following = all(growing.frames(stop.signal));
  stop.abort(new Error('enough'));
  await expect(following).rejects.toThrow('enough');
  await camera.end();
  await writing;
});
