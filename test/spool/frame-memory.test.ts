// Copies of frames in memory that is given back: what was copied is whole, and nobody else's memory is touched.
import { expect, test } from 'vitest';
import { FrameMemory } from '../../agent/spool/frame-memory.ts';

const sizes = [0, 1, 1000, 256 * 1024, 256 * 1024 + 1, 3_000_000];

test.each(['Buffer', 'Uint8Array'])('frames of every size that lie in a %s are copied whole', kind => {
  const memory = new FrameMemory();
  const whole = Buffer.alloc(4_000_000, 7);
  const outer = kind === 'Buffer' ? whole : new Uint8Array(whole.buffer, whole.byteOffset, whole.length);
  const kept = sizes.map(size => memory.keep(outer.subarray(11, 11 + size)));
  whole.fill(9);
  expect(kept.map(copy => copy.length)).toEqual(sizes);
  expect(kept.every(copy => copy.every(byte => byte === 7))).toBe(true);
  memory.release();
  expect(kept.map(copy => copy.length)).toEqual(sizes.map(() => 0));
  expect(whole.length).toBe(4_000_000);
  expect(whole.every(byte => byte === 9)).toBe(true);
});

test('memory that was given back is used again, under another name', () => {
  const memory = new FrameMemory();
  const old = memory.keep(Uint8Array.of(1, 2, 3));
  memory.release();
  expect([...memory.keep(Uint8Array.of(4, 5, 6))]).toEqual([4, 5, 6]);
  expect(old.length).toBe(0);
});
