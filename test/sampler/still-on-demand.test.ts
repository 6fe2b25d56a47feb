// Pictures for the camera wall, decoded only when somebody looks.
import { expect, test } from 'vitest';
import { systemClock } from '../../agent/clock.ts';
import { AgentError } from '../../agent/errors.ts';
import { createStillDecoder, type StillDecoder } from '../../agent/sampler/decode.ts';
import { jpegSize } from '../../agent/sampler/jpeg-size.ts';
import { StillsOnDemand } from '../../agent/sampler/still-on-demand.ts';
import type { FragmentRecord } from '../../agent/spool/fragment-record.ts';
import { SimulatedClock } from '../simulated-clock.ts';
import { encode, fragmentAt } from './footage.ts';

const startMs = Date.UTC(2026, 10, 23, 7, 41, 12, 345);
const coded = encode('testsrc2=size=320x180');

/** As much of a spool as is looked at, with one camera. */
class OneCamera {
  readonly #files: Uint8Array[] = [];

  /** Empty: the file is gone. */
  add(file: Uint8Array = fragmentAt(startMs, coded)): void {
    this.#files.push(file);
  }

  newest(cameraId: string): FragmentRecord | undefined {
    const id = this.#files.length;
    if (id === 0 || cameraId !== 'gate') return undefined;
    return {
      ...{ id, cameraId, startMs, endMs: startMs + 1000, bytes: 1000, headerBytes: 0, frames: 5, codecKey: 'k' },
      ...{ trackNumbers: [1], state: 'waiting', sendBegun: false },
    };
  }

  async readFragment({ id }: FragmentRecord): Promise<Uint8Array> {
    const file = this.#files[id - 1];
    if (file && file.length > 0) return file;
    throw new AgentError({ code: 'fragment-missing', kind: 'data-loss', retry: 'never', message: 'Evicted.' });
  }
}

/** Decodes at once; the picture is the number of the run. */
function countingDecoder(): StillDecoder & { runs: number } {
  return {
    runs: 0,
    async decode() {
      const jpeg = Uint8Array.of(++this.runs);
      return { jpeg, width: 1, height: 1, grey: new Uint8Array(64 * 36), tookMs: 0 };
    },
  };
}

function stillsOf(camera: OneCamera, decoder: StillDecoder) {
  const clock = new SimulatedClock(startMs);
  const { signal } = new AbortController();
  return { clock, stills: new StillsOnDemand({ fragments: camera, decoder, clock, signal }) };
}

test('who asks gets the picture of the newest fragment as a JPEG', async () => {
  const camera = new OneCamera();
  camera.add();
  const { stills } = stillsOf(camera, createStillDecoder({ clock: systemClock, deadlineMs: 50_000 }));
  const jpeg = await stills.latest('gate');
  expect(jpegSize(jpeg ?? new Uint8Array(0))).toEqual({ width: 320, height: 180 });
});

test('a camera without a fragment has no picture', async () => {
  const camera = new OneCamera();
  const { stills } = stillsOf(camera, countingDecoder());
  expect(await stills.latest('gate')).toBeUndefined();
  camera.add();
  expect(await stills.latest('gate')).toEqual(Uint8Array.of(1));
  expect(await stills.latest('yard')).toBeUndefined();
});

test('nothing is decoded while nobody asks, and once for all who ask at the same time', async () => {
  const camera = new OneCamera();
  const decoder = countingDecoder();
  const { clock, stills } = stillsOf(camera, decoder);
  for (let second = 0; second < 60; second++) {
    camera.add();
    await clock.advance(1000);
  }
  expect(decoder.runs).toBe(0);
  const seen = await Promise.all(Array.from({ length: 20 }, () => stills.latest('gate')));
  expect(seen).toEqual(Array.from({ length: 20 }, () => Uint8Array.of(1)));
  expect(decoder.runs).toBe(1);
});

test('a camera that is asked for every second is decoded every five seconds', async () => {
  const camera = new OneCamera();
  const decoder = countingDecoder();
  const { clock, stills } = stillsOf(camera, decoder);
  const seen: (number | undefined)[] = [];
  for (let second = 0; second <= 10; second++) {
    camera.add();
    seen.push((await stills.latest('gate'))?.[0]);
    await clock.advance(1000);
  }
  expect(seen).toEqual([1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 3]);
});

test('a camera that records nothing new is not decoded again', async () => {
  const camera = new OneCamera();
  camera.add();
  const decoder = countingDecoder();
  const { clock, stills } = stillsOf(camera, decoder);
  await stills.latest('gate');
  await clock.advance(60_000);
  expect(await stills.latest('gate')).toEqual(Uint8Array.of(1));
  expect(decoder.runs).toBe(1);
});

test.each([
  ['whose file is gone', new Uint8Array(0)],
  ['that is no Matroska', Buffer.from('this is not Matroska at all, not even a little')],
])('instead of a fragment %s the picture before it is shown, and the next fragment is decoded', async (_what, file) => {
  const camera = new OneCamera();
  camera.add(file);
  const { clock, stills } = stillsOf(camera, countingDecoder());
  expect(await stills.latest('gate')).toBeUndefined();
  await clock.advance(5_000);
  camera.add();
  expect(await stills.latest('gate')).toEqual(Uint8Array.of(1));
  await clock.advance(5_000);
  camera.add(file);
  expect(await stills.latest('gate')).toEqual(Uint8Array.of(1));
  await clock.advance(5_000);
  camera.add();
  expect(await stills.latest('gate')).toEqual(Uint8Array.of(2));
});

test('what nobody foresaw reaches who asked, so that it is reported', async () => {
  const camera = new OneCamera();
  camera.add();
  const decoder: StillDecoder = { decode: () => Promise.reject(new TypeError('not a function')) };
  const { stills } = stillsOf(camera, decoder);
  await expect(stills.latest('gate')).rejects.toThrow('not a function');
});
