import { expect, test } from 'vitest';
import { AgentError } from '../../agent/errors.ts';
import { type Fact, Facts } from '../../agent/facts.ts';
import { pauseAfter } from '../../agent/labels/ask-provider.ts';
import { CameraMotion } from '../../agent/labels/camera-motion.ts';
import { type LabelStillsOptions, labelStills } from '../../agent/labels/label-stills.ts';
import type { LabelledStill } from '../../agent/labels/labelled-still.ts';
import type { DetectedLabel, LabelProvider } from '../../agent/labels/provider.ts';
import { Attention } from '../../agent/sampler/attention.ts';
import { ChangedCells } from '../../agent/sampler/changed-cells.ts';
import type { Still } from '../../agent/sampler/still.ts';
import type { Sighting } from '../../shared/sighting.ts';
import { SimulatedClock } from '../simulated-clock.ts';
import { frameMs, still } from './still.ts';

const box = { left: 0.1, top: 0.2, width: 0.3, height: 0.4 };
const person: DetectedLabel = { name: 'Person', confidence: 95, instances: [{ box, confidence: 93 }] };

function failure(retry: 'later' | 'never'): AgentError {
  return new AgentError({ code: 'labels-failed', kind: 'unavailable', retry, message: 'No labels.' });
}

const settings: LabelStillsOptions['settings'] = {
  ...{ minConfidence: 70, maxLabels: 50, motionThreshold: 0.005, everySeconds: 2, motion: { gate: 'either' } },
};

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

