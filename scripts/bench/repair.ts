// What re-encoding costs: one camera at its own pace through the repair stage, the encoder's processor time and memory as
// Linux counts them, and how much later its frames come out than they went in.
import { spawn } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { systemClock } from '../../agent/clock.ts';
import { Facts } from '../../agent/facts.ts';
import { readMatroska } from '../../agent/matroska/read.ts';
import type { Frame, Track } from '../../agent/matroska/track.ts';
import { encoderName } from '../../agent/repair/h264.ts';
import { repairItems } from '../../agent/repair/repair-items.ts';
import { transcodeCost } from '../../agent/repair/transcode-cost.ts';
import { VideoEncoders } from '../../agent/repair/video-encoders.ts';
import type { SourceItem } from '../../agent/source/source.ts';
import { childrenOf, peakResidentBytes, processorTime, writtenBytes } from './process-cost.ts';
import { quantileOf, rounded } from './quantiles.ts';

type Stream = { tracks: Track[]; frames: Frame[] };
type Case = {
  name: string;
  input: string[];
  encode: string[];
  size?: { width: number; height: number; codec: 'h264' | 'mjpeg' };
};

const megabyte = 1_000_000;
/** The start of an encoder is no part of what it costs. */
const settleSeconds = 3;
const tone = (rate: number) => ['-f', 'lavfi', '-i', `sine=frequency=440:sample_rate=${rate}`];
const picture = (size: string) => ['-f', 'lavfi', '-i', `testsrc2=size=${size}:rate=25`];
const tiny = ['-pix_fmt', 'yuv420p', '-c:v', 'libx264', '-preset', 'ultrafast', '-bf', '0', '-g', '25'];
const bFrames = ['-pix_fmt', 'yuv420p', '-c:v', 'libx264', '-preset', 'veryfast', '-bf', '2', '-g', '600'];
const jpeg = ['-pix_fmt', 'yuvj420p', '-c:v', 'mjpeg', '-q:v', '5'];

const cases: Case[] = [
  { name: 'G.711 8 kHz → AAC', input: [...picture('64x64'), ...tone(8000)], encode: [...tiny, '-c:a', 'pcm_alaw'] },
  { name: 'Opus 48 kHz → AAC', input: [...picture('64x64'), ...tone(48_000)], encode: [...tiny, '-c:a', 'libopus'] },
  {
    name: '768x432 B-frames → H.264',
    input: picture('768x432'),
    encode: bFrames,
    size: { width: 768, height: 432, codec: 'h264' },
  },
  {
    name: '1280x720 MJPEG → H.264',
    input: picture('1280x720'),
    encode: jpeg,
    size: { width: 1280, height: 720, codec: 'mjpeg' },
  },
  {
    name: '1920x1080 B-frames → H.264',
    input: picture('1920x1080'),
    encode: bFrames,
    size: { width: 1920, height: 1080, codec: 'h264' },
  },
];

export async function benchRepair({ seconds }: { seconds: number }): Promise<Record<string, unknown>> {
  const encoders = new VideoEncoders({ clock: systemClock });
  const runs: Record<string, unknown>[] = [];
  for (const one of cases) {
    const stream = await recorded([...one.input, '-t', String(seconds + settleSeconds), ...one.encode]);
    const run = await measure(stream, one.size ? 'transcode' : 'copy', encoders);
    const { signal } = new AbortController();
    const foretold =
      one.size && (await transcodeCost({ ...one.size, fps: 25 }, { clock: systemClock, signal, encoders }));
    const encoder = one.size && encoderName(await encoders.choose(one.size, signal));
    runs.push({
      case: one.name,
      encoder: encoder ?? 'aac',
      ...run,
      ...(foretold ? { foretold: rounded(foretold.percentOfCore) } : {}),
    });
  }
  return { seconds, runs };
}

async function recorded(args: string[]): Promise<Stream> {
  const all = ['-hide_banner', '-loglevel', 'error', '-nostdin', ...args, '-f', 'matroska', 'pipe:1'];
  const child = spawn('ffmpeg', all, { stdio: ['ignore', 'pipe', 'inherit'] });
  const stream: Stream = { tracks: [], frames: [] };
  for await (const event of readMatroska(child.stdout)) {
    if (event.type === 'tracks') stream.tracks = event.tracks;
    if (event.type === 'frame') stream.frames.push(event.frame);
  }
  return stream;
}

/** When each frame of a track went in, by its time. */
type Departures = Map<number, number>;

async function* live({ tracks, frames }: Stream, departures: Departures): AsyncGenerator<SourceItem> {
  yield { type: 'tracks', tracks };
  const startedAtMs = performance.now();
  for (const frame of frames) {
    const dueMs = startedAtMs + frame.timecodeMs;
    if (dueMs > performance.now()) await delay(dueMs - performance.now());
    if (tracks.find(track => track.number === frame.trackNumber)?.type === 'video') {
      departures.set(frame.timecodeMs, performance.now());
    }
    yield { type: 'frame', frame };
  }
}

async function measure(stream: Stream, video: 'copy' | 'transcode', encoders: VideoEncoders) {
  const departures: Departures = new Map();
  const delays: number[] = [];
  const problems: string[] = [];
  const facts = new Facts(console.error);
  facts.subscribe(fact => fact.type === 'camera.problem' && problems.push(fact.error.message));
  const { signal } = new AbortController();
  const options = { cameraId: 'bench', clock: systemClock, facts, encoders, signal };
  const costs = encoderCost();
  for await (const item of repairItems(live(stream, departures), { video, audio: 'aac' }, options)) {
    if (item.type !== 'frame') continue;
    const departedMs = departures.get(item.frame.timecodeMs);
    if (departedMs !== undefined && item.frame.timecodeMs > settleSeconds * 1000)
      delays.push(performance.now() - departedMs);
    if (item.frame.timecodeMs > settleSeconds * 1000) await costs.look(item.frame.timecodeMs);
  }
  const at = (share: number) => rounded(quantileOf(delays, share));
  return { ...costs.figures(), pictureLaterMs: { p50: at(0.5), p99: at(0.99) }, problems };
}

/** Looks at the one encoder that runs, from the first look to the last. */
function encoderCost() {
  type Look = { atMs: number; processorMs: number };
  let first: Look | undefined;
  let last: Look | undefined;
  let [ownBytes, peakBytes] = [0, 0];
  let nextLookMs = 0;
  return {
    async look(timecodeMs: number): Promise<void> {
      if (timecodeMs < nextLookMs) return;
      nextLookMs = timecodeMs + 1000;
      const [pid] = await childrenOf(process.pid);
      if (pid === undefined) return;
      last = { atMs: performance.now(), processorMs: (await processorTime(pid)).ownMs };
      first ??= last;
      ownBytes = Math.max(ownBytes, await writtenBytes(pid));
      peakBytes = await peakResidentBytes(pid);
    },
    figures() {
      const share = first && last ? (last.processorMs - first.processorMs) / (last.atMs - first.atMs) : Number.NaN;
      return {
        percentOfCore: rounded(100 * share),
        privateMegabytes: rounded(ownBytes / megabyte),
        residentMegabytes: rounded(peakBytes / megabyte),
      };
    },
  };
}
