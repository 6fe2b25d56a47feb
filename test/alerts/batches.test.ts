// Destinations that take several alerts at once, and alerts that a destination does not want.
import { expect, test } from 'vitest';
import { runDeliveries } from '../../agent/alerts/deliver.ts';
import { settleRound, type Tried } from '../../agent/alerts/retry.ts';
import type { Sink } from '../../agent/alerts/sink.ts';
import type { AgentError } from '../../agent/errors.ts';
import {
  factsOf,
  firing,
  goneForGood,
  notAsExpected,
  type Scene,
  scene,
  scriptedSink,
  serverTrouble,
} from './scene.ts';

const random = () => 0.5;

function deliver({ outbox, clock, facts, stop }: Scene, sink: Sink): Promise<void> {
  return runDeliveries({ outbox, sinks: [sink], clock, random, facts, signal: stop.signal });
}

type Batch = (ids: string[]) => (AgentError | undefined)[] | AgentError;

/** Follows the script batch by batch, and takes everything after its end; `calls` has the ids of each. */
function batchingSink(script: Batch[], most = 10) {
  const calls: string[][] = [];
  const taken: string[] = [];
  let alone = 0;
  const sink: Sink = {
    destination: 'stream',
    async deliver(alert) {
      alone++;
      calls.push([alert.id]);
      taken.push(alert.id);
    },
    batches: {
      most,
      async deliver(alerts) {
        const ids = alerts.map(({ id }) => id);
        const outcome = script[calls.length]?.(ids) ?? ids.map(() => undefined);
        calls.push(ids);
        if (!Array.isArray(outcome)) throw outcome;
        taken.push(...ids.filter((_, index) => outcome[index] === undefined));
        return outcome;
      },
    },
  };
  return { sink, calls, taken, alone: () => alone };
}

function raise({ outbox }: Scene, count: number): void {
  for (let index = 0; index < count; index++) outbox.raise(firing(), ['stream']);
}

test('what waits goes out together, in order, in batches of the size the service takes', async () => {
  const here = scene();
  raise(here, 25);
  const { sink, calls, taken } = batchingSink([]);
  const done = deliver(here, sink);
  await here.clock.advanceUntil(() => taken.length === 25);
  expect(calls.map(ids => ids.length)).toEqual([10, 10, 5]);
  expect(taken).toEqual(Array.from({ length: 25 }, (_, index) => `alert-${index + 1}`));
  here.stop.abort();
  await done;
});

test('one alert alone is no batch', async () => {
  const here = scene();
  raise(here, 1);
  const { sink, taken, alone } = batchingSink([]);
  const done = deliver(here, sink);
  await here.clock.advanceUntil(() => taken.length === 1);
  expect(alone()).toBe(1);
  here.stop.abort();
  await done;
});

test('of a batch that is taken in part, what was taken is settled and the rest comes first in the next', async () => {
  const here = scene();
  raise(here, 5);
  const throttled = (ids: string[]) => ids.map(id => (/[24]$/.test(id) ? serverTrouble : undefined));
  const { sink, calls, taken } = batchingSink([throttled, throttled]);
  const done = deliver(here, sink);
  await here.clock.advance(1);
  raise(here, 1);
  await here.clock.advanceUntil(() => taken.length === 6);
  expect(calls).toEqual([
    ['alert-1', 'alert-2', 'alert-3', 'alert-4', 'alert-5'],
    ['alert-2', 'alert-4', 'alert-6'],
    ['alert-2', 'alert-4'],
  ]);
  const attempts = here.outbox
    .list({ limit: 10 })
    .flatMap(({ id, deliveries }) => deliveries.map(({ attempts }) => [id, attempts]));
  expect(Object.fromEntries(attempts)).toEqual({
    ...{ 'alert-1': 1, 'alert-2': 3, 'alert-3': 1, 'alert-4': 3, 'alert-5': 1, 'alert-6': 1 },
  });
  here.stop.abort();
  await done;
});

