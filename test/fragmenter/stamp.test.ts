// The camera's timeline on the wall clock, with arrivals as networks and ffmpeg make them, in simulated time.
import { describe, expect, test } from 'vitest';
import { Stamp } from '../../agent/fragmenter/stamp.ts';
import { SteadyWall } from '../../agent/fragmenter/steady-wall.ts';
import { morningMs, SimulatedClock } from './simulated-clock.ts';

function newStamp(clock = new SimulatedClock()): { clock: SimulatedClock; wall: SteadyWall; stamp: Stamp } {
  const wall = new SteadyWall(clock);
  return { clock, wall, stamp: new Stamp(clock, wall) };
}

/** A frame captured `captureMs` after the start, stamped as it arrives `delayMs` later. */
function arrive(
  { clock, stamp }: { clock: SimulatedClock; stamp: Stamp },
  captureMs: number,
  delayMs: number,
  ptsMs = captureMs,
) {
  clock.passUntil(captureMs + delayMs);
  return stamp.stampMs(1, ptsMs) - morningMs;
}

/** Delays of 20 ms and up, with a late one now and then: deterministic, never regular. */
const jitterMs = (frame: number) => 20 + ((frame * 7919) % 31) + (frame % 997 === 0 ? 400 : 0);

describe('four hours of 25 frames a second', () => {
  test.each([
    ['with the camera’s clock right', 1],
    ['with the camera’s clock 100 ppm fast', 1.0001],
    ['with the camera’s clock 100 ppm slow', 0.9999],
  ])('%s stay within 40 ms of when they were captured, and never step', (_, cameraRate) => {
    const timeline = newStamp();
    let worstMs = 0;
    let steps = 0;
    let before = Number.NEGATIVE_INFINITY;
    for (let frame = 0; frame < 4 * 3600 * 25; frame++) {
      const captureMs = frame * 40;
      // The first 25 frames come in one burst when ffmpeg is done probing.
      const delayMs = frame < 25 ? 1000 - captureMs + 20 : jitterMs(frame);
      const stampMs = arrive(timeline, captureMs, delayMs, captureMs * cameraRate);
      if (frame > 0 && Math.abs(stampMs - before - 40) > 0.5) steps++;
      before = stampMs;
      // The burst's second is worn off at 5 ms a second.
      if (captureMs > 220_000) worstMs = Math.max(worstMs, Math.abs(stampMs - captureMs));
    }
    expect(worstMs).toBeLessThan(40);
    expect(steps).toBe(0);
  });
});

test('a stall of nine seconds and the burst after it leave the stamps where they were', () => {
  const timeline = newStamp();
  for (let captureMs = 0; captureMs < 60_000; captureMs += 40) {
    const delayMs = captureMs >= 30_000 && captureMs < 39_000 ? 39_000 - captureMs : 20;
    expect(Math.abs(arrive(timeline, captureMs, delayMs) - captureMs - 20)).toBeLessThan(1);
  }
});

test('a hole of five seconds in the stream is a hole of five seconds in the stamps', () => {
  const timeline = newStamp();
  arrive(timeline, 0, 20);
  const before = arrive(timeline, 40, 20);
  expect(arrive(timeline, 5040, 20) - before).toBe(5000);
});

describe('a timeline that breaks is anchored anew at the arrival', () => {
  test.each([
    ['begins again at zero', 0],
    ['jumps ahead by an hour', 3_600_000],
    ['falls back by three seconds', 57_000],
  ])('when it %s', (_, ptsMs) => {
    const timeline = newStamp();
    for (let captureMs = 0; captureMs <= 60_000; captureMs += 40) arrive(timeline, captureMs, 20);
    expect(arrive(timeline, 60_040, 20, ptsMs)).toBeCloseTo(60_060, 6);
    expect(arrive(timeline, 60_080, 20, ptsMs + 40)).toBeCloseTo(60_100, 6);
  });
});

test('a camera whose timestamps stand still is stamped by arrival', () => {
  const timeline = newStamp();
  const stamps: number[] = [];
  for (let captureMs = 0; captureMs < 5000; captureMs += 40) stamps.push(arrive(timeline, captureMs, 20, 0));
  expect(stamps.slice(14)).toEqual(stamps.slice(14).map((_, index) => (index + 14) * 40 + 20));
});

describe('the wall clock is set', () => {
  test('back by an hour: stamps go on, in this session and the next', () => {
    const timeline = newStamp();
    let before = arrive(timeline, 0, 20);
    for (let captureMs = 40; captureMs < 60_000; captureMs += 40) {
      if (captureMs === 30_000) timeline.clock.setBack(3_600_000);
      const stampMs = arrive(timeline, captureMs, 20);
      expect(stampMs - before).toBeGreaterThan(39);
      expect(stampMs - before).toBeLessThan(41);
      before = stampMs;
    }
    timeline.clock.passUntil(62_000);
    const nextSession = new Stamp(timeline.clock, timeline.wall);
    expect(nextSession.stampMs(1, 0) - morningMs).toBeGreaterThan(before);
  });

  test('from 1970 to today: stamps step there within two windows', () => {
    const clock = new SimulatedClock();
    clock.setBack(morningMs);
    const timeline = newStamp(clock);
    expect(arrive(timeline, 0, 20)).toBe(20 - morningMs);
    timeline.clock.setBack(-morningMs);
    let steps = 0;
    let before = 0;
    for (let captureMs = 40; captureMs < 30_000; captureMs += 40) {
      const stampMs = arrive(timeline, captureMs, 20);
      if (stampMs - before > 1000) steps++;
      before = stampMs;
    }
    expect(steps).toBe(1);
    expect(before).toBeCloseTo(29_980, 0);
  });
});

test('sound that stays on the old timeline for a moment is not sent into the future', () => {
  const { clock, stamp } = newStamp();
  for (let ptsMs = 0; ptsMs <= 10_000; ptsMs += 40) {
    stamp.stampMs(1, ptsMs);
    stamp.stampMs(2, ptsMs);
    clock.pass(40);
  }
  stamp.stampMs(1, 0);
  expect(stamp.stampMs(2, 10_040) - clock.nowMs()).toBeLessThanOrEqual(2000);
  expect(stamp.stampMs(2, 20) - clock.nowMs()).toBeLessThanOrEqual(20);
});

test('sound and picture share one offset, so they stay together', () => {
  const { clock, stamp } = newStamp();
  clock.pass(1000);
  const video = stamp.stampMs(1, 0);
  clock.pass(300);
  expect(stamp.stampMs(2, 10) - video).toBeCloseTo(10, 0);
});
