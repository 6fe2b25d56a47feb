// The uploader against the embedded server: its own signature check, validation and store.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { KinesisVideo } from '../../agent/aws/kinesis-video.ts';
import { systemClock } from '../../agent/clock.ts';
import { type LocalCloud, startLocalCloud } from '../../agent/local-cloud/main.ts';
import { Secret } from '../../agent/secret.ts';
import { SimulatedClock } from '../simulated-clock.ts';
import { madeFragments, video } from '../spool/parts.ts';
import { realFragments } from '../spool/real-video.ts';
import { passUntil, Scene, until } from './scene.ts';

const startMs = 1_795_420_701_007;

let dataDir: string;
let cloud: LocalCloud;

async function startCloud(port = 0, secret = 'local-secret'): Promise<LocalCloud> {
  return startLocalCloud({ port, dataDir, accessKeyId: 'local', secretAccessKey: new Secret(secret) });
}

async function storedStarts(): Promise<number[]> {
  const credentials = async () => ({ accessKeyId: 'local', secretAccessKey: 'local-secret' });
  using service = new KinesisVideo({ region: 'us-west-2', endpoint: cloud.url, credentials }, systemClock);
  const range = { fromMs: startMs - 3_600_000, toMs: startMs + 3_600_000, signal: AbortSignal.timeout(60_000) };
  const stored = await service.listFragments({ stream: 'front-door', ...range });
  return stored.map(fragment => fragment.startMs).sort((a, b) => a - b);
}

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'cloud-'));
  cloud = await startCloud();
});
afterEach(async () => {
  await cloud.close();
  await rm(dataDir, { recursive: true, force: true });
});

test('real video is stored fragment by fragment, each exactly once, in a stream made for it', async () => {
  await using scene = await Scene.open({ endpoint: cloud.url });
  await scene.write(realFragments(startMs, 10));
  scene.start();
  await scene.allPersisted();
  expect(await storedStarts()).toEqual(Array.from({ length: 10 }, (_, second) => startMs + second * 1000));
  expect(scene.pauses).toEqual([]);
});

test('a server that goes away and comes back, again and again, has every fragment exactly once', async () => {
  await using scene = await Scene.open({ endpoint: cloud.url });
  scene.start();
  const count = 60;
  for (let index = 0; index < count; index++) {
    await scene.write(madeFragments(startMs + index * 200, 1, { frameBytes: 20_000 }));
    if (index % 20 !== 10) continue;
    await until(() => scene.of('fragment.persisted').length > index - 10);
    await cloud.close();
    cloud = await startCloud(cloud.port);
  }
  await scene.allPersisted();
  expect(scene.pauses.length).toBeGreaterThanOrEqual(3);
  expect(await storedStarts()).toEqual(Array.from({ length: count }, (_, index) => startMs + index * 200));
});

test('fragments the agent has forgotten sending are recognised and not sent again', async () => {
  await using scene = await Scene.open({ endpoint: cloud.url });
  await scene.write(realFragments(startMs, 5));
  const records = [];
  for (let record = scene.spool.nextWaiting('cam'); record; record = scene.spool.nextWaiting('cam', record.startMs))
    records.push(record);
  scene.start();
  await scene.allPersisted();
  await scene.stop();
  await using forgetful = await Scene.open({ endpoint: cloud.url });
  await forgetful.write(realFragments(startMs, 5));
  for (const { id } of records) forgetful.spool.markSendBegun(id);
  forgetful.start();
  await forgetful.allPersisted();
  expect(forgetful.of('ack.received')).toEqual([]);
  expect(await storedStarts()).toHaveLength(5);
});

test('other codec data, then the first ones again, are all taken', async () => {
  const other = { ...video, width: 1280, height: 720, codecPrivate: Uint8Array.of(1, 0x64, 0, 0x28, 0xff, 0xe0, 0) };
  await using scene = await Scene.open({ endpoint: cloud.url });
  await scene.write([
    ...madeFragments(startMs, 2),
    ...madeFragments(startMs + 400, 2, { tracks: [other] }),
    ...madeFragments(startMs + 800, 2),
  ]);
  scene.start();
  await scene.allPersisted();
  expect(await storedStarts()).toHaveLength(6);
  expect(scene.of('fragment.rejected')).toEqual([]);
});

test('a wrong key is one sentence, and video waits on disk', async () => {
  await cloud.close();
  cloud = await startCloud(0, 'another-secret');
  await using scene = await Scene.open({ endpoint: cloud.url });
  await scene.write(madeFragments(startMs, 2));
  scene.start();
  await until(() => scene.pauses.length > 0);
  expect(scene.of('upload.state').find(fact => fact.error)?.error).toMatchObject({
    code: 'service-denied',
    message: expect.stringContaining('AWS_ACCESS_KEY_ID'),
  });
  expect(scene.spool.waiting('cam').fragments).toBe(2);
});

test('a running camera: a fragment is PERSISTED as soon as its end is known, and a change of codec costs no frame', async () => {
  const other = { ...video, width: 1280, height: 720, codecPrivate: Uint8Array.of(1, 0x64, 0, 0x28, 0xff, 0xe0, 0) };
  // Near the server's, for the signatures; it stands still: nobody waits for time to pass. How long it takes is measured by
  // the benchmarks.
  const clock = new SimulatedClock(Date.now());
  await using scene = await Scene.open({ endpoint: cloud.url, clock });
  const camera = scene.live();
  const persisted = () => scene.of('ack.received').filter(({ eventType }) => eventType === 'PERSISTED').length;
  scene.start();
  const count = 30;
  for (let index = 0; index < count; index++) {
    const at = startMs + index * 200;
    camera.begin(at, [index < 20 ? video : other]);
    for (let frame = 0; frame < 5; frame++) camera.frame(at + frame * 40, { keyFrame: frame === 0, bytes: 20_000 });
    camera.end(at + 200);
    // The first bytes of this one say that the one before is whole.
    await until(() => persisted() === index);
  }
  await camera.stop();
  await passUntil(clock, () => scene.spool.waiting('cam').fragments === 0);
  expect(await storedStarts()).toEqual(Array.from({ length: count }, (_, index) => startMs + index * 200));
  expect(persisted()).toBe(count);
  expect(scene.of('upload.state').flatMap(({ pausedMs }) => pausedMs ?? [])).toEqual([0]);
  expect(scene.pauses).toEqual([]);
  const stopped = scene.stop();
  await clock.advance(3_000);
  await stopped;
});

test('a backlog of two minutes leaves as fast as the service takes it, while the camera runs on', async () => {
  const clock = new SimulatedClock(Date.now());
  await using scene = await Scene.open({ endpoint: cloud.url, clock });
  const seconds = 120;
  await scene.write(madeFragments(startMs, seconds, { frames: 25, frameBytes: 20_000 }, 1_000));
  scene.start();
  await scene.write(madeFragments(startMs + seconds * 1_000, 2, {}, 1_000));
  await until(() => scene.spool.waiting('cam').fragments <= 1);
  // That nothing follows the last one shows only after a moment.
  await passUntil(clock, () => scene.spool.waiting('cam').fragments === 0);
  expect(await storedStarts()).toHaveLength(seconds + 2);
  expect(scene.pauses).toEqual([]);
  const stopped = scene.stop();
  await clock.advance(3_000);
  await stopped;
});
