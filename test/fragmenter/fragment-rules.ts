// The rules of Kinesis Video Streams, checked on every fragment any test makes.
import { expect } from 'vitest';
import type { FragmentPart } from '../../agent/fragmenter/fragment-part.ts';
import type { Frame, Track } from '../../agent/matroska/track.ts';

export type Fragment = { tracks: Track[]; startMs: number; frames: Frame[]; nextStartMs?: number };

/** Parts → fragments; throws when the order of parts or a rule of KVS is broken. */
export function assemble(parts: FragmentPart[]): Fragment[] {
  const fragments: Fragment[] = [];
  let open: Fragment | undefined;
  let latestMs = Number.NEGATIVE_INFINITY;
  for (const part of parts) {
    if (part.type === 'begin') {
      expect(open).toBeUndefined();
      expect(part.startMs).toBeGreaterThan(latestMs);
      open = { tracks: part.tracks, startMs: part.startMs, frames: [] };
      fragments.push(open);
    } else if (part.type === 'frame') {
      if (!open) throw new Error('a frame outside of a fragment');
      open.frames.push(part.frame);
      latestMs = Math.max(latestMs, part.frame.timecodeMs);
    } else {
      if (!open) throw new Error('an end without a beginning');
      if (part.nextStartMs !== undefined) open.nextStartMs = part.nextStartMs;
      expectRules(open);
      open = undefined;
    }
  }
  expect(open).toBeUndefined();
  return fragments;
}

function expectRules({ tracks: list, startMs, frames }: Fragment): void {
  expect(frames[0]).toMatchObject({ trackNumber: 1, keyFrame: true, timecodeMs: startMs });
  for (const track of list) {
    const timecodes = frames.filter(f => f.trackNumber === track.number).map(f => f.timecodeMs);
    for (const [index, timecodeMs] of timecodes.entries()) {
      expect(Number.isInteger(timecodeMs)).toBe(true);
      expect(timecodeMs).toBeGreaterThan(timecodes[index - 1] ?? startMs - 1);
    }
  }
  expect(Math.max(...frames.map(f => f.timecodeMs)) - startMs).toBeLessThan(20_000);
}
