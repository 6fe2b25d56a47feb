// The loop around every source, with connections that end as the test says and time that passes as the test says.
import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { type FactOf, Facts } from '../../agent/facts.ts';
import { cameraError } from '../../agent/rtsp/camera-trouble.ts';
import type { SourceItem } from '../../agent/source/source.ts';
import { type Connection, supervise } from '../../agent/source/supervise.ts';
import { SimulatedClock } from '../simulated-clock.ts';

const host = '10.0.0.20';
const tracks: SourceItem = { type: 'tracks', tracks: [] };
type RunOnce = (connection: Connection, signal: AbortSignal) => AsyncIterable<SourceItem>;

/** Follows one camera to the end of `connections`; the one after the last stops it. */
function follow(connections: RunOnce[]) {
  const clock = new SimulatedClock();
  const facts = new Facts(error => {
    throw error;
  });
  const states: FactOf<'camera.state'>[] = [];
  const startedAtMs: number[] = [];
  const abort = new AbortController();
  facts.subscribe(fact => {
    if (fact.type === 'camera.state') states.push(fact);
  });
  const beganMs = clock.nowMs();
  async function* runOnce(connection: Connection, signal: AbortSignal): AsyncGenerator<SourceItem> {
    startedAtMs.push(clock.nowMs() - beganMs);
    const connect = connections.shift();
    if (connect) yield* connect(connection, signal);
    else abort.abort();
  }
  const items: SourceItem[] = [];
  const supervised = supervise(
    { cameraId: 'door', clock, facts, random: () => 1, steadyMs: 60_000, runOnce },
    abort.signal,
  );
  const done = (async () => {
    for await (const item of supervised) items.push(item);
  })();
  return {
    clock,
    states,
    startedAtMs,
    abort,
    items,
    done,
    runToEnd: () => clock.advanceUntil(() => abort.signal.aborted),
  };
}

/** A connection that fails before its first item. */
function failing(trouble: Parameters<typeof cameraError>[0], before: () => Promise<void> = async () => {}): RunOnce {
  const next = () => before().then(() => Promise.reject(cameraError(trouble, host)));
  return () => ({ [Symbol.asyncIterator]: () => ({ next }) });
}

const refused = failing('unreachable');

async function* shortPicture({ noteLive }: Connection): AsyncGenerator<SourceItem> {
  yield tracks;
  noteLive();
  noteLive();
  throw cameraError('ended', host);
}

test('each connection is told once as live, and each end with its reason and the time of the next attempt', async () => {
  const { states, items, done, runToEnd } = follow([shortPicture, refused]);
  await runToEnd();
  await done;
  expect(items).toEqual([tracks, { type: 'end' }]);
  expect(states.map(({ state, error }) => error?.code ?? state)).toEqual([
    'starting',
    'live',
    'camera-ended',
    'camera-unreachable',
  ]);
  expect((states[3]?.retryAtMs ?? 0) - (states[2]?.retryAtMs ?? 0)).toBe(2_000);
});

test('waits double while nothing lasts, and begins anew after a minute with pictures', async () => {
  let passed: (() => void) | undefined;
  async function* longPicture({ noteLive }: Connection): AsyncGenerator<SourceItem> {
    noteLive();
    await new Promise<void>(resolve => {
      passed = resolve;
    });
    throw cameraError('ended', host);
  }
  const { clock, startedAtMs, done, runToEnd } = follow([refused, shortPicture, refused, longPicture, refused]);
  await clock.advanceUntil(() => passed !== undefined);
  await clock.advance(60_000);
  passed?.();
  await runToEnd();
  await done;
  expect(startedAtMs).toEqual([0, 1_000, 3_000, 7_000, 68_000, 70_000]);
});

test('a connection that returns is followed by the next one at once', async () => {
  async function* learnt(): AsyncGenerator<SourceItem> {}
  const { startedAtMs, states, done, runToEnd } = follow([learnt, learnt]);
  await runToEnd();
  await done;
  expect(startedAtMs).toEqual([0, 0, 0]);
  expect(states.map(({ state }) => state)).toEqual(['starting']);
});

test('a stop during the wait, or while the camera fails, ends it at once and says nothing of the camera', async () => {
  const waiting = follow([refused]);
  await waiting.clock.advanceUntil(() => waiting.states.length === 2);
  waiting.abort.abort();
  await waiting.done;
  expect(waiting.startedAtMs).toEqual([0]);

  const stopping: ReturnType<typeof follow> = follow([
    failing('ended', async () => {
      await nextTurn();
      stopping.abort.abort();
    }),
  ]);
  await stopping.done;
  expect(stopping.states.map(({ state }) => state)).toEqual(['starting']);
});

test('what a connection opened is closed when the consumer stops', async () => {
  let closed = false;
  async function* endless(): AsyncGenerator<SourceItem> {
    try {
      for (;;) yield tracks;
    } finally {
      closed = true;
    }
  }
  const facts = new Facts(() => {});
  const options = { cameraId: 'door', clock: new SimulatedClock(), facts, random: () => 1, steadyMs: 60_000 };
  for await (const item of supervise({ ...options, runOnce: endless }, new AbortController().signal)) {
    expect(item).toBe(tracks);
    break;
  }
  expect(closed).toBe(true);
});
