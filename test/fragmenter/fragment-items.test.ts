// Camera streams, ordinary and odd, cut into fragments: by our own eyes here, and by ffprobe's at the end.
import { spawn } from 'node:child_process';
import { expect, test } from 'vitest';
import { AgentError } from '../../agent/errors.ts';
import type { FragmentProblem } from '../../agent/fragmenter/camera-problem.ts';
import { fragmentItems } from '../../agent/fragmenter/fragment-items.ts';
import type { FragmentPart } from '../../agent/fragmenter/fragment-part.ts';
import { readMatroska } from '../../agent/matroska/read.ts';
import { scanFragment } from '../../agent/matroska/scan.ts';
import { frameHeader, writeClusterStart, writeHeader } from '../../agent/matroska/write.ts';
import type { SourceItem } from '../../agent/source/source.ts';
import { seededRandom } from '../../scripts/fuzz/seeded-random.ts';
import { mkvinfo, probePackets } from '../matroska/ffmpeg-oracle.ts';
import { cameraMedia } from './camera-media.ts';
import {
  audio,
  bSlice,
  delta,
  frame,
  idrSlice,
  key,
  nal,
  picture,
  play,
  pSlice,
  type Step,
  sound,
  tracks,
  video,
} from './camera-script.ts';
import { assemble, type Fragment } from './fragment-rules.ts';
import { morningMs, SimulatedClock } from './simulated-clock.ts';

type Result = { fragments: Fragment[]; problems: FragmentProblem[]; error?: AgentError };

/** Runs the steps in simulated time (each item arrives when its own timecode says) and checks every rule there is. */
async function fragmentsOf(steps: Step[]): Promise<Result> {
  const clock = new SimulatedClock();
  const problems: FragmentProblem[] = [];
  const parts: FragmentPart[] = [];
  const result: Result = { fragments: [], problems };
  try {
    const options = { clock, cameraId: 'door', onProblem: (problem: FragmentProblem) => problems.push(problem) };
    for await (const part of fragmentItems(play(steps, clock), options)) parts.push(part);
  } catch (error) {
    if (!(error instanceof AgentError)) throw error;
    result.error = error;
  }
  result.fragments = assemble(parts);
  return result;
}

const starts = ({ fragments }: Result) => fragments.map(fragment => fragment.startMs - morningMs);
const counts = ({ fragments }: Result) => fragments.map(fragment => fragment.frames.length);

test('a key frame every second makes a fragment of every second, each naming the next one’s start', async () => {
  const result = await fragmentsOf([tracks(video), ...picture(0, 4000)]);
  expect(starts(result)).toEqual([0, 1000, 2000, 3000]);
  expect(counts(result)).toEqual([25, 25, 25, 25]);
  expect(result.fragments.map(fragment => fragment.nextStartMs)).toEqual([
    ...[1000, 2000, 3000].map(ms => morningMs + ms),
    undefined,
  ]);
  expect(result.problems).toEqual([]);
});

test('key frames that come faster than once a second share fragments of a second', async () => {
  const result = await fragmentsOf([tracks(video), ...picture(0, 3000, 200)]);
  expect(starts(result)).toEqual([0, 1000, 2000]);
  expect(result.fragments[0]?.frames.filter(f => f.keyFrame)).toHaveLength(5);
});

test('frames before the first key frame, of picture and sound, are left out', async () => {
  const result = await fragmentsOf([
    tracks(video, audio),
    ...[sound(0), delta(10), sound(64), delta(50)],
    ...[key(90), sound(128), delta(130)],
  ]);
  expect(result.fragments[0]?.frames.map(f => f.timecodeMs - morningMs)).toEqual([90, 128, 130]);
});

test('a camera with sound only begins no fragment', async () => {
  const result = await fragmentsOf([tracks(video, audio), ...[0, 64, 128, 30_000].map(sound)]);
  expect(result).toEqual({ fragments: [], problems: [] });
});

test('the container’s flag does not make a key frame, and its absence does not unmake one', async () => {
  const flaggedDelta = frame(1, 1000, pSlice, true);
  const unflaggedKey = frame(1, 2000, idrSlice, false);
  const result = await fragmentsOf([tracks(video), key(0), flaggedDelta, unflaggedKey]);
  expect(starts(result)).toEqual([0, 2000]);
  expect(result.fragments.flatMap(f => f.frames.map(({ keyFrame }) => keyFrame))).toEqual([true, false, true]);
});

