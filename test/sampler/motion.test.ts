import { expect, test } from 'vitest';
import { MotionBackground, raster } from '../../agent/sampler/motion.ts';
import { settingsSchema } from '../../shared/settings.ts';
import { footagePath, rastersOf } from './footage.ts';

const threshold = 0.005;

type Visitor = { left: number; width: number; grey: number };

/** A wall that is brighter at the top, with a visitor 20 cells high and a gain on all of it. */
function scene({
  visitor,
  gain = 1,
  shift = 0,
}: {
  visitor?: Visitor;
  gain?: number;
  shift?: number;
} = {}): Uint8Array {
  return Uint8Array.from({ length: raster.width * raster.height }, (_, cell) => {
    const column = (cell % raster.width) + shift;
    const row = Math.floor(cell / raster.width);
    const wall = 150 - 2 * row + (column % 16 === 8 ? 60 : 0);
    const covered = visitor && row >= 10 && row < 30 && column >= visitor.left && column < visitor.left + visitor.width;
    return Math.max(0, Math.min(255, gain * (covered ? visitor.grey : wall)));
  });
}

const person: Visitor = { left: 30, width: 6, grey: 30 };
const personShare = (6 * 20) / (64 * 36);

/** Scores of frames two seconds apart. */
function scores(background: MotionBackground, frames: Uint8Array[], fromMs = 0): number[] {
  return frames.map((frame, index) => background.score(frame, fromMs + index * 2000));
}

function still(count: number, frame = scene()): Uint8Array[] {
  return Array.from({ length: count }, () => frame);
}

test('the first frame is all new, the same frame again is not', () => {
  expect(scores(new MotionBackground(), still(3))).toEqual([1, 0, 0]);
});

test('a visitor counts with the share of the picture that they cover', () => {
  const [, , score = 0] = scores(new MotionBackground(), [...still(2), scene({ visitor: person })]);
  expect(score).toBeGreaterThan(0.9 * personShare);
  expect(score).toBeLessThanOrEqual(personShare);
});

test.each([0.6, 0.8, 1.2, 1.4])('the light of the whole picture changing by a factor of %f is no motion', gain => {
  const [, , score = 1] = scores(new MotionBackground(), [...still(2), scene({ gain })]);
  expect(score).toBeLessThan(threshold);
});

test('a visitor is seen even while the light changes', () => {
  const [, , score = 0] = scores(new MotionBackground(), [...still(2), scene({ gain: 0.8, visitor: person })]);
  expect(score).toBeGreaterThan(0.8 * personShare);
});

test('a camera that sways by a cell is no motion', () => {
  const swaying = [0, 1, 0, 1, 0].map(shift => scene({ shift }));
  expect(Math.max(...scores(new MotionBackground(), [...still(2), ...swaying]).slice(1))).toBeLessThan(threshold);
});

test('somebody who stood there for two minutes leaves no ghost', () => {
  const frames = [...still(2), ...still(60, scene({ visitor: person })), ...still(5)];
  const all = scores(new MotionBackground(), frames);
  expect(Math.min(...all.slice(2, 62))).toBeGreaterThan(threshold);
  expect(Math.max(...all.slice(62))).toBeLessThan(threshold);
});

test('a parked car becomes background within a quarter of an hour', () => {
  const parked = still(450, scene({ visitor: { left: 20, width: 12, grey: 220 } }));
  const all = scores(new MotionBackground(), [...still(2), ...parked]);
  expect(all[2]).toBeGreaterThan(threshold);
  expect(all.at(-1)).toBeLessThan(threshold);
});

test('a picture that changed altogether is new once and usual after that', () => {
  const other = Uint8Array.from(scene(), (_, cell) => [5, 90, 250][Math.floor(cell / 8) % 3] ?? 0);
  const [, first = 0, second = 1] = scores(new MotionBackground(), [scene(), other, other]);
  expect(first).toBeGreaterThan(0.6);
  expect(second).toBe(0);
});

test('a clock that goes back breaks nothing', () => {
  const background = new MotionBackground();
  scores(background, still(3), 1e12);
  expect(scores(background, [scene(), scene({ visitor: person })], 0)).toEqual([0, expect.closeTo(personShare, 2)]);
});

test('the threshold these tests use is the default of the settings', () => {
  const camera = { id: 'a', url: 'rtsp://10.0.0.20/stream1', labels: {} };
  expect(settingsSchema.parse({ cameras: [camera] }).cameras[0]?.labels?.motionThreshold).toBe(threshold);
});

// Seconds in which the picture is empty, from watching the footage. All others show somebody, whole or in part.
const footage = [
  { name: 'street-cars.mp4', everySeconds: 1, empty: [1, 2, 3, 9, 10, 11, 12, 13, 19, 20, 21, 22, 23, 24, 28, 29] },
  { name: 'room-person.mp4', everySeconds: 2, empty: [2, 4, 20, 46, 48, 70, 72, 88, 90, 120, 122, 136, 138] },
];

for (const { name, everySeconds, empty } of footage) {
  const path = footagePath(name);
  const absent = path === undefined ? ' (skipped: the footage is not on this machine)' : '';
  test.skipIf(absent)(`${name}: frames with somebody pass the motion gate, empty ones do not${absent}`, () => {
    const background = new MotionBackground();
    const all = rastersOf(path ?? '', everySeconds).map((grey, index) => ({
      second: index * everySeconds,
      score: background.score(grey, index * everySeconds * 1000),
    }));
    const passed = all.filter(({ score }) => score >= threshold).map(({ second }) => second);
    const wanted = all.map(({ second }) => second).filter(second => !empty.includes(second));
    console.info(`${name}: ${passed.length} of ${all.length} frames pass`);
    console.info(all.map(({ second, score }) => `${second} s ${score.toFixed(3)}`).join(', '));
    expect(passed).toEqual(wanted);
  });
}
