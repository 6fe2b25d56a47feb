import { expect, test } from 'vitest';
import { AgentError } from '../../agent/errors.ts';
import { type Fact, Facts } from '../../agent/facts.ts';
import {
  type LabelledStill,
  type LabelStillsOptions,
  labelStills,
  pauseAfter,
} from '../../agent/labels/label-stills.ts';
import type { DetectedLabel, LabelProvider } from '../../agent/labels/provider.ts';
import type { Still } from '../../agent/sampler/still.ts';
import { SimulatedClock } from '../simulated-clock.ts';
import { frameMs, still } from './still.ts';

const box = { left: 0.1, top: 0.2, width: 0.3, height: 0.4 };
const person: DetectedLabel = { name: 'Person', confidence: 95, instances: [{ box, confidence: 93 }] };

function failure(retry: 'later' | 'never'): AgentError {
  return new AgentError({ code: 'labels-failed', kind: 'unavailable', retry, message: 'No labels.' });
}

/** Answers each call with the next of the script, and with nothing after its end. */
function scriptedProvider(script: (DetectedLabel[] | AgentError)[]) {
  const sent: number[] = [];
  const provider: LabelProvider = {
    async detect({ atMs }) {
      const answer = script[sent.length] ?? [];
      sent.push((atMs - frameMs) / 1000);
      if (answer instanceof AgentError) throw answer;
      return answer;
    },
  };
  return { provider, sent };
}

async function run(stills: Still[], provider: LabelProvider, change: Partial<LabelStillsOptions> = {}) {
  const clock = new SimulatedClock(frameMs);
  const published: Fact[] = [];
  const facts = new Facts(error => {
    throw error;
  });
  facts.subscribe(fact => published.push(fact));
  async function* paced() {
    for (const still of stills) {
      await clock.advance(still.atMs - clock.nowMs());
      yield still;
    }
  }
  let ids = 0;
  const options: LabelStillsOptions = {
    cameraId: 'front-door',
    stills: paced(),
    provider,
    settings: { minConfidence: 70, motionThreshold: 0.005 },
    clock,
    random: () => 0,
    newId: () => `s${++ids}`,
    facts,
    signal: new AbortController().signal,
    ...change,
  };
  const labelled: LabelledStill[] = [];
  for await (const item of labelStills(options)) labelled.push(item);
  return { labelled, published };
}

test('each instance is a sighting with its box and the frame’s own timestamp; a label without instances is one without a box', async () => {
  const other = { box: { ...box, left: 0.6 }, confidence: 81 };
  const labels = [
    { ...person, instances: [...person.instances, other] },
    { name: 'Indoors', confidence: 99, instances: [] },
  ];
  const { labelled, published } = await run([still()], scriptedProvider([labels]).provider);
  const seen = { cameraId: 'front-door', atMs: frameMs };
  expect(labelled[0]?.sightings).toEqual([
    { id: 's1', ...seen, label: 'Person', confidence: 93, box },
    { id: 's2', ...seen, label: 'Person', confidence: 81, box: other.box },
    { id: 's3', ...seen, label: 'Indoors', confidence: 99 },
  ]);
  expect(published).toMatchObject([{ type: 'labels.detected', atMs: frameMs, sightings: 3 }]);
});

test('a still in which nothing moved is passed on but not sent', async () => {
  const { provider, sent } = scriptedProvider([[person]]);
  const stills = [0.0049, 0.005, 0].map((motionScore, index) => still({ motionScore, atMs: frameMs + index * 1000 }));
  const { labelled } = await run(stills, provider);
  expect(sent).toEqual([1]);
  expect(labelled.map(({ sightings }) => sightings.length)).toEqual([0, 1, 0]);
});

test('a motion threshold of 0 sends every still', async () => {
  const { provider, sent } = scriptedProvider([]);
  await run([still({ motionScore: 0 })], provider, { settings: { minConfidence: 70, motionThreshold: 0 } });
  expect(sent).toEqual([0]);
});

test('while the provider fails, stills go on and calls become rarer; after it answers, every still is sent again', async () => {
  const { provider, sent } = scriptedProvider([failure('later'), failure('later'), failure('later'), [person]]);
  const stills = Array.from({ length: 20 }, (_, second) => still({ atMs: frameMs + second * 1000 }));
  const { labelled, published } = await run(stills, provider);
  expect(labelled).toHaveLength(20);
  expect(sent).toEqual([0, 2, 6, 14, 15, 16, 17, 18, 19]);
  expect(published.slice(0, 3)).toMatchObject([
    { type: 'labels.failed', retryAtMs: frameMs + 2_000 },
    { type: 'labels.failed', retryAtMs: frameMs + 6_000 },
    { type: 'labels.failed', retryAtMs: frameMs + 14_000 },
  ]);
});

test('a single refused picture does not hold up the next', async () => {
  const { provider, sent } = scriptedProvider([failure('never'), [person]]);
  const { labelled } = await run([still(), still({ atMs: frameMs + 1000 })], provider);
  expect(sent).toEqual([0, 1]);
  expect(labelled.map(({ sightings }) => sightings.length)).toEqual([0, 1]);
});

test.each([
  { failures: 0, random: 0, pauseMs: 2_000 },
  { failures: 0, random: 0.999, pauseMs: 1_001 },
  { failures: 3, random: 0, pauseMs: 16_000 },
  { failures: 500, random: 0, pauseMs: 300_000 },
])('the pause after failure $failures + 1 with dice at $random is $pauseMs ms', ({ failures, random, pauseMs }) => {
  expect(pauseAfter(failures, () => random)).toBe(pauseMs);
});