test('an open GOP begins a fragment at its recovery point', async () => {
  const recovery = Uint8Array.of(...nal(0x06, 0x06, 0x01, 0xc4, 0x80), ...pSlice);
  const result = await fragmentsOf([tracks(video), key(0), delta(40), frame(1, 1200, recovery, true), delta(1240)]);
  expect(starts(result)).toEqual([0, 1200]);
});

test('two pictures at time zero, as ffmpeg makes them of a camera’s first, stay in order', async () => {
  const result = await fragmentsOf([tracks(video), key(0), delta(0), delta(40)]);
  expect(result.fragments[0]?.frames.map(f => f.timecodeMs - morningMs)).toEqual([0, 1, 40]);
});

test('a picture that comes as two key blocks of equal time begins one fragment, and none is lost', async () => {
  const lowerHalf = nal(0x65, 0x1a, 0xe0);
  const halves = [0, 1000, 2000].flatMap(ms => [
    key(ms),
    frame(1, ms, lowerHalf, true),
    delta(ms + 40),
    delta(ms + 40),
  ]);
  const result = await fragmentsOf([tracks(video), ...halves]);
  expect(starts(result)).toEqual([0, 1000, 2000]);
  expect(counts(result)).toEqual([4, 4, 4]);
  expect(result.fragments[1]?.frames.map(f => f.keyFrame)).toEqual([true, false, false, false]);
});

test('sound that arrives around a cut moves to the next free millisecond, or moves the key frame', async () => {
  const early = [key(0), sound(10), delta(960), sound(1020), key(1000), delta(1040), sound(1084)];
  const late = [key(2100), delta(2140), sound(2090), sound(2095), sound(2160)];
  const result = await fragmentsOf([tracks(video, audio), ...early, ...late]);
  expect(
    result.fragments.map(f => f.frames.map(({ trackNumber, timecodeMs }) => [trackNumber, timecodeMs - morningMs])),
  ).toEqual([
    [
      [1, 0],
      [2, 10],
      [1, 960],
      [2, 1020],
    ],
    [
      [1, 1021],
      [1, 1040],
      [2, 1084],
    ],
    [
      [1, 2100],
      [1, 2140],
      [2, 2100],
      [2, 2101],
      [2, 2160],
    ],
  ]);
});

test('sound that falls silent for a minute comes back where it belongs', async () => {
  const result = await fragmentsOf([tracks(video, audio), key(0), sound(5), ...picture(40, 60_000), sound(60_000)]);
  expect(result.fragments.at(-1)?.frames.at(-1)).toMatchObject({ trackNumber: 2, timecodeMs: morningMs + 60_000 });
});

test('a GOP of 30 s gives 20 s and a recorded loss of 10 s', async () => {
  const result = await fragmentsOf([tracks(video), ...picture(0, 62_000, 30_000)]);
  expect(starts(result)).toEqual([0, 30_000, 60_000]);
  expect(counts(result)).toEqual([500, 500, 50]);
  expect(result.fragments[0]?.nextStartMs).toBeUndefined();
  expect(
    result.problems.map(({ error, lostFromMs = 0, lostToMs }) => [
      error.code,
      lostFromMs - morningMs,
      (lostToMs ?? 0) - morningMs,
    ]),
  ).toEqual([
    ['camera-gop-too-long', 20_000, -morningMs],
    ['camera-gop-too-long', 20_000, 30_000],
    ['camera-gop-too-long', 50_000, -morningMs],
    ['camera-gop-too-long', 50_000, 60_000],
  ]);
});

test('a stream joined long before its next key frame is told from 20 s on, and is a loss from its first picture', async () => {
  const joined = (keyFrameMs: number) => {
    const before = picture(0, keyFrameMs).map(item => (item.type === 'frame' ? delta(item.frame.timecodeMs) : item));
    return fragmentsOf([tracks(video), ...before, ...picture(keyFrameMs, keyFrameMs + 2000)]);
  };
  const late = await joined(25_000);
  expect(starts(late)).toEqual([25_000, 26_000]);
  expect(late.problems.map(({ lostFromMs = 0, lostToMs }) => [lostFromMs - morningMs, lostToMs])).toEqual([
    [0, undefined],
    [0, morningMs + 25_000],
  ]);
  expect((await joined(19_000)).problems).toEqual([]);
});

