// What is there while the agent is started again stays one thing.
import { expect, test } from 'vitest';
import type { LabelProvider } from '../../agent/labels/provider.ts';
import { footageToAlerts, personRule, secondOf } from './footage-to-alerts.ts';
import { spanOf } from './score.ts';

/** Something dark that goes from left to right through a grey room, there from the fifth second to the 25th. */
const walk =
  "color=gray:size=320x180:rate=2:duration=34[room];color=black:size=40x120:rate=2:duration=34[walker];[room][walker]overlay=x='(t-5)*14':y=40:enable='between(t,5,25)'";

/** Knows where the walker is. */
const provider: LabelProvider = {
  async detect({ atMs }) {
    const second = secondOf(atMs);
    if (second < 5 || second > 25) return [];
    const box = { left: ((second - 5) * 14) / 320, top: 40 / 180, width: 40 / 320, height: 120 / 180 };
    return [{ name: 'Person', confidence: 90, instances: [{ box, confidence: 90 }] }];
  },
};

test.each([
  { name: 'started again while somebody walks', restartsAt: [12] },
  { name: 'started again three times', restartsAt: [8, 14, 20] },
])('$name: one sighting from the first moment to the last, and one alert', async ({ restartsAt }) => {
  const { sightings, alerts, failures, called, sampled } = await footageToAlerts(
    { path: walk, lavfi: true, seconds: 34, keyEveryFrames: 2 },
    { labels: { everySeconds: 1 }, rules: [personRule({ cooldownSeconds: 0 })], restartsAt, provider },
  );
  expect(failures).toEqual([]);
  expect(sightings.map(({ label }) => label)).toEqual(['Person']);
  expect(sightings.map(spanOf)).toEqual([{ fromS: 5, toS: 25 }]);
  expect(alerts).toHaveLength(1);
  expect(called.length).toBeLessThan(sampled.length);
  const places = sightings[0]?.path?.map(({ atMs, box }) => [secondOf(atMs), box?.left ?? 0]) ?? [];
  expect(places.length).toBeGreaterThan(5);
  for (const [second = 0, left = 0] of places) expect(left).toBeCloseTo(((second - 5) * 14) / 320);
});
