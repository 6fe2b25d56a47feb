// The share of the uplink: never more than set, the same for every camera that asks.
import { expect, test } from 'vitest';
import { freeAfter, nextClaim, Uplink } from '../../agent/uploader/uplink.ts';
import { SimulatedClock } from '../simulated-clock.ts';
import { madeFragments } from '../spool/parts.ts';
import { Scene } from './scene.ts';
import { ScriptedService } from './scripted-service.ts';

const never = new AbortController().signal;

test('a byte costs its time: 1000 bytes at 8000 bit/s are free again after a second', () => {
  expect(freeAfter(0, 5_000, 1000, 8_000)).toBe(6_000);
  expect(freeAfter(5_500, 5_000, 1000, 8_000)).toBe(6_500);
});

test('the claim of whoever had least is served first; among equals the first', () => {
  const claim = (cameraId: string, finish: number) => ({ cameraId, bytes: 1, finish });
  expect(nextClaim([])).toBeUndefined();
  expect(nextClaim([claim('a', 20), claim('b', 10), claim('c', 10)])?.cameraId).toBe('b');
});

test.each<[number | undefined, number]>([
  [undefined, 65_536],
  [64_000, 4_096],
  [1_000_000, 31_250],
  [100_000_000, 65_536],
])('at %s bit/s bytes are taken in slices of %i', (bitsPerSecond, sliceBytes) => {
  expect(new Uplink({ clock: new SimulatedClock(), bitsPerSecond }).sliceBytes).toBe(sliceBytes);
});

test('two cameras that want all of it get half each over a minute, and together the limit', async () => {
  const clock = new SimulatedClock();
  const uplink = new Uplink({ clock, bitsPerSecond: 800_000 });
  const sent = { large: 0, small: 0 };
  const stop = new AbortController();
  const send = async (cameraId: 'large' | 'small', bytes: number) => {
    for (;;) {
      await uplink.take(cameraId, bytes, stop.signal);
      sent[cameraId] += bytes;
    }
  };
  const sending = Promise.allSettled([send('large', 20_000), send('small', 1_000)]);
  await clock.advance(60_000);
  stop.abort();
  await sending;
  const limitBytes = 60 * 100_000;
  expect(sent.large + sent.small).toBeGreaterThan(limitBytes * 0.99);
  expect(sent.large + sent.small).toBeLessThan(limitBytes * 1.01);
  expect(sent.small / sent.large).toBeGreaterThan(0.95);
  expect(sent.small / sent.large).toBeLessThan(1.05);
});

test('a camera that was silent does not make up for it at the cost of the others', async () => {
  const clock = new SimulatedClock();
  const uplink = new Uplink({ clock, bitsPerSecond: 80_000 });
  for (let second = 0; second < 10; second++) {
    const taken = uplink.take('busy', 10_000, never);
    await clock.advance(1_000);
    await taken;
  }
  const order: string[] = [];
  const takes = ['busy', 'silent', 'busy', 'silent'].map(async cameraId => {
    await uplink.take(cameraId, 10_000, never);
    order.push(cameraId);
  });
  await clock.advance(10_000);
  await Promise.all(takes);
  expect(order.slice(0, 2).sort()).toEqual(['busy', 'silent']);
});

test('a camera that gives up leaves its place to the next', async () => {
  const clock = new SimulatedClock();
  const uplink = new Uplink({ clock, bitsPerSecond: 80_000 });
  await uplink.take('a', 10_000, never);
  const stop = new AbortController();
  const given = uplink.take('a', 1_000_000, stop.signal);
  const other = uplink.take('b', 10_000, never);
  stop.abort(new Error('stopped'));
  await expect(given).rejects.toThrow('stopped');
  await clock.advance(1_000);
  await other;
});

test('a backlog is sent within the limit, and its end is foretold', async () => {
  await using service = await ScriptedService.start();
  const clock = new SimulatedClock();
  const uplink = new Uplink({ clock, bitsPerSecond: 1_000_000 });
  await using scene = await Scene.open({ endpoint: service.url, clock, tools: { uplink } });
  const startMs = Math.round(clock.nowMs()) - 60_000;
  await scene.write(madeFragments(startMs, 40, { frameBytes: 10_000 }));
  const fromMs = clock.monotonicMs();
  scene.start();
  // Time passes while bytes are held back, and not for the machine's own slowness.
  const longestHoldMs = 300;
  while (scene.spool.waiting('cam').fragments > 0) {
    if (clock.dueInMs <= longestHoldMs) await clock.advance(clock.dueInMs);
    else await new Promise(resolve => setTimeout(resolve, 1));
  }
  const seconds = (clock.monotonicMs() - fromMs) / 1000;
  const bitsPerSecond = (40 * 5 * 10_000 * 8) / seconds;
  expect(bitsPerSecond).toBeLessThan(1_050_000);
  expect(bitsPerSecond).toBeGreaterThan(500_000);
  const told = scene.of('upload.backlog');
  expect(told[0]?.backlogSeconds).toBeGreaterThan(30);
  const etas = told.flatMap(({ etaSeconds }) => etaSeconds ?? []);
  expect(etas.length).toBeGreaterThan(3);
  expect(etas[0]).toBeGreaterThan(etas.at(-1) ?? 0);
  expect(told.length).toBeLessThan(seconds + 2);
  const stopped = scene.stop();
  await clock.advance(3_000);
  await stopped;
});
