// The thread that decodes images and looks for people in them, one after the other, so that the server stays responsive.
import { parentPort } from 'node:worker_threads';
import jpeg from 'jpeg-js';
import { HogDetector } from './hog.ts';
import { readImageHeader } from './image-header.ts';
import { type Person, peopleOf } from './people.ts';
import type { Pixels } from './pixels.ts';
import { decodePng } from './png.ts';

export type Job = { id: number; image: Uint8Array };
export type JobResult = { id: number } & ({ people: Person[] } | { undecodable: string });
/** `started` has the job's id: from then on it is what the thread is busy with. */
export type JobReport = { started: number } | JobResult;

/** A few kilobytes of PNG can say they are a picture of gigabytes. */
const maxDecodedMegapixels = 40;
const maxDecoderMemoryMb = 512;

const detector = HogDetector.load();

parentPort?.on('message', async ({ id, image }: Job) => {
  const loaded = await detector;
  report({ started: id });
  const pixels = decode(image);
  report('undecodable' in pixels ? { id, ...pixels } : { id, people: peopleIn(pixels, loaded) });
});

function report(message: JobReport): void {
  parentPort?.postMessage(message);
}

function peopleIn(pixels: Pixels, loaded: HogDetector): Person[] {
  const { coarse, fine } = loaded.detect(pixels);
  return peopleOf(coarse, fine);
}

function decode(image: Uint8Array): Pixels | { undecodable: string } {
  try {
    const header = readImageHeader(image);
    if (header && header.width * header.height > maxDecodedMegapixels * 1e6)
      return { undecodable: `It has more than ${maxDecodedMegapixels} million pixels.` };
    if (header?.format === 'png') return decodePng(image);
    const { width, height, data } = jpeg.decode(image, {
      useTArray: true,
      maxResolutionInMP: maxDecodedMegapixels,
      maxMemoryUsageInMB: maxDecoderMemoryMb,
    });
    return { width, height, rgba: data };
  } catch (error) {
    return { undecodable: error instanceof Error ? error.message : String(error) };
  }
}
