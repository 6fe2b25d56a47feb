// What the service is spared while it cannot be reached or refuses, by all streams of a device together.
import { createServer } from 'node:net';
import { expect, test } from 'vitest';
import { AgentError } from '../../agent/errors.ts';
import { Restraint, spaceAttempt } from '../../agent/uploader/restraint.ts';
import { SimulatedClock } from '../simulated-clock.ts';
import { madeFragments } from '../spool/parts.ts';
import { fastClock } from './fast-clock.ts';
import { Scene, until } from './scene.ts';
import { ownHost, type Script, ScriptedService } from './scripted-service.ts';

const never = new AbortController().signal;
const startMs = 1_795_420_701_007;

function failure(code: 'service-unreachable' | 'service-throttled'): AgentError {
  return new AgentError({ code, kind: 'unavailable', retry: 'now', message: code });
}

test('five attempts may follow each other; over an hour it is one in two seconds', () => {
  let [paidUntilMs, attempts] = [0, 0];
  for (let nowMs = 1_000_000; nowMs < 1_000_000 + 3_600_000; attempts++) {
    const next = spaceAttempt(paidUntilMs, nowMs);
    if (attempts < 5) expect(next.atMs).toBe(1_000_000);
    [paidUntilMs, nowMs] = [next.paidUntilMs, next.atMs];
  }
  expect(attempts).toBeGreaterThan(1_790);
  expect(attempts).toBeLessThan(1_810);
});

test('in an outage one camera tries while the others wait; when it gets through all go at once', async () => {
  const clock = new SimulatedClock();
  const restraint = new Restraint({ clock, random: () => 0.5 });
  const attempts: string[] = [];
  let up = false;
  const live = new Set<string>();
  const camera = async (cameraId: string) => {
    while (!live.has(cameraId)) {
      await restraint.enter({ cameraId, signal: never, onHeld: () => undefined });
      if (up) {
        restraint.reached();
        live.add(cameraId);
        return;
      }
      attempts.push(cameraId);
      await clock.sleep(5);
      restraint.leave(cameraId, failure('service-unreachable'));
    }
  };
  const running = ['a', 'b', 'c', 'd'].map(camera);
  await clock.advance(0);
  await clock.advance(120_000);
  // Each notices the outage once; from then on they share one backoff.
  expect(attempts.length).toBeLessThan(4 + 25);
  expect(attempts.length).toBeGreaterThan(8);
  up = true;
  await clock.advance(15_000);
  await Promise.all(running);
  expect([...live].sort()).toEqual(['a', 'b', 'c', 'd']);
});

test('trouble of one stream holds up no other, and an answer of any kind ends an outage', async () => {
  const clock = new SimulatedClock();
  const restraint = new Restraint({ clock, random: () => 0.5 });
  const enter = (cameraId: string) => restraint.enter({ cameraId, signal: never, onHeld: () => undefined });
  await enter('a');
  restraint.leave('a', failure('service-throttled'));
  await enter('b');
  restraint.leave('b', failure('service-unreachable'));
  const probe = enter('a');
  const other = enter('b');
  await clock.advance(400);
  await probe;
  restraint.leave('a', failure('service-throttled'));
  await other;
});

test('a camera that waits for another’s attempt says why, and stops waiting when it is stopped', async () => {
  const clock = new SimulatedClock();
  const restraint = new Restraint({ clock, random: () => 0.5 });
  await restraint.enter({ cameraId: 'a', signal: never, onHeld: () => undefined });
  restraint.leave('a', failure('service-unreachable'));
  const held: [string, number][] = [];
  const stop = new AbortController();
  const onHeld = ({ code }: AgentError, ms: number) => held.push([code, ms]);
  const waiting = restraint.enter({ cameraId: 'b', signal: stop.signal, onHeld });
  await clock.advance(100);
  stop.abort(new Error('stopped'));
  await expect(waiting).rejects.toThrow('stopped');
  expect(held).toEqual([['service-unreachable', 300]]);
});

test('four cameras in an outage of a minute connect less than once a second together, and all come back', async () => {
  let connections = 0;
  const refusing = createServer(socket => {
    connections++;
    socket.destroy();
  });
  await new Promise<void>(resolve => refusing.listen(0, ownHost, resolve));
  const address = refusing.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  const clock = fastClock(20);
  const restraint = new Restraint({ clock, random: () => 0.5 });
  const endpoint = `http://${ownHost}:${port}`;
  const open = (stream: string) =>
    Scene.open({ endpoint, clock, tools: { restraint }, camera: { id: stream, stream } });
  const scenes = await Promise.all(['one', 'two', 'three', 'four'].map(open));
  try {
    for (const scene of scenes) {
      await scene.write(madeFragments(startMs, 2));
      scene.start();
    }
    await clock.sleep(60_000);
    expect(connections).toBeLessThan(60);
    await until(() => connections > 4);
    await new Promise(resolve => refusing.close(resolve));
    await using service = await ScriptedService.start(port);
    await Promise.all(scenes.map(scene => scene.allPersisted()));
    expect(service.stored).toHaveLength(8);
    await Promise.all(scenes.map(scene => scene.stop()));
  } finally {
    await Promise.all(scenes.map(scene => scene[Symbol.asyncDispose]()));
  }
});

test.each<[string, [number, string]]>([
  ['403 for ever', [403, 'InvalidSignatureException']],
  ['400 for ever', [400, 'InvalidEndpointException']],
  ['503 for ever', [503, '']],
  ['429 for ever', [429, '']],
])('%s: less than one request a second, every kind of request counted', async (_, refuse) => {
  await using service = await ScriptedService.start();
  service.scripts = Array(2000).fill({ refuse });
  const clock = fastClock(100);
  await using scene = await Scene.open({ endpoint: service.url, clock });
  await scene.write(madeFragments(startMs, 1));
  scene.start();
  await clock.sleep(120_000);
  const requests = service.putMediaRequests + service.calls.length;
  expect(requests).toBeLessThan(120);
  await until(() => service.putMediaRequests + service.calls.length > 3);
  await until(() => scene.pauses.length > 0);
});

test('a service that stores one fragment and breaks, again and again, is not hammered either', async () => {
  await using service = await ScriptedService.start();
  const breaking: Script = {
    onFragment: (fragment, session) => {
      session.persist(fragment);
      session.drop();
    },
  };
  service.scripts = Array(2000).fill(breaking);
  const clock = fastClock(20);
  await using scene = await Scene.open({ endpoint: service.url, clock });
  await scene.write(madeFragments(startMs, 200));
  scene.start();
  await clock.sleep(60_000);
  expect(service.putMediaRequests).toBeLessThan(40);
  await until(() => service.putMediaRequests > 4);
});
