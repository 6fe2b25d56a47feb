// Labels that are paused: what is told, when it ends, and what the timeline shows.
import { expect, test } from 'vitest';
import { AgentError } from '../../agent/errors.ts';
import { AskProvider } from '../../agent/labels/ask-provider.ts';
import type { LabelProvider } from '../../agent/labels/provider.ts';
import { budgetScene, camera } from './budget-scene.ts';
import { still } from './still.ts';

const nine = Date.UTC(2026, 10, 25, 9);
const midnightMs = Date.UTC(2026, 10, 25, 23);
const all = { fromMs: 0, toMs: Number.MAX_SAFE_INTEGER };

type Scene = ReturnType<typeof budgetScene>;

function failure(
  code: 'labels-throttled' | 'labels-failed' | 'labels-denied',
  retry: 'later' | 'never' = 'later',
): AgentError {
  const kind = code === 'labels-throttled' ? 'exhausted' : code === 'labels-denied' ? 'denied' : 'unavailable';
  return new AgentError({ code, kind, retry, message: 'No labels.' });
}

/** Asks for the camera `door`; the provider answers with nothing, or fails as the script says. */
function asking({ clock, facts, budget, pauses }: Scene, script: (AgentError | undefined)[] = []) {
  let calls = 0;
  const provider: LabelProvider = {
    async detect() {
      const error = script[calls++];
      if (error) throw error;
      return [];
    },
  };
  const options = { cameraId: 'door', settings: { minConfidence: 70, maxLabels: 50 }, budget, pauses, clock, facts };
  const ask = new AskProvider(provider, { ...options, random: () => 0, signal: new AbortController().signal });
  return { ask, calls: () => calls };
}

const told = ({ published }: Scene) =>
  published.flatMap(fact => {
    if (fact.type === 'labels.paused')
      return [`${fact.reason} until ${new Date(fact.untilMs).toISOString().slice(11, 19)}`];
    return fact.type === 'labels.resumed' ? ['resumed'] : [];
  });

/** Lets time pass and looks at a still every two seconds, as the sampler does. */
async function quietStills({ clock }: Scene, ask: AskProvider, seconds: number): Promise<void> {
  for (let passed = 0; passed < seconds; passed += 2) {
    clock.setWall(clock.nowMs() + 2_000);
    ask.look();
  }
}

test('at the limit pictures are no longer sent, which is told once, and at midnight they are again', async () => {
  const scene = budgetScene({ limits: { cameras: [camera('door', 'rekognition', 2)] } });
  const { ask, calls } = asking(scene);
  for (let picture = 0; picture < 5; picture++) await ask.detect(still());
  expect(calls()).toBe(2);
  expect(await ask.detect(still())).toBeUndefined();
  expect(told(scene)).toEqual(['budget until 23:00:00']);
  scene.clock.setWall(midnightMs - 1_000);
  expect(scene.pauses.between('door', all)).toEqual([
    { fromMs: nine, toMs: midnightMs - 1_000, reason: 'budget', untilMs: midnightMs },
  ]);
  // Nothing moves: the end of the pause is noticed all the same.
  await quietStills(scene, ask, 4);
  expect(told(scene)).toEqual(['budget until 23:00:00', 'resumed']);
  expect(scene.pauses.between('door', all)).toEqual([{ fromMs: nine, toMs: midnightMs, reason: 'budget' }]);
  expect(await ask.detect(still())).toEqual([]);
});

test('a limit that is raised ends the pause at once, one that is lowered begins it', async () => {
  const scene = budgetScene({ limits: { cameras: [camera('door', 'rekognition', 1)] } });
  const { ask } = asking(scene);
  await ask.detect(still());
  ask.look();
  scene.limits.cameras = [camera('door', 'rekognition', 5)];
  ask.look();
  scene.limits.budget.callsPerDay = 1;
  ask.look();
  expect(told(scene)).toEqual(['budget until 23:00:00', 'resumed', 'budget until 23:00:00']);
});

test('failures that follow each other are one pause, which ends with the first answer', async () => {
  const scene = budgetScene();
  const { clock } = scene;
  const { ask } = asking(scene, [failure('labels-failed'), failure('labels-failed')]);
  await ask.detect(still());
  await clock.advance(3_000);
  await ask.detect(still());
  await clock.advance(5_000);
  expect(await ask.detect(still())).toEqual([]);
  expect(told(scene)).toEqual(['failure until 09:00:02', 'failure until 09:00:07', 'resumed']);
  expect(scene.pauses.between('door', all)).toEqual([{ fromMs: nine, toMs: nine + 7_000, reason: 'failure' }]);
});

test('a failure after which nothing moves is no pause of hours', async () => {
  const scene = budgetScene();
  const { ask } = asking(scene, [failure('labels-failed')]);
  await ask.detect(still());
  await quietStills(scene, ask, 3_600);
  expect(told(scene)).toEqual(['failure until 09:00:02', 'resumed']);
  expect(scene.pauses.between('door', all)).toEqual([{ fromMs: nine, toMs: nine + 2_000, reason: 'failure' }]);
});