async function run(stills: Still[], provider: LabelProvider | undefined, change: Partial<LabelStillsOptions> = {}) {
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
    settings,
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

const labelsOf = (labelled: LabelledStill[]) => labelled.map(({ seen }) => seen.map(({ sighting }) => sighting.label));

test('each instance is a sighting with its box and the frame’s own timestamp; a label without instances is one without a box', async () => {
  const other = { box: { ...box, left: 0.6 }, confidence: 81 };
  const labels = [
    { ...person, instances: [...person.instances, other] },
    { name: 'Indoors', confidence: 99, instances: [] },
  ];
  const { labelled, published } = await run([still()], scriptedProvider([labels]).provider);
  const seen = { cameraId: 'front-door', atMs: frameMs };
  const at = { atMs: frameMs };
  const expected = [
    { id: 's1', ...seen, label: 'Person', confidence: 93, box, path: [{ ...at, confidence: 93, box }] },
    { id: 's2', ...seen, label: 'Person', confidence: 81, box: other.box, path: [{ ...at, ...other }] },
    { id: 's3', ...seen, label: 'Indoors', confidence: 99, path: [{ ...at, confidence: 99 }] },
  ];
  expect(labelled[0]?.seen.map(({ sighting }) => sighting)).toEqual(expected);
  expect(labelled[0]?.seen.map(({ observation, isNew }) => [observation, isNew])).toEqual([
    [{ ...at, confidence: 93, box }, true],
    [{ ...at, ...other }, true],
    [{ ...at, confidence: 99 }, true],
  ]);
  expect(published).toMatchObject([{ type: 'labels.detected', atMs: frameMs, sightings: 3 }]);
});

test('somebody seen on several stills is one sighting, from the first to the last, and ends after they were missed', async () => {
  const at = (second: number, motionScore = 0.1) => still({ atMs: frameMs + second * 1000, motionScore });
  const unsure = { ...person, instances: [{ box, confidence: 75 }] };
  const script = [[unsure], [person], [], [unsure]];
  const quiet = [at(8, 0), at(10, 0), at(12, 0)];
  const { labelled } = await run([at(0), at(2), at(4), at(6), ...quiet], scriptedProvider(script).provider);
  expect(labelled.map(({ seen }) => seen.map(({ sighting, isNew, better }) => [sighting.id, isNew, better]))).toEqual([
    [['s1', true, false]],
    [['s1', false, true]],
    [],
    [['s1', false, false]],
    ...[[], [], []],
  ]);
  const ended = labelled.map(({ ended }) => ended);
  expect(ended.map(({ length }) => length)).toEqual([0, 0, 0, 0, 0, 1, 0]);
  expect(ended[5]).toMatchObject([
    { id: 's1', atMs: frameMs, untilMs: frameMs + 6000, confidence: 93, cameraId: 'front-door' },
  ]);
});

test('a still in which nothing moved is passed on but not sent', async () => {
  const { provider, sent } = scriptedProvider([[person]]);
  const stills = [0.0049, 0.005, 0].map((motionScore, index) => still({ motionScore, atMs: frameMs + index * 1000 }));
  const { labelled } = await run(stills, provider);
  expect(sent).toEqual([1]);
  expect(labelsOf(labelled)).toEqual([[], ['Person'], []]);
});

const cells = (changed: (column: number, row: number) => boolean, newScene = false) =>
  new ChangedCells(
    Uint8Array.from({ length: 64 * 36 }, (_, cell) => (changed(cell % 64, Math.floor(cell / 64)) ? 1 : 0)),
    newScene,
  );

test('without a provider motion is what is seen: one sighting for each episode, around what changed', async () => {
  const visitor = (from: number) => cells((column, row) => column >= from && column < from + 8 && row >= 9 && row < 27);
  const scores = [1, 0, 0.06, 0.06, 0, 0.06, 0, 0, 0, 0.06];
  const stills = scores.map((motionScore, index) =>
    still({
      ...{ atMs: frameMs + index * 2000, motionScore },
      changed: index === 0 ? cells(() => true, true) : motionScore > 0 ? visitor(4 * index) : cells(() => false),
    }),
  );
  const { labelled } = await run(stills, undefined);
  expect(labelled.map(({ seen }) => seen.map(({ sighting }) => sighting.id))).toEqual([
    ...[[], [], ['s1'], ['s1'], [], ['s1'], [], [], [], ['s2']],
  ]);
  const whole = { top: 0.25, width: 0.125, height: 0.5 };
  expect(labelled.flatMap(({ ended }) => ended)).toMatchObject([
    {
      label: 'Motion',
      confidence: 100,
      atMs: frameMs + 4000,
      untilMs: frameMs + 10_000,
      box: { left: 0.125, ...whole },
    },
  ]);
  expect(labelled[5]?.seen[0]?.observation.box).toEqual({ left: 20 / 64, ...whole });
});

test('while the provider pauses motion is seen instead, and labels again when it answers', async () => {
  const { provider } = scriptedProvider([failure('later'), [person]]);
  const stills = [0, 1, 2, 3].map(second => still({ atMs: frameMs + second * 1000 }));
  const { labelled } = await run(stills, provider);
  expect(labelsOf(labelled)).toEqual([['Motion'], ['Motion'], ['Person'], []]);
});

type GateCase = { gate: 'pixels' | 'events' | 'either' | 'both'; camera: boolean | undefined; sent: number[] };
const gates: GateCase[] = [
  { gate: 'pixels', camera: true, sent: [1] },
  { gate: 'events', camera: true, sent: [0, 1] },
  { gate: 'either', camera: true, sent: [0, 1] },
  { gate: 'both', camera: true, sent: [1] },
  { gate: 'pixels', camera: false, sent: [1] },
  { gate: 'events', camera: false, sent: [] },
  { gate: 'either', camera: false, sent: [1] },
  { gate: 'both', camera: false, sent: [] },
  { gate: 'events', camera: undefined, sent: [1] },
  { gate: 'both', camera: undefined, sent: [1] },
];

test.each(gates)('gate $gate with camera motion $camera sends $sent', async ({ gate, camera, sent: expected }) => {
  const { provider, sent } = scriptedProvider([]);
  const stills = [0, 0.1].map((motionScore, index) => still({ motionScore, atMs: frameMs + index * 1000 }));
  const cameraMotion = { at: () => camera };
  await run(stills, provider, { cameraMotion, settings: { ...settings, motion: { gate } } });
  expect(sent).toEqual(expected);
});

test('motion that the camera tells counts for stills of its time, and decides nothing when the camera is lost', () => {
  const clock = new SimulatedClock(frameMs);
  const facts = new Facts(error => {
    throw error;
  });
  const told: boolean[] = [];
  using motion = new CameraMotion({ cameraId: 'front-door', clock, facts, onMotion: active => told.push(active) });
  const at = (...seconds: number[]) => seconds.map(second => motion.at(frameMs + second * 1000));
  const tell = (second: number, active: boolean, cameraId = 'front-door') => {
    clock.setWall(frameMs + second * 1000);
    // The camera's own clock is a year behind.
    facts.publish({ type: 'camera.motion', cameraId, active, atMs: frameMs - 365 * 86_400_000 });
  };
  expect(at(0)).toEqual([undefined]);
  facts.publish({ type: 'camera.events', cameraId: 'front-door', state: 'listening' });
  expect(at(0)).toEqual([false]);
  tell(10, true);
  tell(11, true, 'yard');
  expect(at(7, 8, 10, 600)).toEqual([false, true, true, true]);
  tell(20, false);
  expect(at(7, 8, 20, 21, 22)).toEqual([false, true, true, true, false]);
  tell(30, true);
  facts.publish({ type: 'camera.events', cameraId: 'front-door', state: 'lost' });
  expect(at(10, 31)).toEqual([undefined, undefined]);
  expect(told).toEqual([true, false, true, false]);
  for (let second = 100; second < 400; second += 2) {
    facts.publish({ type: 'camera.events', cameraId: 'front-door', state: 'listening' });
    tell(second, true);
    tell(second + 1, false);
  }
  expect(at(10, 398)).toEqual([false, true]);
});

test('attention is drawn by motion and by what is new, not by a parked car that is found again', async () => {
  const noted: number[] = [];
  const attention = new Attention();
  attention.note = atMs => noted.push((atMs - frameMs) / 1000);
  const stills = [0, 1, 2, 3].map(second =>
    still({ atMs: frameMs + second * 1000, motionScore: second === 3 ? 0.1 : 0, changed: cells(() => false) }),
  );
  const always = { ...settings, motionThreshold: 0 };
  await run(stills, scriptedProvider([[person], [person], [person], []]).provider, { attention, settings: always });
  expect(noted).toEqual([0, 3]);
});

test('what was there a moment before a restart goes on, what was gone long before does not come back', async () => {
  const open = (id: string, secondsAgo: number, lasted: number): Sighting => ({
    ...{ id, cameraId: 'front-door', label: 'Person', confidence: 80, box },
    ...{ atMs: frameMs - (secondsAgo + lasted) * 1000, untilMs: frameMs - secondsAgo * 1000 },
  });
  for (const { sighting, expected } of [
    { sighting: open('before', 12, 4), expected: 'before' },
    { sighting: open('parked', 65, 7200), expected: 'parked' },
    { sighting: open('gone', 20, 4), expected: 's1' },
  ]) {
    const { labelled } = await run([still()], scriptedProvider([[person]]).provider, { open: [sighting] });
    expect(labelled[0]?.seen.map(({ sighting }) => sighting.id)).toEqual([expected]);
  }
});

test('a motion threshold of 0 sends every still', async () => {
  const { provider, sent } = scriptedProvider([]);
  await run([still({ motionScore: 0 })], provider, { settings: { ...settings, motionThreshold: 0 } });
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
  expect(labelsOf(labelled)).toEqual([['Motion'], ['Person']]);
});

test.each([
  { failures: 0, random: 0, pauseMs: 2_000 },
  { failures: 0, random: 0.999, pauseMs: 1_001 },
  { failures: 3, random: 0, pauseMs: 16_000 },
  { failures: 500, random: 0, pauseMs: 300_000 },
])('the pause after failure $failures + 1 with dice at $random is $pauseMs ms', ({ failures, random, pauseMs }) => {
  expect(pauseAfter(failures, () => random)).toBe(pauseMs);
});
