import { expect, test } from 'vitest';
import { ChangedCells } from '../../agent/sampler/changed-cells.ts';
import { maskedCells } from '../../agent/sampler/mask.ts';
import { MotionBackground } from '../../agent/sampler/motion.ts';
import { raster } from '../../agent/sampler/raster.ts';
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
  return frames.map((frame, index) => background.observe(frame, fromMs + index * 2000).score);
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

const personBox = { left: 30 / 64, top: 10 / 36, width: 6 / 64, height: 20 / 36 };
const polygonOf = ({ left, top, width, height }: typeof personBox, grow = 0): [number, number][] => [
  [left - grow, top - grow],
  [left + width + grow, top - grow],
  [left + width + grow, top + height + grow],
  [left - grow, top + height + grow],
];

test('what changed is where the visitor is', () => {
  const background = new MotionBackground();
  scores(background, still(2));
  const { changed } = background.observe(scene({ visitor: person }), 4000);
  const { left = 0, top = 0, width = 0, height = 0 } = changed.bounds() ?? {};
  expect([left * 64, top * 36, width * 64, height * 36]).toEqual([30, 10, 6, 20]);
  expect(changed.within(personBox)).toBeGreaterThan(0.9);
  expect(changed.within({ left: 0.7, top: 0.3, width: 0.2, height: 0.5 })).toBe(0);
  expect(changed.within({ ...personBox, left: personBox.left - personBox.width })).toBe(0);
  expect(changed.newScene).toBe(false);
});

test('specks do not widen what changed, unless there is nothing else; a box outside the picture has no changes', () => {
  const cells = new Uint8Array(64 * 36);
  cells[5 * 64 + 63] = 1;
  expect(new ChangedCells(cells).bounds()).toEqual({ left: 63 / 64, top: 5 / 36, width: 1 / 64, height: 1 / 36 });
  // The first cell of the next row is no neighbour of the last one of this row.
  cells[6 * 64] = 1;
  for (const cell of [20 * 64 + 30, 20 * 64 + 31]) cells[cell] = 1;
  expect(new ChangedCells(cells).bounds()).toEqual({ left: 30 / 64, top: 20 / 36, width: 2 / 64, height: 1 / 36 });
  expect(new ChangedCells(new Uint8Array(64 * 36)).bounds()).toBeUndefined();
  expect(new ChangedCells(cells).within({ left: 1.2, top: -0.5, width: 0.2, height: 0.2 })).toBe(0);
});

test('in a mask nothing counts, beside it everything does, and a visitor who is half in it counts half', () => {
  const whole = new MotionBackground({ masks: [polygonOf(personBox, 0.01)] });
  expect(scores(whole, [...still(2), scene({ visitor: person })])).toEqual([1, 0, 0]);
  const beside = new MotionBackground({ masks: [polygonOf({ left: 0, top: 0, width: 0.4, height: 1 })] });
  const halved = new MotionBackground({ masks: [polygonOf({ left: 0, top: 0, width: 33 / 64, height: 1 })] });
  const [, , score = 0] = scores(beside, [...still(2), scene({ visitor: person })]);
  const [, , half = 0] = scores(halved, [...still(2), scene({ visitor: person })]);
  expect(score).toBeGreaterThan(0.9 * personShare);
  expect(half / score).toBeCloseTo(0.5, 1);
});

test('a masked part that changes altogether makes no new scene, and does not pass for a change of light', () => {
  const masked = { left: 0, top: 0, width: 0.8, height: 1 };
  const background = new MotionBackground({ masks: [polygonOf(masked)] });
  const wild = scene().map((grey, cell) => (cell % 64 < 51 ? 255 - grey : grey));
  const visitor = wild.map((grey, cell) => (cell % 64 >= 56 && cell % 64 < 60 && cell < 20 * 64 ? 20 : grey));
  scores(background, still(2));
  expect(background.observe(wild, 4000).score).toBe(0);
  expect(background.observe(visitor, 6000).score).toBeCloseTo((4 * 20) / (64 * 36), 2);
});

test('a picture that is masked altogether never moves', () => {
  const background = new MotionBackground({ masks: [polygonOf({ left: 0, top: 0, width: 1, height: 1 })] });
  expect(scores(background, [...still(2), scene({ visitor: person })])).toEqual([0, 0, 0]);
});

test('masks follow their corners, also when edges cross or a corner lies on the rim', () => {
  const triangle = maskedCells([
    [
      [0, 0],
      [1, 0],
      [0, 1],
    ],
  ]);
  expect(triangle.reduce((sum, cell) => sum + cell, 0) / triangle.length).toBeCloseTo(0.5, 1);
  expect([triangle[0], triangle[64 * 36 - 1]]).toEqual([1, 0]);
  const bowTie = maskedCells([
    [
      [0, 0],
      [1, 1],
      [1, 0],
      [0, 1],
    ],
  ]);
  const [left, above] = [bowTie[18 * 64 + 2], bowTie[2 * 64 + 32]];
  expect([left, above]).toEqual([1, 0]);
  expect(maskedCells([]).includes(1)).toBe(false);
});

test('a faint visitor is seen at high sensitivity only, a strong one at any', () => {
  const faint: Visitor = { left: 30, width: 6, grey: 111 };
  const dark: Visitor = { left: 30, width: 6, grey: 0 };
  const scoreAt = (sensitivity: number, visitor: Visitor) =>
    scores(new MotionBackground({ sensitivity }), [...still(2), scene({ visitor })])[2] ?? 0;
  const [low, medium, high] = [1, 50, 100].map(sensitivity => scoreAt(sensitivity, faint));
  expect(low).toBe(0);
  expect(high).toBeGreaterThan(2 * (medium ?? 0));
  for (const sensitivity of [1, 50, 100]) expect(scoreAt(sensitivity, dark)).toBeGreaterThan(0.7 * personShare);
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
      score: background.observe(grey, index * everySeconds * 1000).score,
    }));
    const passed = all.filter(({ score }) => score >= threshold).map(({ second }) => second);
    const wanted = all.map(({ second }) => second).filter(second => !empty.includes(second));
    console.info(`${name}: ${passed.length} of ${all.length} frames pass`);
    console.info(all.map(({ second, score }) => `${second} s ${score.toFixed(3)}`).join(', '));
    expect(passed).toEqual(wanted);
  });
}
