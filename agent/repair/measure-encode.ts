// How much work an encoder is on this machine: a few seconds of pictures through a real ffmpeg, at the pace it can, and what
// ffmpeg then says of the processor time it took.
import type { Clock } from '../clock.ts';
import { type FfmpegCommand, FfmpegRun } from '../ffmpeg/ffmpeg-run.ts';
import { readMatroska } from '../matroska/read.ts';
import type { Frame, VideoTrack } from '../matroska/track.ts';
import { type Encoding, encoderNiceness } from './encode.ts';
import { EncoderFeed } from './encoder-feed.ts';
import { encoderFailed } from './encoder-problem.ts';

/** Pictures to measure with, in decode order. */
export type Clip = { track: VideoTrack; frames: readonly Frame[] };

/** What the pictures of a camera are like. */
export type PictureKind = { width: number; height: number; fps: number; codec: 'h264' | 'h265' | 'mjpeg' };

export type Work = {
  /** Processor time for the pictures of one second, as a share of one core; 100 is a whole core. */
  percentOfCore: number;
  /** How many times faster than the camera sends them, with this machine as busy as it is now. */
  realTimeFactor: number;
};

export type MeasureOptions = { clock: Clock; signal: AbortSignal; ffmpegPath?: string | undefined };

const options = ['-hide_banner', '-nostats', '-loglevel', 'level+info'];
/** What it took is the last thing ffmpeg says, and on a busy machine one of low priority says it late. */
const enoughToExitMs = 10_000;
const deadlineMs = 60_000;
const enoughPictures = 0.8;
const clipEncoders = {
  h264: ['-c:v', 'libx264', '-preset', 'ultrafast', '-bf', '2', '-g', '50'],
  h265: ['-c:v', 'libx265', '-preset', 'ultrafast', '-x265-params', 'log-level=error:keyint=50'],
  mjpeg: ['-c:v', 'mjpeg', '-q:v', '5', '-pix_fmt', 'yuvj420p'],
} as const;
const benchLine = /bench: utime=([\d.]+)s stime=([\d.]+)s rtime=([\d.]+)s/;

/** Pictures that move all over. @throws AgentError `encoder-failed`, `ffmpeg-missing`; the signal's reason */
export async function syntheticClip(kind: PictureKind, seconds: number, measure: MeasureOptions): Promise<Clip> {
  const { width, height, fps, codec } = kind;
  const place = `testsrc2=size=${width}x${height}:rate=${fps}:duration=${seconds}`;
  const outputOptions = ['-pix_fmt', 'yuv420p', ...clipEncoders[codec]];
  const command = { place, format: 'lavfi', inputOptions: options, outputOptions };
  return await measured(command, codec, measure, async run => {
    let track: VideoTrack | undefined;
    const frames: Frame[] = [];
    for await (const event of readMatroska(run.stdout(), { borrowFrames: true })) {
      if (event.type === 'tracks') track = event.tracks.find(found => found.type === 'video');
      if (event.type === 'frame') frames.push(event.frame);
    }
    return track && frames.length > 0 ? { track, frames } : undefined;
  });
}

/** @throws AgentError `encoder-failed` when it makes nothing of the pictures, `ffmpeg-missing`; the signal's reason */
export async function measureEncoding(clip: Clip, encoding: Encoding, measure: MeasureOptions): Promise<Work> {
  const media = new EncoderFeed(clip.track).bytes(each(clip.frames));
  const inputOptions = [...options, '-copyts', ...encoding.inputOptions];
  const outputOptions = [...encoding.outputOptions, '-benchmark'];
  const command = { media, format: 'matroska', inputOptions, outputOptions };
  return await measured(command, encoding.name, measure, async run => {
    let frames = 0;
    for await (const event of readMatroska(run.stdout(), { borrowFrames: true })) if (event.type === 'frame') frames++;
    await run.end(enoughToExitMs);
    // A board's encoder that does not work takes pictures and gives none, or some.
    return frames < clip.frames.length * enoughPictures ? undefined : workOf(run.stderrLines, secondsOf(clip));
  });
}

function workOf(stderrLines: readonly string[], seconds: number): Work | undefined {
  const bench = stderrLines.map(line => benchLine.exec(line)).find(match => match !== null);
  if (!bench) return undefined;
  const [user = 0, system = 0, real = 0] = bench.slice(1).map(Number);
  return { percentOfCore: (100 * (user + system)) / seconds, realTimeFactor: seconds / Math.max(0.001, real) };
}

/** From the first picture to the end of the last. */
function secondsOf({ frames }: Clip): number {
  const times = frames.map(frame => frame.timecodeMs);
  const spanMs = Math.max(...times) - Math.min(...times);
  return Math.max(1, (spanMs * frames.length) / Math.max(1, frames.length - 1)) / 1000;
}

async function* each(frames: readonly Frame[]): AsyncGenerator<Frame> {
  yield* frames;
}

async function measured<T>(
  command: FfmpegCommand,
  name: string,
  { clock, signal, ffmpegPath }: MeasureOptions,
  result: (run: FfmpegRun) => Promise<T | undefined>,
): Promise<T> {
  signal.throwIfAborted();
  const nice = { ...command, niceness: encoderNiceness };
  const run = new FfmpegRun(ffmpegPath === undefined ? nice : { ...nice, ffmpegPath }, clock);
  const end = () => void run.end();
  signal.addEventListener('abort', end, { once: true });
  const cancelDeadline = clock.after(deadlineMs, end);
  try {
    const found = await result(run).catch(() => undefined);
    signal.throwIfAborted();
    if (found === undefined) throw encoderFailed('video', name, await run.end(enoughToExitMs));
    return found;
  } finally {
    cancelDeadline();
    signal.removeEventListener('abort', end);
    await run.end();
  }
}
