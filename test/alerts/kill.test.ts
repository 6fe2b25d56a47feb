// kill -9 in the middle of deliveries. `npm run soak -- --alert-kills 50` does it more often.
import { expect, test } from 'vitest';
import { breachesOf, soakKills } from './kill-soak.ts';
import { temporaryFolder } from './scene.ts';

test('kill -9 in the middle of deliveries, ten times: every alert arrives once, in order', async () => {
  const figures = await soakKills({ kills: 10, dir: temporaryFolder() });
  console.info(figures);
  expect(breachesOf(figures)).toEqual([]);
  expect(figures.raised).toBeGreaterThan(figures.kills);
  expect(figures.killsDuringDelivery).toBeGreaterThan(3);
  expect(figures.duplicatesSuppressed).toBeGreaterThan(0);
});
