// The stream as the settings want it, the clock and the credentials it takes to reach it.
import { expect, test } from 'vitest';
import { driftOf } from '../../agent/aws/streams.ts';
import { mediaTypeOf } from '../../agent/uploader/session-media.ts';
import { SimulatedClock } from '../simulated-clock.ts';
import { audio, madeFragment, madeFragments, video } from '../spool/parts.ts';
import { fastClock } from './fast-clock.ts';
import { passUntil, Scene, until } from './scene.ts';
import { ScriptedService } from './scripted-service.ts';

const startMs = 1_795_420_701_007;
const h265 = { ...video, codecId: 'V_MPEGH/ISO/HEVC' };

test('a stream is created with retention, key, tags and the type of what it will hold', async () => {
  await using service = await ScriptedService.start();
  service.streamExists = false;
  const camera = { retentionHours: 48, kmsKeyId: 'alias/cameras', tags: { site: 'harbour' } };
  await using scene = await Scene.open({ endpoint: service.url, camera });
  await scene.write(madeFragment({ startMs, tracks: [h265] }));
  scene.start();
  await scene.allPersisted();
  expect(service.created).toEqual([
    {
      StreamName: 'front-door',
      DataRetentionInHours: 48,
      KmsKeyId: 'alias/cameras',
      Tags: { site: 'harbour' },
      MediaType: 'video/h265',
    },
  ]);
});

test('the media type names every track', () => {
  expect(mediaTypeOf([video])).toBe('video/h264');
  expect(mediaTypeOf([h265, audio])).toBe('video/h265,audio/aac');
  expect(mediaTypeOf([{ ...video, codecId: 'V_VP9' }])).toBe('video/h264');
});

const arn = 'arn:aws:kms:us-west-2:123456789012:';
test.each<[string, string | undefined, string | undefined, boolean]>([
  ['no key is wanted', undefined, `${arn}key/1234`, false],
  ['the same id', '1234', '1234', false],
  ['the id of an ARN', '1234', `${arn}key/1234`, false],
  ['the same ARN', `${arn}key/1234`, `${arn}key/1234`, false],
  ['another key', '1234', `${arn}key/5678`, true],
  ['the same alias', 'alias/cameras', `${arn}alias/cameras`, false],
  ['another alias', 'alias/cameras', `${arn}alias/others`, true],
  ['an alias that may be of that key', 'alias/cameras', `${arn}key/1234`, false],
  ['a key, where the stream has the service’s own', '1234', `${arn}alias/aws/kinesisvideo`, true],
  ['a key, where the service names none', '1234', undefined, true],
])('drift of the key: %s', (_, wanted, actual, differs) => {
  const drift = driftOf(
    { retentionHours: 24, kmsKeyId: wanted },
    { DataRetentionInHours: 24, ...(actual === undefined ? {} : { KmsKeyId: actual }) },
  );
  expect(drift.map(({ setting }) => setting)).toEqual(differs ? ['kmsKeyId'] : []);
});

test('a stream that keeps less than the settings say is used as it is, and told', async () => {
  await using service = await ScriptedService.start();
  service.retentionHours = 2;
  await using scene = await Scene.open({ endpoint: service.url });
  await scene.write(madeFragments(startMs, 1));
  scene.start();
  await scene.allPersisted();
  expect(scene.of('stream.checked')).toEqual([
    {
      type: 'stream.checked',
      cameraId: 'cam',
      stream: 'front-door',
      retentionHours: 2,
      drift: [{ setting: 'retentionHours', wanted: '24', actual: '2' }],
    },
  ]);
});

test('refused credentials are renewed at once, and the next attempt goes through', async () => {
  await using service = await ScriptedService.start();
  service.scripts = [{ refuse: [403, 'ExpiredTokenException'] }];
  let renewed = 0;
  const clock = new SimulatedClock();
  await using scene = await Scene.open({ endpoint: service.url, clock, refresh: () => renewed++ });
  await scene.write(madeFragments(startMs, 2));
  scene.start();
  await until(() => scene.pauses.length === 1);
  expect(renewed).toBe(1);
  expect(scene.of('upload.state').at(-1)?.retryAtMs).toBeLessThanOrEqual(clock.nowMs() + 400);
  await clock.advance(400);
  await until(() => service.putMediaRequests === 2);
  await passUntil(clock, () => scene.spool.waiting('cam').fragments === 0);
  expect(renewed).toBe(1);
  expect(scene.pauses).toEqual(['service-denied']);
  const stopped = scene.stop();
  await clock.advance(3_000);
  await stopped;
});

test('a token that expires within a session, and is refused afterwards, costs nothing', async () => {
  await using service = await ScriptedService.start();
  service.scripts = [
    { onFragment: (fragment, session) => (fragment.startMs === startMs ? session.persist(fragment) : session.drop()) },
    { refuse: [403, 'ExpiredTokenException'] },
  ];
  let renewed = 0;
  await using scene = await Scene.open({ endpoint: service.url, refresh: () => renewed++ });
  await scene.write(madeFragments(startMs, 6));
  scene.start();
  await scene.allPersisted();
  expect(service.stored.map(fragment => fragment.startMs).sort()).toEqual(
    Array.from({ length: 6 }, (_, index) => startMs + index * 200),
  );
  expect(renewed).toBe(1);
  expect(scene.pauses).toEqual(['service-session-ended', 'service-denied']);
});

test('nothing is asked or sent before the clock can be trusted, and the wait is told', async () => {
  await using service = await ScriptedService.start();
  const { promise, resolve } = Promise.withResolvers<void>();
  await using scene = await Scene.open({
    endpoint: service.url,
    clock: fastClock(20),
    tools: { awaitTrust: () => promise },
  });
  await scene.write(madeFragments(startMs, 2));
  scene.start();
  await until(() => scene.pauses.length === 1);
  expect(scene.pauses).toEqual(['clock-untrusted']);
  expect(scene.of('upload.state').at(-1)).toMatchObject({ state: 'waiting' });
  expect(service.calls).toEqual([]);
  resolve();
  await scene.allPersisted();
  expect(service.stored).toHaveLength(2);
});

test('a clock that is trusted already is no news', async () => {
  await using service = await ScriptedService.start();
  await using scene = await Scene.open({ endpoint: service.url, tools: { awaitTrust: async () => undefined } });
  await scene.write(madeFragments(startMs, 2));
  scene.start();
  await scene.allPersisted();
  expect(scene.pauses).toEqual([]);
});