test('one picture that is refused is no pause', async () => {
  const scene = budgetScene();
  const { ask } = asking(scene, [failure('labels-failed', 'never')]);
  await ask.detect(still());
  expect(told(scene)).toEqual([]);
});

test('the budget comes before a failure, as the reason', async () => {
  const scene = budgetScene({ limits: { cameras: [camera('door', 'rekognition', 1)] } });
  const { ask } = asking(scene, [failure('labels-failed')]);
  await ask.detect(still());
  scene.clock.setWall(nine + 1_000);
  ask.look();
  expect(told(scene)).toEqual(['failure until 09:00:02', 'budget until 23:00:00']);
  expect(scene.pauses.between('door', all)).toMatchObject([
    { reason: 'failure', toMs: nine + 1_000 },
    { reason: 'budget' },
  ]);
});

test('refusals that cost nothing are not counted, calls without an answer are', async () => {
  const scene = budgetScene();
  const script = [failure('labels-throttled'), failure('labels-denied'), failure('labels-failed'), undefined];
  const { ask, calls } = asking(scene, script);
  for (let picture = 0; picture < 4; picture++) {
    await ask.detect(still());
    await scene.clock.advance(60_000);
  }
  expect(calls()).toBe(4);
  expect(scene.budget.today().calls).toBe(2);
});

test('after a restart a pause goes on if it still holds, and ends if it does not', async () => {
  const limits = { cameras: [camera('door', 'rekognition', 1)] };
  const first = budgetScene({ limits });
  const before = asking(first);
  await before.ask.detect(still());
  before.ask.look();
  first.ledger[Symbol.dispose]();

  const second = budgetScene({ dataDir: first.dataDir, nowMs: nine + 60_000, limits });
  const again = asking(second);
  await again.ask.detect(still());
  expect(again.calls()).toBe(0);
  expect(told(second)).toEqual(['budget until 23:00:00']);
  expect(second.pauses.between('door', all)).toMatchObject([{ fromMs: nine, untilMs: midnightMs }]);
  second.ledger[Symbol.dispose]();

  const raised = { cameras: [camera('door', 'rekognition', 9)] };
  const third = budgetScene({ dataDir: first.dataDir, nowMs: nine + 120_000, limits: raised });
  asking(third).ask.look();
  expect(told(third)).toEqual(['resumed']);
  expect(third.pauses.between('door', all)).toEqual([{ fromMs: nine, toMs: nine + 120_000, reason: 'budget' }]);
});

test('a pause nobody ended, of a camera that is gone, is not shown beyond its end', () => {
  const { pauses, clock } = budgetScene();
  pauses.pause('door', 'budget', midnightMs);
  clock.setWall(midnightMs + 5 * 86_400_000);
  expect(pauses.between('door', all)).toEqual([{ fromMs: nine, toMs: midnightMs, reason: 'budget' }]);
  expect(pauses.between('door', { fromMs: midnightMs + 1, toMs: all.toMs })).toEqual([]);
  expect(pauses.between('yard', all)).toEqual([]);
});

test('pauses that nearly touch are shown as one, of other reasons as two', () => {
  const { pauses, clock } = budgetScene();
  const pauseFor = (reason: 'budget' | 'failure', seconds: number) => {
    pauses.pause('door', reason, clock.nowMs() + seconds * 1000);
    clock.setWall(clock.nowMs() + seconds * 1000);
    pauses.resume('door');
  };
  pauseFor('failure', 10);
  clock.setWall(clock.nowMs() + 50_000);
  pauseFor('failure', 10);
  pauseFor('budget', 10);
  clock.setWall(clock.nowMs() + 120_000);
  pauseFor('budget', 10);
  expect(pauses.between('door', all).map(({ fromMs, toMs }) => [(fromMs - nine) / 1000, (toMs - nine) / 1000])).toEqual(
    [
      [0, 70],
      [70, 80],
      [200, 210],
    ],
  );
});

test('a clock that is set back makes no pause end before it began', () => {
  const { pauses, clock } = budgetScene();
  pauses.pause('door', 'failure', nine + 2_000);
  clock.setWall(nine - 86_400_000);
  pauses.resume('door');
  expect(pauses.between('door', all)).toEqual([{ fromMs: nine, toMs: nine, reason: 'failure' }]);
});

test('pauses of a time that nobody knew are moved to where it was', () => {
  const bootMs = 86_400_000;
  const { pauses, budget, clock } = budgetScene({ nowMs: bootMs, correctionMs: nine - bootMs });
  budget.today();
  pauses.pause('door', 'failure', bootMs + 2_000);
  clock.setWall(bootMs + 3_000);
  pauses.resume('door');
  clock.setWall(nine + 60_000);
  budget.today();
  expect(pauses.between('door', all)).toEqual([{ fromMs: nine, toMs: nine + 2_000, reason: 'failure' }]);
});

test('when pauses cannot be kept they are told all the same', () => {
  const { pauses, ledger, published, problems } = budgetScene();
  ledger[Symbol.dispose]();
  pauses.pause('door', 'budget', midnightMs);
  pauses.resume('door');
  expect(published.map(({ type }) => type)).toEqual(['labels.paused', 'labels.resumed']);
  expect(problems).toEqual(['disk-failed', 'disk-failed']);
});
