// The uploader behind a camera that runs: frames leave as they come, and what the service says of a fragment counts whether
// or not the disk has it already.
import { readFile } from 'node:fs/promises';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { scanFragment } from '../../agent/matroska/scan.ts';
import { SimulatedClock } from '../simulated-clock.ts';
import { audio, madeFragments, video } from '../spool/parts.ts';
import { fastClock } from './fast-clock.ts';
import type { LiveCamera } from './live-camera.ts';
import { passUntil, Scene, until } from './scene.ts';
import { ScriptedService, type ServerSession } from './scripted-service.ts';

const startMs = 1_795_420_701_007;
const starts = (count: number) => Array.from({ length: count }, (_, index) => startMs + index * 200);

let service: ScriptedService;
let scene: Scene;
let camera: LiveCamera;

beforeEach(async () => {
  service = await ScriptedService.start();
  scene = await Scene.open({ endpoint: service.url });
  camera = scene.live();
});
afterEach(async () => {
  await camera.stop();
  await scene[Symbol.asyncDispose]();
  await service[Symbol.asyncDispose]();
});

const stored = () => service.stored.map(fragment => fragment.startMs);

/** The default behaviour, with a look at each frame. */
function watched(onFrame: (startMs: number, session: ServerSession) => void) {
  return { onFrame };
}

test('a frame is at the service before the fragment it belongs to is on disk', async () => {
  let frames = 0;
  service.scripts = [watched(() => frames++)];
  scene.start();
  camera.begin(startMs);
  for (let index = 0; index < 3; index++) {
    camera.frame(startMs + index * 40, { keyFrame: index === 0 });
    await until(() => frames === index + 1);
  }
  expect(scene.of('fragment.spooled')).toEqual([]);
  expect(scene.spool.growing('cam')?.startMs).toBe(startMs);
});

test('a camera that runs is sent on one connection, without tags, with the very frames that are on disk', async () => {
  const clock = new SimulatedClock();
  await using steady = await Scene.open({ endpoint: service.url, clock });
  const running = steady.live();
  steady.start();
  for (let index = 0; index < 6; index++) {
    running.fragment(startMs + index * 200);
    await until(() => service.stored.length >= index);
  }
  await running.stop();
  const [session] = service.sessions;
  expect(session?.tagNames).toEqual([]);
  // The camera has gone away: after a moment nothing follows.
  await passUntil(clock, () => session?.tagNames.length === 1);
  await until(() => steady.of('fragment.persisted').length === 6);
  expect(session?.tagNames).toEqual(['AWS_KINESISVIDEO_END_OF_FRAGMENT']);
  expect(service.sessions).toHaveLength(1);
  expect(stored()).toEqual(starts(6));
  for (const { startMs: at, frames } of session?.fragments ?? [])
    expect(frames).toEqual(scanFragment(await readFile(`${steady.dir}/cam/${at}.mkv`)).frames);
  const stopped = steady.stop();
  await clock.advance(3_000);
  await stopped;
});

test('a camera that goes away leaves a whole fragment: the END_OF_FRAGMENT tag completes it', async () => {
  scene.start();
  camera.fragment(startMs);
  await until(() => scene.of('fragment.persisted').length === 1);
  expect(service.sessions[0]?.tagNames).toEqual(['AWS_KINESISVIDEO_END_OF_FRAGMENT']);
  expect(service.sessions[0]?.endedCleanly).toBe(false);
});

test('what waits on disk goes first, then the fragment that grows, on the same connection', async () => {
  await scene.write(madeFragments(startMs, 3));
  camera.begin(startMs + 600);
  camera.frame(startMs + 600, { keyFrame: true });
  let live = 0;
  service.scripts = [watched(at => at === startMs + 600 && live++)];
  scene.start();
  await until(() => live === 1);
  camera.frame(startMs + 640);
  camera.end(startMs + 800);
  await until(() => stored().length === 4);
  expect(stored()).toEqual(starts(4));
  expect(service.sessions).toHaveLength(1);
});

test('nothing of a fragment leaves before every track has shown a frame', async () => {
  let frames = 0;
  service.scripts = [watched(() => frames++)];
  scene.start();
  camera.begin(startMs, [video, audio]);
  for (let index = 0; index < 4; index++) camera.frame(startMs + index * 40, { keyFrame: index === 0 });
  await new Promise(resolve => setTimeout(resolve, 150));
  expect(service.putMediaRequests).toBe(0);
  camera.frame(startMs + 130, { trackNumber: 2 });
  await until(() => frames === 5);
  expect(service.sessions[0]?.segments).toEqual([[video, audio]]);
});