test('a GOP of 20 s loses nothing', async () => {
  const result = await fragmentsOf([tracks(video), ...picture(0, 40_000, 20_000)]);
  expect(counts(result)).toEqual([500, 500]);
  expect(result.problems).toEqual([]);
});

test('50 MB without a key frame end the fragment; the next key frame begins another', async () => {
  const huge = Uint8Array.of(...pSlice, ...new Uint8Array(4));
  const big = new Uint8Array(9_000_000);
  big.set(huge);
  const gop = (ms: number) => [key(ms), ...[1, 2, 3, 4, 5, 6].map(index => delta(ms + index * 40, big))];
  const result = await fragmentsOf([tracks(video), ...gop(0), ...gop(400)]);
  expect(starts(result)).toEqual([0, 400]);
  expect(counts(result)).toEqual([6, 6]);
  expect(result.problems.map(problem => problem.error.message)).toContainEqual(expect.stringContaining('50 MB'));
});

test('a pause of ten seconds in the stream is a gap, not a long fragment', async () => {
  const result = await fragmentsOf([tracks(video), ...picture(0, 2000), ...picture(12_000, 13_000)]);
  expect(starts(result)).toEqual([0, 1000, 12_000]);
  expect(result.fragments[1]?.nextStartMs).toBeUndefined();
});

test('a camera that begins its timeline again goes on in wall time', async () => {
  const result = await fragmentsOf([tracks(video), ...picture(0, 3000), { pauseMs: 40 }, ...picture(0, 2000)]);
  expect(starts(result)).toEqual([0, 1000, 2000, 3000, 4000]);
  expect(counts(result)).toEqual([25, 25, 25, 25, 25]);
});

test('the wall clock set back by an hour changes nothing, across a reconnect too', async () => {
  const result = await fragmentsOf([
    ...[tracks(video), ...picture(0, 2000), { setBackMs: 3_600_000 }, ...picture(2000, 4000)],
    ...[{ pauseMs: 5000 }, tracks(video), ...picture(0, 2000)],
  ]);
  const frames = result.fragments.flatMap(fragment => fragment.frames);
  const steps = frames.map((f, index) => f.timecodeMs - (frames[index - 1]?.timecodeMs ?? f.timecodeMs));
  expect(frames).toHaveLength(150);
  expect(steps.filter(step => step > 41 || step < 39)).toEqual([0, expect.closeTo(5000, -2)]);
});

test('a fragment ends with the session it belongs to, not when the next one begins', async () => {
  const parts: string[] = [];
  const seen: string[][] = [];
  const clock = new SimulatedClock();
  async function* camera() {
    yield* play([tracks(video), ...picture(0, 500)], clock);
    yield { type: 'end' } as const;
    seen.push([...parts]);
    yield* play([tracks(video), ...picture(0, 500)], clock);
  }
  for await (const part of fragmentItems(camera(), { clock, cameraId: 'cam' })) parts.push(part.type);
  expect(seen[0]?.at(-1)).toBe('end');
  expect(parts.filter(type => type === 'begin')).toHaveLength(2);
});

test('a reconnected camera begins a new fragment with equal tracks', async () => {
  const again = structuredClone([video, audio]);
  const result = await fragmentsOf([
    ...[tracks(video, audio), key(0), delta(40), { pauseMs: 3000 }],
    ...[tracks(...again), delta(0), key(40), sound(50)],
  ]);
  expect(counts(result)).toEqual([2, 2]);
  expect(result.fragments[0]).not.toHaveProperty('nextStartMs');
  expect(result.fragments[1]?.tracks).toEqual(result.fragments[0]?.tracks);
});

test('tracks are numbered as HLS wants them, whatever the camera’s order', async () => {
  const turned = [
    { ...audio, number: 1 },
    { ...video, number: 7 },
  ];
  const result = await fragmentsOf([tracks(...turned), frame(7, 0, idrSlice, true), frame(1, 5, Uint8Array.of(9))]);
  expect(result.fragments[0]?.tracks.map(({ type, number }) => [type, number])).toEqual([
    ['video', 1],
    ['audio', 2],
  ]);
  expect(result.fragments[0]?.frames.map(f => f.trackNumber)).toEqual([1, 2]);
});

test.each([
  ['camera-codec-unsupported', [{ ...video, codecId: 'V_MJPEG' }]],
  ['camera-no-video', [audio]],
])('a stream that can never be sent is refused: %s', async (code, list) => {
  const { error } = await fragmentsOf([tracks(...list)]);
  expect(error).toMatchObject({ code, retry: 'never', message: expect.stringContaining('Camera door sends') });
});

