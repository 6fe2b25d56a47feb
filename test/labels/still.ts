// A still for tests that do not look at the picture.
import type { Still } from '../../agent/sampler/still.ts';

export const frameMs = Date.UTC(2026, 10, 23, 7, 41, 12, 345);

export function still(change: Partial<Still> = {}): Still {
  const jpeg = Buffer.from('not looked at');
  return { cameraId: 'front-door', atMs: frameMs, jpeg, width: 768, height: 432, motionScore: 0.1, ...change };
}