test('a service that cannot be reached costs only the first of a batch an attempt', async () => {
  const here = scene();
  raise(here, 4);
  const none = (ids: string[]) => ids.map(() => serverTrouble);
  const { sink, taken } = batchingSink([() => serverTrouble, none]);
  const done = deliver(here, sink);
  await here.clock.advanceUntil(() => taken.length === 4);
  const attempts = here.outbox.list({ limit: 10 }).map(({ deliveries }) => deliveries[0]?.attempts);
  expect(attempts.reverse()).toEqual([3, 1, 1, 1]);
  here.stop.abort();
  await done;
});

test('a batch that is refused for good takes none of its alerts with it: they go alone', async () => {
  const here = scene();
  raise(here, 3);
  const { sink, calls, taken } = batchingSink([() => goneForGood]);
  const done = deliver(here, sink);
  await here.clock.advanceUntil(() => taken.length === 3);
  expect(calls).toEqual([['alert-1', 'alert-2', 'alert-3'], ['alert-1'], ['alert-2', 'alert-3']]);
  here.stop.abort();
  await done;
});

test('a service that answers for fewer alerts than it got has taken none', async () => {
  const here = scene();
  raise(here, 2);
  const { sink, calls } = batchingSink([() => [undefined]]);
  const done = deliver(here, sink);
  await here.clock.advanceUntil(() => calls.length === 2);
  expect(calls[1]).toEqual(['alert-1', 'alert-2']);
  expect(factsOf(here.published, 'alert.delivery')[0]).toMatchObject({ state: 'waiting', error: { code: 'bug' } });
  here.stop.abort();
  await done;
});

test('an alert that is refused while the next is taken is given up, and holds nothing back', async () => {
  const here = scene();
  const taken: string[] = [];
  const sink: Sink = {
    destination: 'stream',
    async deliver({ id }) {
      if (id === 'alert-1') throw notAsExpected;
      taken.push(id);
    },
  };
  raise(here, 3);
  const done = deliver(here, sink);
  await here.clock.advanceUntil(() => taken.length === 2);
  expect(taken).toEqual(['alert-2', 'alert-3']);
  expect(here.clock.monotonicMs()).toBe(15_000);
  expect(factsOf(here.published, 'alert.delivery').filter(({ state }) => state === 'dead')).toMatchObject([
    { alertId: 'alert-1', error: { message: expect.stringMatching(/422.* It took a later alert/) } },
  ]);
  here.stop.abort();
  await done;
});

test('a destination that refuses every alert loses none: it may be its settings', async () => {
  const here = scene();
  // The first is refused three times and with the third its successor once, and so on, until somebody corrects the path.
  const sink = scriptedSink('stream', Array(12).fill(notAsExpected));
  raise(here, 3);
  const done = deliver(here, sink);
  await here.clock.advanceUntil(() => sink.taken.length === 3);
  expect(sink.taken).toEqual(['alert-1', 'alert-2', 'alert-3']);
  expect(factsOf(here.published, 'alert.delivery').filter(({ state }) => state === 'dead')).toEqual([]);
  here.stop.abort();
  await done;
});

const taken = { attempts: 0, firstTriedMs: 0 };
test.each<{ name: string; round: Tried[]; states: string[] }>([
  { name: 'refused once', round: [{ ...taken, error: notAsExpected }, taken], states: ['waiting', 'delivered'] },
  {
    name: 'refused three times',
    round: [{ ...taken, attempts: 2, error: notAsExpected }, taken],
    states: ['dead', 'delivered'],
  },
  {
    name: 'refused three times after the one that was taken',
    round: [taken, { ...taken, attempts: 2, error: notAsExpected }],
    states: ['delivered', 'waiting'],
  },
  {
    name: 'trouble, however often',
    round: [{ ...taken, attempts: 50, error: serverTrouble }, taken],
    states: ['waiting', 'delivered'],
  },
  { name: 'refused for good', round: [{ ...taken, error: goneForGood }], states: ['dead'] },
])('$name: $states', ({ round, states }) => {
  const settled = settleRound(round, { nowMs: 0, random });
  expect(settled.map(({ settlement }) => settlement.state)).toEqual(states);
});
