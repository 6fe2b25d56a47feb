// The scene the project draws is of use only if a real people detector, which knows nothing of it, agrees with it.
import { execFileSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { expect, test } from 'vitest';

// OpenCV's module has a `then` that resolves to itself: an import by the test runner, which awaits modules, never ends.
const cv: typeof import('@techstark/opencv-js') = createRequire(import.meta.url)('@techstark/opencv-js');

const WIDTH = 640;
const HEIGHT = 360;
const PICTURES_PER_SECOND = 10;
const PICTURE_BYTES = WIDTH * HEIGHT * 4;

const draw = 'import sys; from pretend import scene; sys.stdout.buffer.write(b"".join(scene.pictures()))';
const loop = execFileSync('/usr/bin/python3', ['-B', '-c', draw], {
  cwd: new URL('../../scripts', import.meta.url),
  maxBuffer: 1 << 30,
});

type Person = { x: number; width: number; weight: number };

async function startDetector(): Promise<(second: number) => Person[]> {
  if (!cv.Mat) await new Promise<void>(resolve => (cv.onRuntimeInitialized = () => resolve()));
  const hog = new cv.HOGDescriptor();
  const trained = cv.HOGDescriptor.getDefaultPeopleDetector();
  const values = Array.from({ length: trained.size() }, (_, index) => trained.get(index));
  hog.setSVMDetector(cv.matFromArray(values.length, 1, cv.CV_32F, values));
  return second => {
    const start = second * PICTURES_PER_SECOND * PICTURE_BYTES;
    const colour = new cv.Mat(HEIGHT, WIDTH, cv.CV_8UC4);
    colour.data.set(loop.subarray(start, start + PICTURE_BYTES));
    const grey = new cv.Mat();
    cv.cvtColor(colour, grey, cv.COLOR_BGRA2GRAY);
    const boxes = new cv.RectVector();
    const weights = new cv.DoubleVector();
    hog.detectMultiScale(grey, boxes, weights, 0.4, new cv.Size(8, 8), new cv.Size(8, 8), 1.05, 1.5, false);
    const people = Array.from({ length: boxes.size() }, (_, index) => ({
      x: boxes.get(index).x,
      width: boxes.get(index).width,
      weight: weights.get(index),
    }));
    for (const used of [colour, grey, boxes, weights]) used.delete();
    return people;
  };
}

test('the detector finds the visitor, where the visitor is, walking and standing, and nobody in the empty yard', async () => {
  expect(loop.length).toBe(24 * PICTURES_PER_SECOND * PICTURE_BYTES);
  const detect = await startDetector();
  for (const second of [0, 2, 19, 22]) expect.soft(detect(second), `at ${second} s`).toEqual([]);
  for (const [second, middle] of [
    [6.5, 157],
    [7, 211],
    [9, 318],
    [11, 318],
    [14, 426],
  ] as const) {
    const people = detect(second);
    expect.soft(people.length, `at ${second} s`).toBe(1);
    const [person] = people;
    expect.soft(person?.weight).toBeGreaterThan(0.8);
    expect.soft(Math.abs((person?.x ?? 0) + (person?.width ?? 0) / 2 - middle), `at ${second} s`).toBeLessThan(25);
  }
});
