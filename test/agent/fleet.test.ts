// Cameras are added, changed and removed while others run: real agents, pretend cameras that number their pictures, and what
// the embedded service stored, read from its own files.
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { LabCloud } from '../fault-lab/lab-cloud.ts';
import { type RunningCamera, startCamera } from '../pretend-camera/running-camera.ts';
import { RunningAgent } from './running-agent.ts';

let cloud: LabCloud;
let steady: RunningCamera;
let other: RunningCamera;

beforeAll(async () => {
  [cloud, steady, other] = await Promise.all([LabCloud.start(), startCamera(), startCamera()]);
});
afterAll(async () => {
  await Promise.all([steady?.stop(), other?.stop()]);
  await cloud?.[Symbol.asyncDispose]();
});

async function ordinals(stream: string): Promise<number[]> {
  return (await cloud.fragments(stream)).flat().map(({ ordinal }) => ordinal);
}

/** Picture numbers that are not the one before plus one: after each, something is missing or came twice. */
function breaks(numbers: readonly number[]): number[] {
  return numbers.filter((number, at) => at > 0 && number !== (numbers[at - 1] ?? 0) + 1);
}

async function stored(stream: string, more: number): Promise<void> {
  const before = (await ordinals(stream)).length;
  await expect.poll(async () => (await ordinals(stream)).length).toBeGreaterThan(before + more);
}

test('a camera that runs loses no picture while others are added, changed and removed', async () => {
  await using agent = await RunningAgent.start({
    aws: { endpoint: cloud.url },
    cameras: [{ id: 'steady', url: steady.url }],
  });
  await stored('steady', 10);

  const added = await agent.ask('POST', '/api/cameras', { id: 'yard', url: other.url });
  expect(added).toMatchObject({ status: 201, answer: { camera: { id: 'yard', stream: 'yard', hasPassword: false } } });
  await stored('yard', 10);

  const changed = await agent.ask('PATCH', '/api/cameras/yard', { audio: 'off', labels: { provider: 'none' } });
  expect(changed).toMatchObject({ status: 200, answer: { camera: { audio: 'off' }, needRestart: [] } });
  await expect.poll(async () => (await agent.camera('yard')).state).toBe('live');
  await stored('yard', 10);

  expect((await agent.ask('DELETE', '/api/cameras/yard')).status).toBe(200);
  expect(JSON.parse(await agent.text('/api/cameras')).cameras.map(({ id }: { id: string }) => id)).toEqual(['steady']);
  await expect.poll(() => other.events.at(-1)?.event).toBe('client-left');
  await stored('steady', 20);

  expect(breaks(await ordinals('steady'))).toEqual([]);
});

test('only the analysis of a camera begins anew when only its labels change: not a picture is missing', async () => {
  await using agent = await RunningAgent.start({
    aws: { endpoint: cloud.url },
    cameras: [{ id: 'labelled', url: steady.url, labels: { everySeconds: 1, motionThreshold: 0 } }],
  });
  await stored('labelled', 10);
  const changed = await agent.ask('PATCH', '/api/cameras/labelled', { labels: { everySeconds: 2 } });
  expect(changed.answer).toMatchObject({ camera: { labels: { everySeconds: 2, motionThreshold: 0 } } });
  expect((await agent.camera('labelled')).labels).toMatchObject({ on: true, everySeconds: 2 });
  await agent.ask('PATCH', '/api/cameras/labelled', { localRetentionHours: 1 });
  await stored('labelled', 20);
  expect(breaks(await ordinals('labelled'))).toEqual([]);
});

test('a camera that changes in every way goes on at its new address and in its new stream', async () => {
  await using agent = await RunningAgent.start({
    aws: { endpoint: cloud.url },
    cameras: [{ id: 'moved', url: other.url, stream: 'before' }],
  });
  await stored('before', 10);
  const changes = { url: steady.url, stream: 'after', labels: { everySeconds: 1 } };
  expect((await agent.ask('PATCH', '/api/cameras/moved', changes)).status).toBe(200);
  await stored('after', 10);
  expect(await agent.camera('moved')).toMatchObject({ stream: 'after', state: 'live', labels: { on: true } });
  expect(breaks(await ordinals('before'))).toEqual([]);
});

test('what a removed camera left on disk is still sent, also by the agent that is started next', async () => {
  await using cloudDown = await LabCloud.start();
  cloudDown.faults.put([{ fault: 'reset' }]);
  const data = { aws: { endpoint: cloudDown.url } };
  await using agent = await RunningAgent.start({ ...data, cameras: [{ id: 'gone', url: other.url }] });
  await expect.poll(async () => (await agent.camera('gone')).upload.waitingFragments).toBeGreaterThan(2);
  expect((await agent.ask('DELETE', '/api/cameras/gone')).status).toBe(200);
  const { leaving } = JSON.parse(await agent.text('/api/cameras'));
  expect(leaving).toMatchObject([{ id: 'gone' }]);
  expect(leaving[0].waitingFragments).toBeGreaterThan(2);

  await agent.restart();
  cloudDown.faults.clear();
  await expect
    .poll(async () => JSON.parse(await agent.text('/api/cameras')).leaving, { interval: 500 })
    .toBeUndefined();
  const fragments = await cloudDown.fragments('gone');
  expect(fragments.length).toBe(leaving[0].waitingFragments);
  expect(breaks(fragments.flat().map(({ ordinal }) => ordinal))).toEqual([]);
  // It is written when the uploader has ended, which is after the console no longer tells of the camera.
  const known = async () => JSON.parse(await readFile(`${agent.dir}/data/streams.json`, 'utf8'));
  await expect.poll(known).toEqual([]);
});

test('cameras that start together open their connections one after the other', async () => {
  const connectedAtMs: number[] = [];
  // Takes connections and says nothing: each camera makes one.
  const door = createServer(() => connectedAtMs.push(performance.now())).listen(0, '127.0.0.1');
  await once(door, 'listening');
  const address = door.address();
  const port = typeof address === 'object' ? address?.port : 0;
  // A second and a half from the first to the last: even if this process is kept from looking for a second, they do not seem to be one.
  const cameras = Array.from({ length: 16 }, (_, number) => ({
    id: `c${number}`,
    url: `rtsp://127.0.0.1:${port}/${number}`,
  }));
  await using _agent = await RunningAgent.start({ aws: { endpoint: cloud.url }, cameras });
  await expect.poll(() => connectedAtMs.length).toBeGreaterThanOrEqual(cameras.length);
  const [first = 0] = connectedAtMs;
  const last = connectedAtMs[cameras.length - 1] ?? 0;
  expect(last - first).toBeGreaterThan(300);
  door.close();
});
