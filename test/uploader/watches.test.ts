// A service that falls silent: how long the uploader waits for it, and that nothing is lost.
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Clock } from '../../agent/clock.ts';
import { madeFragments } from '../spool/parts.ts';
import { fastClock } from './fast-clock.ts';
import { Scene } from './scene.ts';
import { ScriptedService } from './scripted-service.ts';

const startMs = 1_795_420_701_007;
const starts = (count: number) => Array.from({ length: count }, (_, index) => startMs + index * 200);

let service: ScriptedService;
let clock: Clock;
let scene: Scene;

beforeEach(async () => {
  service = await ScriptedService.start();
  clock = fastClock(20);
  scene = await Scene.open({ endpoint: service.url, clock });
});
afterEach(async () => {
  await scene[Symbol.asyncDispose]();
  await service[Symbol.asyncDispose]();
});

/** What the service has, in the order it came. */
const stored = () => service.stored.map(fragment => fragment.startMs);

test('a service that takes the connection and never answers is left after 15 s', async () => {
  service.scripts = [{ mute: true }];
  await scene.write(madeFragments(startMs, 2));
  scene.start();
  await scene.allPersisted();
  expect(service.putMediaRequests).toBe(2);
  // On a busy machine the wait is over before anybody could be told of it.
  expect(['service-unreachable', '']).toContain(scene.pauses.join());
  expect(stored()).toEqual(starts(2));
});

test('a service that acknowledges nothing is left after 15 s', async () => {
  service.scripts = [{ onFragment: () => undefined }];
  await scene.write(madeFragments(startMs, 2));
  scene.start();
  await scene.allPersisted();
  expect(scene.pauses).toEqual(['service-silent']);
  expect(stored()).toEqual(starts(2));
});

test('a service that takes no more bytes is left after 30 s', async () => {
  service.scripts = [{ deaf: true }];
  await scene.write(madeFragments(startMs, 1, { frameBytes: 6_000_000 }));
  scene.start();
  await scene.allPersisted();
  expect(scene.of('upload.state').find(fact => fact.error)?.error?.message).toContain('took no byte for 30 s');
  expect(stored()).toEqual([startMs]);
});

test('a service that receives but stores nothing is noticed after 60 s, though fragments keep coming', async () => {
  service.scripts = [{ onFragment: (fragment, session) => session.send(session.ack('RECEIVED', fragment.startMs)) }];
  scene.start();
  let written = 0;
  for (; scene.pauses.length === 0; written++) {
    await scene.write(madeFragments(startMs + written * 200, 1));
    await clock.sleep(5_000);
  }
  await scene.allPersisted();
  expect(written).toBeGreaterThanOrEqual(11);
  expect(scene.pauses).toEqual(['service-silent']);
  expect(scene.of('upload.state').find(fact => fact.error)?.error?.message).toContain('stored nothing for 60 s');
  expect(stored()).toEqual(starts(written));
});
