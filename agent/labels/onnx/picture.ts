// JPEG → pixels, in the model's own process: 30 ms for 768 × 432 there, where a run of ffmpeg takes five times as long and
// the agent's own thread would be held up.
import jpeg from 'jpeg-js';
import { ModelProblem } from './model-problem.ts';

export type Picture = {
  width: number;
  height: number;
  /** Three bytes a pixel, red first, row by row. */
  rgb: Uint8Array;
};

/** Stills have one at most; a few bytes of JPEG can say they are a picture of gigabytes. */
const maxMegapixels = 40;
const maxMemoryMb = 512;

/** Throws a ModelProblem that blames the picture. */
export function decodePicture(bytes: Uint8Array): Picture {
  try {
    const { width, height, data } = jpeg.decode(bytes, {
      useTArray: true,
      formatAsRGBA: false,
      maxResolutionInMP: maxMegapixels,
      maxMemoryUsageInMB: maxMemoryMb,
    });
    return { width, height, rgb: data };
  } catch (error) {
    throw new ModelProblem(
      'picture',
      'is not a JPEG that can be read. It is left out; the next one is looked at.',
      error,
    );
  }
}
