// The visits of room-person.mp4 at several cadences, as a table: `scripts/node test/visits/run.ts`. Takes some minutes.
import { footagePath } from '../sampler/footage.ts';
import { footageToAlerts, personRule } from './footage-to-alerts.ts';
import { roomPerson } from './ground-truth.ts';
import { score, spanOf } from './score.ts';

const variants = [
  { everySeconds: 1, busyEverySeconds: 1 },
  { everySeconds: 2, busyEverySeconds: 1 },
  { everySeconds: 2, busyEverySeconds: 2 },
  { everySeconds: 3, busyEverySeconds: 3 },
  { everySeconds: 4, busyEverySeconds: 1 },
  { everySeconds: 1, busyEverySeconds: 1, motionThreshold: 0 },
];

const path = footagePath(roomPerson.file);
if (!path) throw new Error('The footage is not at ../shared/media.');
for (const labels of variants) {
  const startedMs = performance.now();
  const rules = [personRule({ cooldownSeconds: 10 })];
  const { sightings, alerts, sampled, called } = await footageToAlerts(
    { path, seconds: roomPerson.lengthS, everyFrame: 5, keyEveryFrames: 2 },
    { labels, rules },
  );
  const { precision, recall, lines } = score(roomPerson.visits, sightings.map(spanOf));
  console.info(JSON.stringify(labels));
  console.info(`  precision ${precision.toFixed(2)}, recall ${recall.toFixed(2)}, ${alerts.length} alerts`);
  console.info(
    `  ${called.length} calls for ${sampled.length} stills, ${Math.round((performance.now() - startedMs) / 1000)} s`,
  );
  for (const line of lines) console.info(`  ${line}`);
}
