// A site with 16 cameras and rules of every kind, and people and vehicles that come, stand, walk and leave. The same in every run.
import type { RuleFrame } from '../../agent/rules/evaluate.ts';
import type { RuleBookSettings } from '../../agent/rules/rule-book.ts';
import type { Point } from '../../shared/label-settings.ts';
import { type RuleSettings, rulesSchema } from '../../shared/rule-settings.ts';
import type { Box, Seen } from '../../shared/sighting.ts';
import { seededRandom } from '../fuzz/seeded-random.ts';

export const cameraIds = Array.from({ length: 16 }, (_, number) => `camera-${number}`);
const labels = ['Person', 'Car', 'Truck', 'Bus', 'Bicycle', 'Dog', 'Cat', 'Package'];
const thingsPerFrame = 5;
const stayMs = 30_000;

/** A third of the rules look at one camera, a third at a group of four, a third everywhere. */
export function settingsOf(rules: number): RuleBookSettings {
  return {
    timeZone: 'Europe/Berlin',
    cameras: cameraIds.map((id, number) => ({
      ...{ id, groups: [`group-${number % 4}`] },
      zones: [
        {
          name: 'left',
          polygon: [
            [0, 0.2],
            [0.4, 0.3],
            [0.3, 0.6],
            [0.5, 1],
            [0, 1],
          ] as Point[],
        },
        {
          name: 'right',
          polygon: [
            [0.6, 0],
            [1, 0],
            [1, 1],
            [0.7, 1],
            [0.8, 0.5],
          ] as Point[],
        },
      ],
      lines: [{ name: 'gate', from: [0.5, 0] as Point, to: [0.5, 1] as Point }],
    })),
    rules: rulesSchema.parse(Array.from({ length: rules }, (_, number) => ruleOf(number))),
  };
}

function ruleOf(number: number): unknown {
  const where = [{ cameras: [cameraIds[number % 16]] }, { groups: [`group-${number % 4}`] }, {}][number % 3];
  const kinds = [
    { minConfidence: 80, zones: ['left'], minSeconds: 3 },
    { zones: ['left', 'right'], anchor: 'overlap', overlap: 0.5 },
    { minCount: 3, minSeconds: 5 },
    { line: { name: 'gate', direction: 'left-to-right' } },
    { line: { name: 'gate' }, everyMinutes: 1 },
  ];
  const hours =
    number % 2 === 0 ? {} : { hours: ['Mon-Fri 22:00-06:00', 'Sat,Sun 00:00-24:00', 'Mon-Fri 06:00-22:00'] };
  return {
    ...{ id: `rule-${number}`, ...hours, cooldownSeconds: 60 },
    when: { labels: [labels[number % 8], labels[(number + 3) % 8]], ...where, ...kinds[number % 5] },
    // biome-ignore lint/suspicious/noThenProperty: the settings' own word
    then: [{ to: 'bench' }],
  } satisfies Record<keyof Pick<RuleSettings, 'id' | 'when' | 'then' | 'cooldownSeconds'>, unknown>;
}

type Thing = { id: string; label: string; x: number; y: number; dx: number; untilMs: number };

/** With when each is due, counted from the first. */
export function* frames(
  { sightings, seconds }: { sightings: number; seconds: number },
  startMs: number,
): Generator<{ dueMs: number; frame: RuleFrame }> {
  const random = seededRandom(5);
  const there = new Map<string, Thing[]>(cameraIds.map(id => [id, []]));
  const everyMs = 60_000 / (sightings / thingsPerFrame);
  let things = 0;
  for (let number = 0; number * everyMs < seconds * 1000; number++) {
    const dueMs = number * everyMs;
    const atMs = Math.round(startMs + dueMs);
    const cameraId = cameraIds[number % cameraIds.length] ?? '';
    const present = (there.get(cameraId) ?? []).filter(({ untilMs }) => untilMs > atMs);
    while (present.length < thingsPerFrame) {
      const label = labels[Math.floor(random() ** 2 * labels.length)] ?? 'Person';
      const dx = (random() - 0.5) * 0.1;
      const untilMs = atMs + (0.5 + random()) * stayMs;
      present.push({ id: `thing-${things++}`, label, x: random(), y: 0.3 + random() * 0.6, dx, untilMs });
    }
    there.set(cameraId, present);
    yield { dueMs, frame: { cameraId, atMs, seen: present.map(thing => seenOf(thing, { cameraId, atMs, random })) } };
  }
}

function seenOf(
  thing: Thing,
  { cameraId, atMs, random }: { cameraId: string; atMs: number; random: () => number },
): Seen {
  thing.x += thing.dx;
  if (thing.x < 0 || thing.x > 1) thing.dx = -thing.dx;
  const box: Box = { left: thing.x - 0.05, top: thing.y - 0.2 + random() * 0.005, width: 0.1, height: 0.2 };
  const observation = { atMs, confidence: 60 + random() * 40, box };
  const { id, label } = thing;
  return { sighting: { id, cameraId, label, ...observation }, observation, isNew: false };
}
