import { getEventListeners } from 'node:events';
import { DatabaseSync } from 'node:sqlite';
import { expect, test } from 'vitest';
import { runDeliveries } from '../../agent/alerts/deliver.ts';
import { afterFailure, longestDelayMs } from '../../agent/alerts/retry.ts';
import type { Sink } from '../../agent/alerts/sink.ts';
import { factsOf, firing, goneForGood, type Scene, scene, scriptedSink, serverTrouble } from './scene.ts';

const dayMs = 86_400_000;
const random = () => 0.5;

function deliver({ outbox, clock, facts, stop }: Scene, sinks: Sink[]): Promise<void> {
  return runDeliveries({ outbox, sinks, clock, random, facts, signal: stop.signal });
}

test.each([
  { attempts: 0, random: 0, delayMs: 4_000 },
  { attempts: 0, random: 0.5, delayMs: 5_000 },
  { attempts: 1, random: 0.5, delayMs: 10_000 },
  { attempts: 9, random: 0.5, delayMs: 2_560_000 },
  { attempts: 40, random: 0.5, delayMs: longestDelayMs },
])(
  'attempt $attempts + 1 with dice at $random is followed by a pause of $delayMs ms',
  ({ attempts, random, delayMs }) => {
    const failure = { error: serverTrouble, attempts, firstTriedMs: 0, nowMs: 0, random: () => random };
    expect(afterFailure(failure)).toEqual({ state: 'waiting', atMs: delayMs, error: serverTrouble });
  },
);

test.each([
  { name: 'ten attempts over three days', attempts: 9, ageMs: 3 * dayMs, error: serverTrouble, state: 'dead' },
  { name: 'many attempts in a short time', attempts: 500, ageMs: dayMs, error: serverTrouble, state: 'waiting' },
  { name: 'a clock set right from 1970', attempts: 2, ageMs: 20_000 * dayMs, error: serverTrouble, state: 'waiting' },
  { name: 'a receiver gone for good', attempts: 0, ageMs: 0, error: goneForGood, state: 'dead' },
])('$name: $state', ({ attempts, ageMs, error, state }) => {
  expect(afterFailure({ error, attempts, firstTriedMs: 0, nowMs: ageMs, random }).state).toBe(state);
});

test('a receiver that fails for a while gets every alert once and in order', async () => {
  const here = scene();
  const sink = scriptedSink('webhook a', Array(7).fill(serverTrouble));
  for (let count = 0; count < 3; count++) here.outbox.raise(firing(), ['webhook a']);
  const done = deliver(here, [sink]);
  await here.clock.advanceUntil(() => sink.taken.length === 3);
  expect(sink.taken).toEqual(['alert-1', 'alert-2', 'alert-3']);
  const retries = factsOf(here.published, 'alert.delivery').filter(fact => fact.state === 'waiting');
  expect(retries).toHaveLength(7);
  expect(here.outbox.list({ limit: 3 }).flatMap(alert => alert.deliveries)).toMatchObject([
    { state: 'delivered', attempts: 1 },
    { state: 'delivered', attempts: 1 },
    { state: 'delivered', attempts: 8 },
  ]);
  here.stop.abort();
  await done;
});

test('one destination that is down does not hold up another', async () => {
  const here = scene();
  const down = scriptedSink('webhook down', Array(1_000).fill(serverTrouble));
  const up = scriptedSink('webhook up', []);
  const done = deliver(here, [down, up]);
  for (let count = 0; count < 5; count++) here.outbox.raise(firing(), ['webhook down', 'webhook up']);
  await here.clock.advanceUntil(() => up.taken.length === 5);
  expect(down.taken).toEqual([]);
  here.stop.abort();
  await done;
});

test('an alert that nobody takes is given up after three days, and the next one has its turn', async () => {
  const here = scene();
  const startMs = here.clock.nowMs();
  const sink = scriptedSink('webhook a', Array(18).fill(serverTrouble));
  here.outbox.raise(firing(), ['webhook a']);
  const done = deliver(here, [sink]);
  await here.clock.advanceUntil(() => factsOf(here.published, 'alert.delivery').some(fact => fact.state === 'dead'));
  const [delivery] = here.outbox.list({ limit: 1 })[0]?.deliveries ?? [];
  expect(delivery).toMatchObject({ state: 'dead', attempts: 18, problem: serverTrouble.message });
  expect(here.clock.nowMs() - startMs).toBeGreaterThan(3 * dayMs);
  expect(here.clock.nowMs() - startMs).toBeLessThan(4 * dayMs);
  here.outbox.raise(firing(), ['webhook a']);
  await here.clock.advanceUntil(() => sink.taken.length === 1);
  expect(sink.taken).toEqual(['alert-2']);
  here.stop.abort();
  await done;
});