test.each([
  ['A_PCM/INT/LIT', new Uint8Array(18)],
  ['A_MS/ACM', Uint8Array.of(1, 0, ...new Uint8Array(16))],
  ['A_AAC', new Uint8Array(0)],
])('sound KVS cannot take (%s) is left out and said so', async (codecId, codecPrivate) => {
  const result = await fragmentsOf([tracks(video, { ...audio, codecId, codecPrivate }), key(0), sound(5), delta(40)]);
  expect(result.fragments[0]?.tracks).toEqual([video]);
  expect(counts(result)).toEqual([2]);
  expect(result.problems).toMatchObject([{ error: { code: 'camera-audio-unsupported' } }]);
});

test('B-frames are refused once they are sure, and what was open ends properly', async () => {
  const bFrames = [key(0), delta(120), delta(40, bSlice), delta(80, bSlice), delta(240), delta(160, bSlice)];
  const more = [delta(200, bSlice), delta(360), delta(280, bSlice)];
  const { fragments, error } = await fragmentsOf([tracks(video), ...bFrames, ...more]);
  expect(error).toMatchObject({ code: 'camera-b-frames', retry: 'never', kind: 'invalid' });
  expect(error?.message).toMatch(/Baseline/);
  expect(fragments).toHaveLength(1);
});

test('a camera whose timestamps now and then step back by some milliseconds is not refused', async () => {
  const jittery = picture(0, 4000).map((item, index) =>
    item.type === 'frame' && index % 7 === 6 ? delta(item.frame.timecodeMs - 60) : item,
  );
  const { fragments, error } = await fragmentsOf([tracks(video), ...jittery]);
  expect(error).toBeUndefined();
  expect(fragments.flatMap(fragment => fragment.frames)).toHaveLength(100);
});

test('B-frames of real encoders are refused, H.264 and H.265', async () => {
  for (const codec of ['h264', 'h265'] as const) {
    const scan = scanFragment(cameraMedia({ codec, size: '160x120', seconds: 2, bFrames: 2 }));
    const items = scan.frames.map((f): SourceItem => ({ type: 'frame', frame: f }));
    expect((await fragmentsOf([tracks(...scan.tracks), ...items])).error?.code).toBe('camera-b-frames');
  }
});

test('a camera that is set to another picture size goes on in a new fragment with the new codec data', async () => {
  const small = scanFragment(cameraMedia({ codec: 'h264', size: '160x120', seconds: 1.6 }));
  const large = scanFragment(cameraMedia({ codec: 'h264', size: '320x240', seconds: 1 }));
  const later = large.frames.map(
    (f): SourceItem => ({ type: 'frame', frame: { ...f, timecodeMs: f.timecodeMs + 1600 } }),
  );
  const items = [...small.frames.map((f): SourceItem => ({ type: 'frame', frame: f })), ...later];
  const { fragments } = await fragmentsOf([tracks(...small.tracks), ...items]);
  expect(fragments.map(f => f.tracks[0])).toMatchObject([{ width: 160 }, { width: 160 }, { width: 320, height: 240 }]);
  expect(fragments.map(f => f.frames.length)).toEqual([25, 15, 25]);
  // ffprobe decodes the last fragment by itself with the codec data made here.
  expect(probePackets(write(fragments.slice(2)))).toHaveLength(25);
});

test('an abort of the source ends the open fragment before it is passed on', async () => {
  const abort = new DOMException('stop', 'AbortError');
  async function* aborted(): AsyncGenerator<SourceItem> {
    yield tracks(video);
    yield key(0);
    throw abort;
  }
  const parts: string[] = [];
  await expect(async () => {
    for await (const part of fragmentItems(aborted(), { clock: new SimulatedClock(), cameraId: 'door' }))
      parts.push(part.type);
  }).rejects.toBe(abort);
  expect(parts).toEqual(['begin', 'frame', 'end']);
});

test('a fragment’s frames are passed on as they arrive, not when it is complete', async () => {
  let asked = 0;
  async function* live(): AsyncGenerator<SourceItem> {
    for (const item of [tracks(video), key(0), delta(40), delta(80)]) {
      asked++;
      yield item;
    }
  }
  const seen: number[] = [];
  for await (const part of fragmentItems(live(), { clock: new SimulatedClock(), cameraId: 'door' })) {
    if (part.type === 'frame') seen.push(asked);
  }
  expect(seen).toEqual([2, 3, 4]);
});

