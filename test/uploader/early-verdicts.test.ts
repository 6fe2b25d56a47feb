// The service may be faster than the disk: what it says of a fragment that is not on disk yet is kept until it is.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { AgentError } from '../../agent/errors.ts';
import { type Fact, Facts } from '../../agent/facts.ts';
import { Spool } from '../../agent/spool/spool.ts';
import { etaSeconds } from '../../agent/uploader/backlog.ts';
import { EarlyVerdicts } from '../../agent/uploader/early-verdicts.ts';
import { Feed } from '../../agent/uploader/feed.ts';
import { PieceMemory } from '../../agent/uploader/piece-memory.ts';
import { SimulatedClock } from '../simulated-clock.ts';
import { LiveCamera } from './live-camera.ts';
import { until } from './scene.ts';

const startMs = 1_795_420_701_007;
const never = new AbortController().signal;

async function withSpool(
  work: (parts: { spool: Spool; feed: Feed; camera: LiveCamera; facts: Fact[] }) => Promise<void>,
) {
  const dir = await mkdtemp(join(tmpdir(), 'early-'));
  const published: Fact[] = [];
  const facts = new Facts(error => {
    throw error;
  });
  facts.subscribe(fact => published.push(fact));
  try {
    await using spool = await Spool.open({ dir, maxBytes: 1e9, clock: new SimulatedClock(), facts });
    const feed = new Feed('cam', { spool, facts, early: new EarlyVerdicts(), pieces: new PieceMemory() });
    const camera = new LiveCamera(parts => spool.write('cam', parts));
    await work({ spool, feed, camera, facts: published });
    await camera.stop();
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

test('a fragment that is PERSISTED while it still grows is marked when it counts, and never offered again', async () => {
  await withSpool(async ({ spool, feed, camera, facts }) => {
    camera.begin(startMs);
    camera.frame(startMs, { keyFrame: true });
    const outgoing = await feed.upcoming(never);
    outgoing.judge({ type: 'persisted', fragmentNumber: '42' });
    expect(feed.isEmpty).toBe(true);
    expect(facts.filter(fact => fact.type === 'fragment.persisted')).toEqual([]);
    camera.end(startMs + 200);
    await until(() => facts.some(fact => fact.type === 'fragment.persisted'));
    expect(feed.isEmpty).toBe(true);
    expect(spool.waiting('cam').fragments).toBe(0);
    expect(spool.spans('cam', startMs, startMs + 200)).toEqual([{ startMs, endMs: startMs + 200, at: 'cloud' }]);
  });
});

test('a fragment that is refused while it grows is passed over, and the next one is offered', async () => {
  await withSpool(async ({ feed, camera }) => {
    camera.begin(startMs);
    camera.frame(startMs, { keyFrame: true });
    const outgoing = await feed.upcoming(never);
    const error = new AgentError({
      code: 'service-rejected-fragment',
      kind: 'invalid',
      retry: 'now',
      message: 'AWS could not read a fragment.',
    });
    outgoing.judge({ type: 'rejected', error });
    camera.end(startMs + 200);
    camera.begin(startMs + 200);
    camera.frame(startMs + 200, { keyFrame: true });
    expect((await feed.upcoming(never)).startMs).toBe(startMs + 200);
  });
});

test('what was sent to its end is waited for until it counts: only then can it be looked up', async () => {
  const early = new EarlyVerdicts();
  const { promise: whole, resolve } = Promise.withResolvers<undefined>();
  const growing = {
    ...{ cameraId: 'cam', startMs, tracks: [], codecKey: '', whole },
    frames: async function* () {},
    markSendBegun: () => undefined,
  };
  early.sent(growing);
  let settled = false;
  const settling = early.settled().then(() => {
    settled = true;
  });
  await new Promise(resolveSoon => setTimeout(resolveSoon, 10));
  expect(settled).toBe(false);
  resolve(undefined);
  await settling;
  early.sent({ ...growing, startMs: 1 });
  early.judged({ ...growing, startMs: 1, whole: new Promise(() => undefined) });
  await early.settled();
});

test.each<[string, [number, number][], number | undefined]>([
  ['one look says nothing', [[0, 1000]], undefined],
  [
    'too early to say',
    [
      [0, 1000],
      [500, 900],
    ],
    undefined,
  ],
  [
    'half gone in ten seconds',
    [
      [0, 1000],
      [10_000, 500],
    ],
    10,
  ],
  [
    'nothing left',
    [
      [0, 1000],
      [10_000, 0],
    ],
    0,
  ],
  [
    'the backlog grows',
    [
      [0, 1000],
      [10_000, 1500],
    ],
    undefined,
  ],
])('the end of a backlog: %s', (_, looks, expected) => {
  expect(etaSeconds(looks.map(([atMs, waitingBytes]) => ({ atMs, waitingBytes })))).toBe(expected);
});