test('a new alert is sent at once, without waiting for a timer', async () => {
  const here = scene();
  const sink = scriptedSink('webhook a', []);
  const done = deliver(here, [sink]);
  const startMs = here.clock.nowMs();
  here.outbox.raise(firing(), ['webhook a']);
  await here.clock.advanceUntil(() => sink.taken.length === 1);
  expect(here.clock.nowMs()).toBe(startMs);
  here.stop.abort();
  await done;
});

test('an alert waits for no clock that was set back by years', async () => {
  const here = scene();
  here.outbox.raise(firing(), ['webhook a']);
  here.clock.setWall(1_000);
  const sink = scriptedSink('webhook a', []);
  const done = deliver(here, [sink]);
  await here.clock.advanceUntil(() => sink.taken.length === 1);
  expect(here.clock.monotonicMs()).toBe(0);
  here.stop.abort();
  await done;
});

test('an alert waits no longer because the clock was set back by hours after an attempt', async () => {
  const here = scene();
  here.outbox.raise(firing(), ['webhook a']);
  const sink = scriptedSink('webhook a', [serverTrouble]);
  const done = deliver(here, [sink]);
  await here.clock.advance(1);
  here.clock.setWall(here.clock.nowMs() - 3 * 3_600_000);
  await here.clock.advanceUntil(() => sink.taken.length === 1);
  expect(here.clock.monotonicMs()).toBeLessThanOrEqual(60_000);
  here.stop.abort();
  await done;
});

test('while the database does not take how an attempt ended, the alert is not sent again', async () => {
  const here = scene();
  using other = new DatabaseSync(here.options.file);
  const sink = scriptedSink('webhook a', []);
  const locking: Sink = {
    destination: sink.destination,
    deliver: (alert, signal) => {
      if (sink.attempts === 0) other.exec('BEGIN IMMEDIATE');
      return sink.deliver(alert, signal);
    },
  };
  here.facts.subscribe(fact => {
    if (fact.type === 'alerts.failed') other.exec('ROLLBACK');
  });
  here.outbox.raise(firing(), ['webhook a']);
  here.outbox.raise(firing(), ['webhook a']);
  const done = deliver(here, [locking]);
  await here.clock.advanceUntil(() => sink.taken.length === 2);
  expect(sink.attempts).toBe(2);
  expect(factsOf(here.published, 'alerts.failed')).toMatchObject([{ error: { code: 'disk-failed' } }]);
  here.stop.abort();
  await done;
});

test('an attempt that does not end is given up after two minutes, and nothing stays on the signal', async () => {
  const here = scene();
  here.outbox.raise(firing(), ['webhook a']);
  const signals: AbortSignal[] = [];
  const sink: Sink = {
    destination: 'webhook a',
    deliver: (_alert, signal) => {
      signals.push(signal);
      return signals.length === 1 ? new Promise(() => {}) : Promise.resolve();
    },
  };
  const done = deliver(here, [sink]);
  await here.clock.advanceUntil(() => factsOf(here.published, 'alert.delivery').length === 2);
  expect(here.clock.monotonicMs()).toBe(125_000);
  expect(factsOf(here.published, 'alert.delivery')).toMatchObject([
    { state: 'waiting', error: { code: 'delivery-failed', message: expect.stringContaining('120 s') } },
    { state: 'delivered' },
  ]);
  expect(new Set(signals).size).toBe(2);
  expect(signals).not.toContain(here.stop.signal);
  // Only the wait for the next alert.
  expect(getEventListeners(here.stop.signal, 'abort')).toHaveLength(1);
  here.stop.abort();
  await done;
});

test('stopping in the middle of an attempt leaves the alert waiting, uncounted', async () => {
  const here = scene();
  here.outbox.raise(firing(), ['webhook a']);
  const sink: Sink = {
    destination: 'webhook a',
    deliver: (_alert, signal) =>
      new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason), { once: true })),
  };
  const done = deliver(here, [sink]);
  here.stop.abort();
  await done;
  expect(here.outbox.list({ limit: 1 })[0]?.deliveries).toMatchObject([{ state: 'waiting', attempts: 0 }]);
});
