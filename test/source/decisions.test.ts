// What the source decides without ffmpeg: how long it waits, and whose fault a silence is.
import { expect, test } from 'vitest';
import { systemClock } from '../../agent/clock.ts';
import { cameraError } from '../../agent/rtsp/camera-trouble.ts';
import { cameraOutlook, retryDelayMs } from '../../agent/source/outlook.ts';
import { watchSilence } from '../../agent/source/stall-watch.ts';

const host = '10.0.0.20';
const waits = (trouble: Parameters<typeof cameraError>[0], wasLive: boolean) =>
  [1, 2, 3, 4, 5, 6, 100].map(failures =>
    retryDelayMs(cameraOutlook(cameraError(trouble, host), wasLive), failures, () => 1),
  );

test('a camera that went away is tried every second at first and every 15 s at last', () => {
  expect(waits('ended', true)).toEqual([1_000, 2_000, 4_000, 8_000, 15_000, 15_000, 15_000]);
  expect(waits('unreachable', false)).toEqual(waits('ended', true));
});

test('a wrong password is tried four times in the first seven minutes, then every 5 minutes', () => {
  expect(waits('denied', true)).toEqual([60_000, 120_000, 240_000, 300_000, 300_000, 300_000, 300_000]);
});

test('a wrong path is refused, but not at an address that has delivered before: the camera may be starting', () => {
  expect(cameraOutlook(cameraError('notFound', host), false)).toMatchObject({ state: 'refused', maxMs: 60_000 });
  expect(cameraOutlook(cameraError('notFound', host), true)).toMatchObject({ state: 'offline', maxMs: 15_000 });
  expect(cameraOutlook(cameraError('bFrames', host), true).state).toBe('refused');
  expect(cameraOutlook(cameraError('certificate', host), true).state).toBe('refused');
});

test('chance takes up to half of the wait, so that cameras of one site do not come back at the same moment', () => {
  const outlook = cameraOutlook(cameraError('ended', host), true);
  expect([0, 0.5, 0.999].map(chance => retryDelayMs(outlook, 4, () => chance))).toEqual([4_000, 6_000, 7_996]);
});

test('a slow reader is not taken for a silent camera', async () => {
  const limits: number[] = [];
  let pending = 0;
  const clock = {
    ...systemClock,
    after(ms: number) {
      limits.push(ms);
      pending++;
      return () => void pending--;
    },
  };
  async function* chunks() {
    for (let byte = 0; byte < 3; byte++) yield Uint8Array.of(byte);
  }
  const watched = watchSilence(chunks(), { firstMs: 20_000, laterMs: 10_000, clock, onSilence: expect.unreachable });
  for await (const _chunk of watched) expect(pending).toBe(0);
  expect(limits).toEqual([20_000, 10_000, 10_000, 10_000]);
  expect(pending).toBe(0);
});
