// What transcoding costs, said before anybody turns it on: from real encoders, held against what they really take.
import { expect, test } from 'vitest';
import { systemClock } from '../../agent/clock.ts';
import { transcodeCost } from '../../agent/repair/transcode-cost.ts';
import { VideoEncoders } from '../../agent/repair/video-encoders.ts';
import { clip, motionJpeg, picture, ultrafast } from './clips.ts';

const { signal } = new AbortController();
const options = { clock: systemClock, signal, encoders: ultrafast };

test('the cost grows with the picture, and names its encoder', async () => {
  const small = await transcodeCost({ width: 320, height: 180, fps: 25, codec: 'h264' }, options);
  const large = await transcodeCost({ width: 1280, height: 720, fps: 25, codec: 'h264' }, options);
  expect([small.encoder, large.encoder]).toEqual(['libx264 ultrafast', 'libx264 ultrafast']);
  expect(small.percentOfCore).toBeGreaterThan(0.5);
  expect(large.percentOfCore).toBeGreaterThan(2 * small.percentOfCore);
  // How fast it goes depends on what else the machine does meanwhile.
  for (const { realTimeFactor } of [small, large]) expect(realTimeFactor).toBeGreaterThan(0);
});

test("it can be told from the camera's own pictures", async () => {
  const { tracks, frames } = await clip(...picture(1), ...motionJpeg);
  const [track] = tracks;
  if (track?.type !== 'video') throw new Error('There is no picture');
  const kind = { width: 320, height: 180, fps: 25, codec: 'mjpeg' } as const;
  const cost = await transcodeCost(kind, { ...options, clip: { track, frames } });
  expect(cost.percentOfCore).toBeGreaterThan(0.5);
});

test('a machine takes the smallest files it has the strength for', async () => {
  const unhurried = { clock: systemClock, boardEncoders: [], patienceMs: 60_000 };
  const strong = new VideoEncoders({ ...unhurried, maxPercentOfCore: 1_000 });
  const weak = new VideoEncoders({ ...unhurried, maxPercentOfCore: 0 });
  const size = { width: 320, height: 180 };
  expect(await strong.choose(size, signal)).toEqual({ name: 'libx264', preset: 'veryfast' });
  expect(await weak.choose(size, signal)).toEqual({ name: 'libx264', preset: 'ultrafast' });
});

test('a machine too busy to be measured in time gets what takes least of it', async () => {
  const encoders = new VideoEncoders({ clock: systemClock, boardEncoders: [], maxPercentOfCore: 1_000, patienceMs: 1 });
  expect(await encoders.choose({ width: 320, height: 180 }, signal)).toEqual({ name: 'libx264', preset: 'ultrafast' });
});

test('a measurement that is stopped leaves nothing decided, and one that cannot be made says so', async () => {
  const encoders = new VideoEncoders({ clock: systemClock, boardEncoders: [], maxPercentOfCore: 1_000 });
  const stopped = AbortSignal.abort(new Error('stopped'));
  const size = { width: 320, height: 180 };
  await expect(encoders.choose(size, stopped)).rejects.toThrow('stopped');
  expect(await encoders.choose(size, signal)).toMatchObject({ name: 'libx264' });
  const broken = { track: { type: 'video', number: 1, codecId: 'V_MJPEG', width: 320, height: 180 } as const };
  const frames = [{ trackNumber: 1, timecodeMs: 0, keyFrame: true, data: Uint8Array.of(1, 2, 3) }];
  const kind = { ...size, fps: 25, codec: 'mjpeg' } as const;
  const noPicture = { track: { ...broken.track, codecPrivate: new Uint8Array() }, frames };
  await expect(transcodeCost(kind, { ...options, clip: noPicture })).rejects.toMatchObject({ code: 'encoder-failed' });
});
