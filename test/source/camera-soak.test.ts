// A short soak in every run of the tests; npm run soak has the long ones.
import { expect, test } from 'vitest';
import { UnhurriedClock } from '../unhurried-clock.ts';
import { soakCameras } from './camera-soak.ts';

test('after three restarts and three cuts of the network cameras are recorded within seconds, and nothing is left', async () => {
  using clock = new UnhurriedClock();
  const { breaks, before, after } = await soakCameras({
    clock,
    breaks: [
      { kind: 'restart', times: 3, cameras: 1, awayMs: 1_000 },
      { kind: 'cut', times: 3, cameras: 1, awayMs: 2_000 },
    ],
    timings: { ioTimeoutMs: 1_000, silenceMs: 1_000, steadyMs: 500 },
    undisturbedMs: 1_000,
  });
  for (const { pictures, recoveryMs } of breaks) {
    expect(pictures).toMatchObject({ missingOutsideBreaks: 0, twice: 0 });
    expect(recoveryMs.longest).toBeLessThan(5_000);
  }
  const { processes, descriptors, timers } = before;
  expect(after).toMatchObject({ processes, descriptors, timers });
});