test('300 streams of random oddities: every rule holds, and nothing but an AgentError ends them', async () => {
  const random = seededRandom(4004);
  const endings = new Map<string, number>();
  for (let round = 0; round < 300; round++) {
    const { fragments, error } = await fragmentsOf(oddStream(random));
    const ending = error?.code ?? (fragments.length > 0 ? 'fragments' : 'nothing');
    endings.set(ending, (endings.get(ending) ?? 0) + 1);
  }
  expect([...endings.keys()].sort()).toEqual(['camera-b-frames', 'fragments', 'nothing']);
});

/** Sessions of frames with jumping times, damaged data, pauses and a clock that is set. */
function oddStream(random: () => number): Step[] {
  const steps: Step[] = [tracks(video, audio)];
  const below = (limit: number) => Math.floor(random() * limit);
  const kinds = [idrSlice, pSlice, pSlice, pSlice, pSlice];
  const bSlices = random() < 0.1;
  for (let ptsMs = 0; steps.length < 200; ptsMs += 40) {
    const oddity = below(60);
    if (oddity === 0) steps.push(tracks(video, audio));
    else if (oddity === 1) steps.push({ pauseMs: below(30_000) });
    else if (oddity === 2) steps.push({ setBackMs: below(10_000_000) - 5_000_000 });
    else if (oddity === 3) ptsMs = below(200_000);
    else if (oddity < 6)
      steps.push(
        frame(
          1 + below(3),
          ptsMs,
          Uint8Array.from({ length: below(40) }, () => below(256)),
          true,
        ),
      );
    else if (oddity < 25) steps.push(sound(Math.max(0, ptsMs + below(400) - 200)));
    else if (bSlices && oddity < 40) steps.push(delta(Math.max(0, ptsMs - 100), bSlice));
    else steps.push(frame(1, Math.max(0, ptsMs + (oddity === 59 ? below(400) - 200 : 0)), kinds[below(5)] ?? pSlice));
  }
  return steps.slice(below(2));
}

test('ffmpeg’s pipe, cut, written and read by ffprobe: every cluster begins with a key frame, no frame lost', async () => {
  const media = cameraMedia({ codec: 'h264', size: '160x120', seconds: 8, gop: 38, sound: true });
  const copy = spawn('ffmpeg', ['-v', 'error', '-i', 'pipe:0', '-c', 'copy', '-f', 'matroska', 'pipe:1'], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  copy.stdin.end(media);
  async function* items(): AsyncGenerator<SourceItem> {
    for await (const event of readMatroska(copy.stdout)) {
      if (event.type === 'tracks') yield { type: 'tracks', tracks: event.tracks };
      else if (event.type === 'frame') yield { type: 'frame', frame: event.frame };
    }
  }
  const parts: FragmentPart[] = [];
  for await (const part of fragmentItems(items(), { clock: new SimulatedClock(), cameraId: 'door' })) parts.push(part);
  const fragments = assemble(parts);
  expect(fragments).toHaveLength(6);
  const written = write(fragments);
  const sent = probePackets(media);
  const kept = probePackets(written);
  expect(kept.filter(packet => packet.track === 1).map(packet => packet.sizeBytes)).toEqual(
    sent.filter(packet => packet.track === 1).map(packet => packet.sizeBytes),
  );
  for (const track of [1, 2]) {
    const timecodes = kept.filter(packet => packet.track === track).map(packet => packet.timecodeMs);
    expect(timecodes.every((ms, index) => index === 0 || ms > (timecodes[index - 1] ?? 0))).toBe(true);
  }
  const firstOfClusters = mkvinfo(written)
    .split(/\+ Cluster$/m)
    .slice(1)
    .map(text => /Simple block:.*$/m.exec(text)?.[0]);
  expect(firstOfClusters).toHaveLength(6);
  for (const block of firstOfClusters) expect(block).toMatch(/key, track number 1/);
});

/** One segment with a cluster a fragment, with the tracks of the first. */
function write(fragments: Fragment[]): Uint8Array {
  const parts = [writeHeader(fragments[0]?.tracks ?? [])];
  for (const { startMs, frames } of fragments) {
    parts.push(writeClusterStart(startMs));
    for (const f of frames) parts.push(frameHeader(f, startMs), f.data);
  }
  return Buffer.concat(parts);
}
