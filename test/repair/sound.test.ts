// Sound that cameras send and that is not AAC, made AAC by a real ffmpeg and measured by another one.
import { test as sequentialTest } from 'vitest';
import { clip, framesOf, picture, repaired, tone, withoutBFrames } from './clips.ts';

const test = sequentialTest.concurrent;
const plan = { video: 'copy', audio: 'aac' } as const;

test.for([
  { name: 'G.711 A-law', codec: ['-c:a', 'pcm_alaw'], rate: 8000, becomes: 8000 },
  { name: 'G.711 µ-law', codec: ['-c:a', 'pcm_mulaw'], rate: 8000, becomes: 8000 },
  { name: 'PCM', codec: ['-c:a', 'pcm_s16le'], rate: 16_000, becomes: 16_000 },
  { name: 'Opus', codec: ['-c:a', 'libopus'], rate: 48_000, becomes: 48_000 },
  { name: 'G.726', codec: ['-c:a', 'g726', '-b:a', '32k'], rate: 8000, becomes: 8000 },
])('$name becomes AAC beside pictures that pass untouched', async ({ codec, rate, becomes }, { expect }) => {
  const stream = await clip(...picture(4), ...tone(4, rate), ...withoutBFrames, ...codec);
  const { only, problems } = await repaired(stream, plan);
  expect(problems).toEqual([]);
  const [video, audio] = only.tracks;
  expect(video).toEqual(stream.tracks[0]);
  expect(audio).toMatchObject({ type: 'audio', number: 2, codecId: 'A_AAC', sampleRate: becomes, channels: 1 });
  expect(framesOf(only, 'video')).toEqual(framesOf(stream, 'video'));
  const sound = framesOf(only, 'audio');
  const [from = 0, to = 0] = [sound[0]?.timecodeMs, sound.at(-1)?.timecodeMs];
  const frameMs = 1024_000 / becomes;
  // Opus' first 6.5 ms are not sound.
  expect(from - (framesOf(stream, 'audio')[0]?.timecodeMs ?? 0)).toBeOneOf([0, 7]);
  expect(Math.abs(to + frameMs - 4000)).toBeLessThan(2 * frameMs);
  expect(sound.length).toBeCloseTo((to - from) / frameMs + 1, 0);
});
