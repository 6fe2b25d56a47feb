// Who came, found by the whole chain from footage to alerts, against what was written down by hand from watching it.
// `scripts/node test/visits/run.ts` does the same for other cadences.
import { expect, test } from 'vitest';
import { footagePath } from '../sampler/footage.ts';
import { footageToAlerts, personRule, secondOf } from './footage-to-alerts.ts';
import { roomPerson, someoneAt, streetCars } from './ground-truth.ts';
import { score, spanOf } from './score.ts';

const room = footagePath(roomPerson.file);
const street = footagePath(streetCars.file);
const absent = room && street ? '' : ' (skipped: the footage is not at ../shared/media)';
/** For a machine that does other things beside: half a minute of a processor. */
const timeoutMs = 600_000;

const found = (count: number, of: number) => `${count} of ${of}`;

test.skipIf(absent).concurrent(
  `people who come to the table: each visit is one sighting and one alert, and nothing else is${absent}`,
  async () => {
    const { sightings, alerts, sampled, called, failures } = await footageToAlerts(
      { path: room ?? '', seconds: roomPerson.lengthS, everyFrame: 5, keyEveryFrames: 2 },
      {
        labels: { everySeconds: 2, busyEverySeconds: 2 },
        rules: [
          // The footage is of a Monday morning, from 07:41 on.
          personRule({ cooldownSeconds: 10, hours: ['Mon-Fri 07:00-08:00'] }),
          personRule({ id: 'at-night', cooldownSeconds: 10, hours: ['Mon-Sun 20:00-06:00', 'Mon 08:00-12:00'] }),
        ],
      },
    );
    const { visits, file } = roomPerson;
    const { precision, recall, lines } = score(visits, sightings.map(spanOf));
    console.info(
      [
        `${file}: precision ${precision.toFixed(2)}, recall ${recall.toFixed(2)}`,
        ...lines,
        `${alerts.length} alerts, at ${alerts.map(({ atMs }) => `${secondOf(atMs)} s`).join(', ')}`,
        `${called.length} calls for ${sampled.length} stills`,
      ].join('\n'),
    );
    expect(failures).toEqual([]);
    expect(new Set(sightings.map(({ label }) => label))).toEqual(new Set(['Person']));
    expect(recall).toBe(1);
    expect(precision).toBe(1);
    const alertsOf = visits.map(({ fromS, toS }) =>
      alerts.filter(({ atMs }) => secondOf(atMs) >= fromS && secondOf(atMs) <= toS),
    );
    expect(alertsOf.map(({ length }) => length)).toEqual(visits.map(() => 1));
    // None from the rule for other hours.
    expect(alerts.map(({ ruleId }) => ruleId)).toEqual(visits.map(() => 'person'));
    // Nobody is in the picture for six seconds in ten, and those pictures cost nothing.
    expect(called.length).toBeLessThanOrEqual(sampled.filter(({ second }) => someoneAt(visits, second)).length + 4);
  },
  timeoutMs,
);

test.skipIf(absent).concurrent(
  `cars that pass: the gate lets every one through and few pictures of the empty street${absent}`,
  async () => {
    const { sightings, sampled, called, failures } = await footageToAlerts(
      { path: street ?? '', seconds: streetCars.lengthS, keyEveryFrames: 13 },
      { labels: { everySeconds: 1 }, rules: [personRule()] },
    );
    const { visits, file } = streetCars;
    const empty = sampled.filter(({ second }) => !someoneAt(visits, second));
    const skipped = empty.filter(({ second }) => !called.includes(second));
    const passed = visits.filter(visit => called.some(second => someoneAt([visit], second)));
    console.info(
      [
        `${file}: ${found(passed.length, visits.length)} cars passed the gate`,
        `${found(skipped.length, empty.length)} empty pictures skipped (${Math.round((100 * skipped.length) / empty.length)} %)`,
        `${called.length} calls, ungated ${sampled.length}`,
      ].join('\n'),
    );
    expect(failures).toEqual([]);
    expect(passed).toEqual(visits);
    expect(empty.length).toBeGreaterThan(10);
    expect(skipped.length / empty.length).toBeGreaterThanOrEqual(0.8);
    expect(called.length).toBeLessThan(0.6 * sampled.length);
    // The detector knows people only, and there are none.
    expect(sightings).toEqual([]);
  },
  timeoutMs,
);

test.skipIf(absent).concurrent(
  `cars that pass a camera nobody labels: motion is seen, once for each car or two that meet${absent}`,
  async () => {
    const { sightings, called, alerts, failures } = await footageToAlerts(
      { path: street ?? '', seconds: streetCars.lengthS, keyEveryFrames: 13 },
      {
        labels: { provider: 'none', everySeconds: 1 },
        rules: [personRule({ when: { labels: ['Motion'] }, cooldownSeconds: 5 })],
      },
    );
    const { visits, file } = streetCars;
    const spans = sightings.map(spanOf);
    console.info(`${file}, motion only: ${spans.map(({ fromS, toS }) => `${fromS}–${toS} s`).join(', ')}`);
    expect([failures, called]).toEqual([[], []]);
    expect(new Set(sightings.map(({ label }) => label))).toEqual(new Set(['Motion']));
    // The second and the third car are in the picture together.
    const [first, second, third, fourth] = visits;
    const episodes = [first, { fromS: second?.fromS ?? 0, toS: third?.toS ?? 0 }, fourth];
    expect(spans).toHaveLength(episodes.length);
    for (const [index, { fromS, toS }] of spans.entries()) {
      expect(fromS).toBeGreaterThanOrEqual((episodes[index]?.fromS ?? 99) - 0.5);
      expect(toS).toBeLessThanOrEqual((episodes[index]?.toS ?? 0) + 0.5);
    }
    expect(alerts).toHaveLength(episodes.length);
    for (const { box } of sightings) expect((box?.width ?? 0) * (box?.height ?? 0)).toBeGreaterThan(0.005);
  },
  timeoutMs,
);
