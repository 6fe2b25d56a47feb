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

/** Timecode and data of each, as they were when it came. */
async function seenIn(frames: AsyncIterable<Frame>): Promise<[timecodeMs: number, data: string][]> {
  const seen: [number, string][] = [];
  for await (const { timecodeMs, data } of frames) seen.push([timecodeMs, data.toString()]);
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
  const seen = growing ? seenIn(growing.frames(never)) : Promise.reject(new Error('nothing grows'));
  await camera.send(rest.slice(2));
  await camera.end();
  await writing;
  const record = await growing?.whole;
  expect(record).toEqual(spool.nextWaiting('cam'));
  expect(record).toMatchObject({ codecKey: growing?.codecKey, sendBegun: false });
  const onDisk = record && scanFragment(await spool.readFragment(record)).frames;
  expect(await seen).toEqual(onDisk?.map(frame => [frame.timecodeMs, frame.data.toString()]));
  expect(spool.growing('cam')).toBeUndefined();
});

test('10. whoever begins to read when the fragment counts is given the same frames, and their memory is free', async () => {
  await using spool = await openSpool();
  const camera = slowCamera();
  const writing = spool.write('cam', camera.parts);
  const begun = spool.changed('cam', never);
  const [begin, ...rest] = madeFragment({ startMs, frames: 4 });
  if (begin) await camera.send([begin]);
  await begun;
  await camera.send(rest.slice(0, 2));
  const growing = spool.growing('cam');
  if (!growing) throw new Error('nothing grows');
  const slow = growing.frames(never)[Symbol.asyncIterator]();
  const first = (await slow.next()).value as Frame;
  const firstBytes = first.data.toString();
  await camera.send(rest.slice(2));
  await camera.end();
  await writing;
  await growing.whole;
  // A reader in the middle still has what it was given, and gets the rest.
  expect(first.data.toString()).toBe(firstBytes);
  const others = await seenIn({ [Symbol.asyncIterator]: () => slow });
  expect(first.data.length).toBe(0);
  const all = await seenIn(growing.frames(never));
  expect(all).toEqual([[first.timecodeMs, firstBytes], ...others]);
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
      if (growing && seen.length === 0) seen.push(seenIn(growing.frames(never)), growing.whole);
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
  const following = seenIn(growing.frames(stop.signal));
  stop.abort(new Error('enough'));
  await expect(following).rejects.toThrow('enough');
  await camera.end();
  await writing;
});