test('a fragment whose sound never came is sent with a header of what it has, in a session of its own', async () => {
  scene.start();
  camera.begin(startMs, [video, audio]);
  camera.frame(startMs, { keyFrame: true });
  camera.frame(startMs + 20, { trackNumber: 2 });
  camera.end(startMs + 200);
  camera.begin(startMs + 200, [video, audio]);
  camera.frame(startMs + 200, { keyFrame: true });
  camera.end(startMs + 400);
  camera.begin(startMs + 400, [video, audio]);
  camera.frame(startMs + 400, { keyFrame: true });
  camera.frame(startMs + 420, { trackNumber: 2 });
  camera.end(startMs + 600);
  await camera.stop();
  await until(() => scene.of('fragment.persisted').length === 3);
  expect(service.sessions.map(session => session.segments)).toEqual([[[video, audio]], [[video]], [[video, audio]]]);
  expect(stored()).toEqual(starts(3));
  expect(scene.pauses).toEqual([]);
});

test('a connection that breaks within a growing fragment costs nothing: the fragment is followed again from its start', async () => {
  let again = 0;
  service.scripts = [
    watched((at, session) => at === startMs + 200 && session.drop()),
    watched(at => at === startMs + 200 && again++),
  ];
  scene.start();
  camera.fragment(startMs);
  camera.begin(startMs + 200);
  camera.frame(startMs + 200, { keyFrame: true });
  await until(() => again > 0);
  expect(scene.spool.growing('cam')?.startMs).toBe(startMs + 200);
  for (let index = 1; index < 5; index++) camera.frame(startMs + 200 + index * 40);
  camera.end(startMs + 400);
  camera.fragment(startMs + 400);
  await camera.stop();
  await scene.allPersisted();
  expect(stored()).toEqual(starts(3));
  expect(service.sessions[1]?.fragments[0]?.frames).toHaveLength(5);
});

test('a fragment that arrived just before the connection broke is looked up, not sent twice', async () => {
  service.scripts = [
    {
      onFragment: (fragment, session) => {
        session.store(fragment);
        session.drop();
      },
    },
  ];
  scene.start();
  camera.fragment(startMs);
  camera.fragment(startMs + 200);
  camera.fragment(startMs + 400);
  await camera.stop();
  await scene.allPersisted();
  expect(stored().sort()).toEqual(starts(3));
});

test('a growing fragment that is refused is not sent again, and set aside with its reason when it is whole', async () => {
  service.scripts = [watched((at, session) => at === startMs && session.refuse(undefined, 4006, 'INVALID_MKV_DATA'))];
  scene.start();
  camera.begin(startMs);
  camera.frame(startMs, { keyFrame: true });
  await until(() => scene.pauses.length === 1);
  camera.frame(startMs + 40);
  camera.end(startMs + 200);
  camera.fragment(startMs + 200);
  await camera.stop();
  await scene.allPersisted();
  expect(stored()).toEqual([startMs + 200]);
  expect(scene.of('fragment.rejected')).toMatchObject([{ startMs, error: { code: 'service-rejected-fragment' } }]);
});

test('an error that names only the fragment’s number hits that fragment', async () => {
  service.scripts = [
    {
      onFragment(fragment, session) {
        const { startMs: at } = fragment;
        session.send(session.ack('BUFFERING', at, { FragmentNumber: String(at) }));
        if (at === startMs) session.send(session.ack('RECEIVED', at, { FragmentNumber: String(at) }));
        if (at !== startMs + 400) return;
        const error = { EventType: 'ERROR', FragmentNumber: String(startMs + 200), ErrorId: 4006 };
        session.send(`${JSON.stringify(error)}\n`);
      },
    },
  ];
  await scene.write(madeFragments(startMs, 4));
  scene.start();
  await scene.allPersisted();
  expect(scene.of('fragment.rejected').map(fact => fact.startMs)).toEqual([startMs + 200]);
});

test('the agent’s stop completes the fragment in hand', async () => {
  // So slow that the fragment is on disk before the agent gives it up, on a busy machine either.
  await using patient = await Scene.open({ endpoint: service.url, clock: fastClock(1) });
  const running = patient.live();
  patient.start();
  running.begin(startMs);
  running.frame(startMs, { keyFrame: true });
  await until(() => service.sessions.length === 1);
  const stopped = patient.stop();
  running.frame(startMs + 40);
  await running.stop();
  await stopped;
  expect(stored()).toEqual([startMs]);
  expect(patient.spool.waiting('cam').fragments).toBe(0);
  expect(service.sessions[0]?.endedCleanly).toBe(true);
});

test('an older fragment that turns up while a camera runs is sent soon, in a session of its own', async () => {
  scene.start();
  camera.fragment(startMs + 10_000);
  await until(() => scene.of('fragment.persisted').length === 1);
  await scene.write(madeFragments(startMs, 1));
  camera.fragment(startMs + 10_200);
  camera.fragment(startMs + 10_400);
  await camera.stop();
  await scene.allPersisted();
  expect(stored().sort()).toEqual([startMs, startMs + 10_000, startMs + 10_200, startMs + 10_400]);
  expect(scene.pauses).toEqual([]);
});
