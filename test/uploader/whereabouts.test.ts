// A service that moved, a stream that is not there, a key that is refused, an outage: asked again, and not too often.
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Clock } from '../../agent/clock.ts';
import { madeFragments } from '../spool/parts.ts';
import { fastClock } from './fast-clock.ts';
import { Scene, until } from './scene.ts';
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

test('a missing stream is created with its retention', async () => {
  service.streamExists = false;
  await scene.write(madeFragments(startMs, 1));
  scene.start();
  await scene.allPersisted();
  expect(service.calls).toEqual(['describeStream', 'createStream', 'describeStream', 'getDataEndpoint']);
  expect(service.retentionHours).toBe(24);
});

test('a stream that was deleted meanwhile is created again', async () => {
  service.scripts = [{ refuse: [404, 'ResourceNotFoundException'] }];
  await scene.write(madeFragments(startMs, 1));
  scene.start();
  await scene.allPersisted();
  expect(scene.pauses).toEqual(['service-stream-missing']);
  expect(service.calls.filter(call => call === 'describeStream')).toHaveLength(2);
});

test('the endpoint is asked for once, and again when the service says it moved', async () => {
  service.scripts = [{}, { refuse: [400, 'InvalidEndpointException'] }];
  await scene.write(madeFragments(startMs, 1));
  scene.start();
  await until(() => service.sessions[0]?.endedCleanly === true);
  await scene.write(madeFragments(startMs + 200, 1));
  await scene.allPersisted();
  expect(scene.pauses).toEqual(['service-endpoint-moved']);
  expect(service.calls.filter(call => call === 'getDataEndpoint')).toHaveLength(2);
});

test.each([
  ['has no host any more', 'http://nowhere.invalid'],
  ['refuses connections', 'http://127.0.0.1:9'],
])('an endpoint that %s is asked for again', async (_, endpoint) => {
  service.endpoints = [endpoint];
  // So slow that the wait is not over before it is told, on a busy machine either.
  await using patient = await Scene.open({ endpoint: service.url, clock: fastClock(2) });
  await patient.write(madeFragments(startMs, 2));
  patient.start();
  await patient.allPersisted();
  expect(patient.pauses).toEqual(['service-unreachable']);
  expect(service.calls.filter(call => call === 'getDataEndpoint')).toHaveLength(2);
});

test('a refused key is asked with seldom: at most 12 requests in two minutes', async () => {
  service.scripts = Array(1000).fill({ refuse: [403, 'InvalidSignatureException'] });
  const clock = fastClock(100);
  await using denied = await Scene.open({ endpoint: service.url, clock });
  await denied.write(madeFragments(startMs, 1));
  denied.start();
  await clock.sleep(120_000);
  expect(service.putMediaRequests).toBeLessThanOrEqual(12);
  await until(() => service.putMediaRequests >= 3);
  expect(denied.pauses[0]).toBe('service-denied');
  expect(denied.of('upload.state').findLast(fact => fact.error)?.error?.message).toContain('AWS_ACCESS_KEY_ID');
});

test('an outage of a minute is tried less than once a second, and ends with everything sent', async () => {
  const { port } = service;
  await service[Symbol.asyncDispose]();
  await scene.write(madeFragments(startMs, 5));
  scene.start();
  await clock.sleep(60_000);
  const attempts = scene.pauses.length;
  await until(() => scene.pauses.length > 2);
  await scene.write(madeFragments(startMs + 1000, 5));
  service = await ScriptedService.start(port);
  await scene.allPersisted();
  expect(attempts).toBeLessThan(20);
  expect(stored()).toEqual(starts(10));
});
