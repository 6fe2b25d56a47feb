// The table of stream oddities: cameras that each do one odd thing, scripted to the picture. Many run at the same time, because
// nearly all of their time is waiting for pictures. docs/cameras.md has the same table for owners.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { makeFootage } from '../../scripts/scripted-camera/footage.ts';
import { makeSound } from '../../scripts/scripted-camera/sound.ts';
import { answerOddities } from './oddities/answers.ts';
import { oddityTable, sentence } from './oddities/documented.ts';
import { expected, inRanges, longestGapMs, type Oddity, type Outcome, run, silentlyLost } from './oddities/oddity.ts';
import { packetOddities } from './oddities/packets.ts';
import { pictureOddities } from './oddities/pictures.ts';
import { sessionOddities } from './oddities/sessions.ts';
import { soundOddities } from './oddities/sound.ts';
import { timestampOddities } from './oddities/timestamps.ts';

const oddities: Oddity[] = [
  ...timestampOddities,
  ...pictureOddities,
  ...soundOddities,
  ...packetOddities,
  ...sessionOddities,
  ...answerOddities,
];
const outcomes = new Map<Oddity, Outcome>();
/** So many cameras at a time do not slow each other down, on two cores that other tests need too. */
const atATime = 40;

beforeAll(async () => {
  // Encoding takes the processor that others need to be in time.
  for (const { film, sound } of oddities) {
    await makeFootage(film);
    if (sound) await makeSound(sound);
  }
  const waiting = oddities.toSorted((a, b) => (b.pictures ?? 0) - (a.pictures ?? 0)).values();
  const runNext = async () => {
    for (const oddity of waiting) outcomes.set(oddity, await run(oddity));
  };
  await Promise.all(Array.from({ length: atATime }, runNext));
  // Some twenty seconds; more on a machine that has other work, which is nobody's fault.
}, 600_000);

test.each(oddities)('a camera that $camera: the agent $agent', oddity => {
  const outcome = outcomes.get(oddity);
  if (!outcome) throw new Error('It was not run');
  const { recording, camera } = outcome;
  const { codes, ordinals } = recording;
  const lost = silentlyLost(oddity, outcome);
  const wanted = new Set(expected(oddity, camera));
  const unexpected = ordinals.filter(ordinal => !wanted.has(ordinal));
  if (oddity.pictureAfterwards && unexpected.at(-1) === wanted.size) unexpected.pop();
  const seen = { codes, lost: inRanges(lost), unexpected: inRanges(unexpected) };
  expect(seen).toEqual({ codes: oddity.reads, lost: '', unexpected: '' });
  expect(ordinals).toEqual([...new Set(ordinals)].sort((a, b) => a - b));
  expect(longestGapMs(recording)).toBeLessThanOrEqual(oddity.longestGapMs ?? 400);
  const times = recording.pictures.map(({ timecodeMs }) => timecodeMs);
  expect(times).toEqual([...new Set(times)].sort((a, b) => a - b));
  oddity.check?.(outcome);
});

test('docs/cameras.md has this table and says what the owner reads', async () => {
  const docs = await readFile(join(import.meta.dirname, '../../docs/cameras.md'), 'utf8');
  expect(docs).toContain(oddityTable(oddities));
  for (const { recording } of outcomes.values()) {
    for (const error of recording.errors) expect(docs).toContain(sentence(error));
  }
});
