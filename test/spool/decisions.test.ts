// The spool's pure decisions, case by case.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { diskError } from '../../agent/spool/disk-errors.ts';
import { chooseEvictions } from '../../agent/spool/eviction.ts';
import { mergeSpans } from '../../agent/spool/footage.ts';
import type { FragmentRecord, FragmentState } from '../../agent/spool/fragment-record.ts';
import { mediaEndMs } from '../../agent/spool/media-end.ts';
import type { FootageSpan } from '../../shared/api.ts';

function record(startMs: number, state: FragmentState, bytes = 10): FragmentRecord {
  return {
    ...{ id: startMs, cameraId: 'cam', startMs, endMs: startMs + 1, bytes, headerBytes: 1, frames: 1 },
    ...{ codecKey: '', trackNumbers: [1], state, sendBegun: false },
  };
}

const mixed = [
  record(1, 'waiting'),
  record(2, 'persisted'),
  record(3, 'rejected'),
  record(4, 'persisted'),
  record(5, 'waiting'),
];

test.each([
  ['nothing when nothing is over', 0, []],
  ['the oldest persisted first, though a waiting one is older', 1, [2]],
  ['all persisted before the refused', 21, [2, 4, 3]],
  ['waiting ones last, oldest first', 31, [2, 4, 3, 1]],
  ['everything when even that does not suffice', 1000, [2, 4, 3, 1, 5]],
])('eviction takes %s', (_, excessBytes, expected) => {
  expect(chooseEvictions({ candidates: mixed, excessBytes }).map(({ startMs }) => startMs)).toEqual(expected);
});

test('what is just being sent leaves after what still waits', () => {
  const sending = { ...record(1, 'waiting'), sendBegun: true };
  expect(
    chooseEvictions({ candidates: [sending, record(2, 'waiting')], excessBytes: 1 }).map(({ startMs }) => startMs),
  ).toEqual([2]);
});

const disk = (startMs: number, endMs: number): FootageSpan => ({ startMs, endMs, at: 'disk' });
const lost = (startMs: number, endMs: number, reason: string): FootageSpan => ({ startMs, endMs, at: 'lost', reason });

test.each<[string, FootageSpan[], FootageSpan[]]>([
  ['touching spans become one', [disk(10, 20), disk(20, 30)], [disk(10, 30)]],
  ['a gap stays a gap', [disk(10, 20), disk(21, 30)], [disk(10, 20), disk(21, 30)]],
  ['order does not matter', [disk(20, 30), disk(10, 20)], [disk(10, 30)]],
  ['other reasons stay apart', [lost(10, 20, 'a'), lost(20, 30, 'b')], [lost(10, 20, 'a'), lost(20, 30, 'b')]],
  ['spans are cut to the range', [disk(-50, 5), disk(90, 150)], [disk(0, 5), disk(90, 100)]],
  ['spans outside and empty ones fall out', [disk(-50, 0), disk(50, 50), disk(100, 101)], []],
  ['a span within another adds nothing', [disk(10, 50), disk(20, 30)], [disk(10, 50)]],
])('footage: %s', (_, spans, expected) => {
  expect(mergeSpans(spans, 0, 100)).toEqual(expected);
});

test('a fragment that nothing followed ends one mean frame after its last', () => {
  expect(mediaEndMs({ startMs: 0, lastTimecodeMs: 400, videoFrames: 11 })).toBe(440);
  expect(mediaEndMs({ startMs: 0, lastTimecodeMs: 0, videoFrames: 1 })).toBe(40);
});

test.each([
  ['ENOSPC', 'disk-full'],
  ['EDQUOT', 'disk-full'],
  ['EROFS', 'disk-read-only'],
  ['EACCES', 'disk-read-only'],
  ['EIO', 'disk-failed'],
])('%s is %s, in a sentence that names the folder', (errno, code) => {
  const error = diskError(Object.assign(new Error('x'), { code: errno }), '/data/spool');
  expect(error).toMatchObject({ code, message: expect.stringContaining('/data/spool') });
});

test('what neither the disk nor SQLite reported is a bug, not disk trouble', () => {
  expect(diskError(new TypeError('x is undefined'), '/data').code).toBe('bug');
});

test('every invariant of the spool has a test that names its number', () => {
  const root = join(import.meta.dirname, '../..');
  const header = readFileSync(join(root, 'agent/spool/spool.ts'), 'utf8');
  const numbers = [...header.matchAll(/^\/\/ +(\d+)\. /gm)].map(match => Number(match[1]));
  expect(numbers).toEqual(Array.from(numbers, (_, index) => index + 1));
  const tests = ['spool', 'time'].flatMap(folder =>
    readdirSync(join(root, 'test', folder))
      .filter(name => name.endsWith('.test.ts'))
      .map(name => readFileSync(join(root, 'test', folder, name), 'utf8')),
  );
  const titles = tests.flatMap(text => [...text.matchAll(/'(\d+)\. [a-z]/gi)].map(match => Number(match[1])));
  expect(numbers.filter(number => !titles.includes(number))).toEqual([]);
});
