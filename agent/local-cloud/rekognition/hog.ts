// OpenCV's people detector (histograms of oriented gradients, Dalal and Triggs), as WebAssembly.
//
// It finds standing people, head to foot, at least half as tall as the picture. The edges of the picture are continued
// outwards, so that people who touch them are found too.
import cv from '@techstark/opencv-js';
import type { Window } from './people.ts';
import type { Pixels } from './pixels.ts';

type Search = { widthPx: number; stepPx: number; scaleStep: number };

/** For whole people. */
const coarse: Search = { widthPx: 320, stepPx: 4, scaleStep: 1.05 };
/** For what whole people are made of. */
const fine: Search = { widthPx: 640, stepPx: 8, scaleStep: 1.08 };
/** What weighs less has a confidence under 50 in any case. */
const closerLookWeight = 0.2;
/** Of width and height, on every side. */
const border = 0.15;

export class HogDetector {
  readonly #hog: InstanceType<typeof cv.HOGDescriptor>;

  private constructor() {
    const weights = cv.HOGDescriptor.getDefaultPeopleDetector();
    const values = Array.from({ length: weights.size() }, (_, index) => weights.get(index));
    this.#hog = new cv.HOGDescriptor();
    this.#hog.setSVMDetector(cv.matFromArray(values.length, 1, cv.CV_32F, values));
    weights.delete();
  }

  /** Loads the WebAssembly, once a thread. */
  static async load(): Promise<HogDetector> {
    // The module has a `then` that gives itself again: awaiting it would never end.
    if (!cv.Mat) await new Promise<void>(resolve => (cv.onRuntimeInitialized = () => resolve()));
    return new HogDetector();
  }

  /** Looks closer only where there may be somebody: an empty scene takes a third of the time. */
  detect(pixels: Pixels): { coarse: Window[]; fine: Window[] } {
    const found = this.#search(pixels, coarse);
    return {
      coarse: found,
      fine: found.some(window => window.weight > closerLookWeight) ? this.#search(pixels, fine) : [],
    };
  }

  /** Every window that may be a person, overlapping ones too. */
  #search({ width, height, rgba }: Pixels, { widthPx, stepPx, scaleStep }: Search): Window[] {
    const scaledHeight = Math.round((height * widthPx) / width);
    const [x, y] = [Math.round(widthPx * border), Math.round(scaledHeight * border)];
    const picture = new cv.Mat(height, width, cv.CV_8UC4);
    const [grey, scaled, framed] = [new cv.Mat(), new cv.Mat(), new cv.Mat()];
    const [found, weights] = [new cv.RectVector(), new cv.DoubleVector()];
    try {
      picture.data.set(rgba);
      cv.cvtColor(picture, grey, cv.COLOR_RGBA2GRAY);
      cv.resize(grey, scaled, new cv.Size(widthPx, scaledHeight), 0, 0, cv.INTER_AREA);
      cv.copyMakeBorder(scaled, framed, y, y, x, x, cv.BORDER_REPLICATE, new cv.Scalar());
      const [step, noPadding] = [new cv.Size(stepPx, stepPx), new cv.Size(0, 0)];
      this.#hog.detectMultiScale(framed, found, weights, 0, step, noPadding, scaleStep, 0, false);
      return Array.from({ length: found.size() }, (_, index) => {
        const rect = found.get(index);
        return {
          left: (rect.x - x) / widthPx,
          top: (rect.y - y) / scaledHeight,
          width: rect.width / widthPx,
          height: rect.height / scaledHeight,
          weight: weights.get(index),
        };
      });
    } finally {
      for (const item of [picture, grey, scaled, framed, found, weights]) item.delete();
    }
  }
}
