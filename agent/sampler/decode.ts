// One key frame → one JPEG and one small grey raster, in one short run of ffmpeg. Runs beside the ingest path: bounded
// in number, time and memory, and a frame that cannot be decoded costs nothing but itself.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { Readable } from 'node:stream';
import type { Clock } from '../clock.ts';
import { AgentError, systemCode } from '../errors.ts';
import { annexB, type KeyFrame, undecodable } from './annex-b.ts';
import { jpegSize } from './jpeg-size.ts';
import { raster } from './raster.ts';
import { Turns } from './turns.ts';

/** The limit of DetectLabels; at 1280 pixels the largest side, pictures stay a tenth of it. */
const maxJpegBytes = 5 * 1024 * 1024;
const maxStderrBytes = 4_096;

export type DecodedStill = {
  jpeg: Uint8Array;
  width: number;
  height: number;
  /** One byte a cell, row by row; see raster.ts. */
  grey: Uint8Array;
  /** Time ffmpeg took, without the wait for a turn. */
  tookMs: number;
};

export type StillDecoder = {
  /** @throws AgentError `still-undecodable`, `ffmpeg-missing`; the signal's reason when it aborts */
  decode(keyFrame: KeyFrame, signal: AbortSignal): Promise<DecodedStill>;
};

export type DecoderOptions = {
  clock: Clock;
  /** Runs at the same time, for all cameras together. Default 2: half the cores of a Pi; the others belong to ingest. */
  concurrency?: number;
  /** Of the JPEG, at most. Default 1280. */
  maxSidePixels?: number;
  /** For one run. Default 10 s. */
  deadlineMs?: number;
  ffmpegPath?: string;
};

export function createStillDecoder(options: DecoderOptions): StillDecoder {
  const { clock, concurrency = 2, deadlineMs = 10_000, ffmpegPath = 'ffmpeg', maxSidePixels = 1280 } = options;
  const turns = new Turns(concurrency);
  return {
    async decode(keyFrame, signal) {
      const { format, bytes } = annexB(keyFrame);
      using _turn = await turns.take(signal);
      signal.throwIfAborted();
      const startedMs = clock.monotonicMs();
      const child = spawn(ffmpegPath, ffmpegArguments(format, maxSidePixels), {
        stdio: ['pipe', 'pipe', 'pipe', 'pipe'],
      });
      const stop = () => void child.kill('SIGKILL');
      signal.addEventListener('abort', stop, { once: true });
      let late = false;
      const cancelDeadline = clock.after(deadlineMs, () => {
        late = true;
        stop();
      });
      try {
        const still = await pictureOf(child, bytes);
        return { ...still, tookMs: clock.monotonicMs() - startedMs };
      } catch (error) {
        signal.throwIfAborted();
        throw late ? undecodable(`ffmpeg took longer than ${deadlineMs / 1000} s`, error) : error;
      } finally {
        cancelDeadline();
        signal.removeEventListener('abort', stop);
        stop();
      }
    },
  };
}

/** One thread each: a single frame gains nothing from more, and starting them is most of the run. */
function ffmpegArguments(format: 'h264' | 'hevc', maxSidePixels: number): string[] {
  const { width, height } = raster;
  const fit = `scale=w='min(${maxSidePixels},iw)':h='min(${maxSidePixels},ih)':force_original_aspect_ratio=decrease:force_divisible_by=2`;
  const filters = `[0:v]${fit},split[full][small];[small]scale=${width}:${height}:flags=area,format=gray[grey]`;
  return [
    ...['-hide_banner', '-loglevel', 'error', '-threads', '1', '-f', format, '-i', 'pipe:0'],
    ...['-filter_complex_threads', '1', '-filter_complex', filters],
    ...['-map', '[full]', '-frames:v', '1', '-q:v', '3', '-f', 'mjpeg', 'pipe:1'],
    ...['-map', '[grey]', '-frames:v', '1', '-f', 'rawvideo', 'pipe:3'],
  ];
}

async function pictureOf(child: ChildProcess, annexB: Uint8Array): Promise<Omit<DecodedStill, 'tookMs'>> {
  const [stdin, stdout, stderr, extra] = child.stdio;
  // A broken pipe only says that ffmpeg ended; its exit code and stderr say why.
  stdin?.on('error', () => {}).end(annexB);
  const ended = once(child, 'close').catch(cause => {
    throw systemCode(cause) === 'ENOENT' ? ffmpegMissing(cause) : undecodable('ffmpeg could not be started', cause);
  });
  const [[exitCode], jpeg, words, grey] = await Promise.all([
    ended,
    collect(stdout, maxJpegBytes),
    collect(stderr, maxStderrBytes),
    collect(extra, raster.width * raster.height),
  ]);
  const size = jpegSize(jpeg);
  const whole = exitCode === 0 && size && grey.length === raster.width * raster.height;
  if (!whole) throw undecodable(`ffmpeg says: ${lastLine(words)}`);
  return { jpeg, ...size, grey };
}

/** The first `maxBytes` of a stream that is read to its end. */
async function collect(stream: unknown, maxBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  if (!(stream instanceof Readable)) return Buffer.alloc(0);
  for await (const chunk of stream) {
    if (bytes < maxBytes) chunks.push(chunk);
    bytes += chunk.length;
  }
  return Buffer.concat(chunks).subarray(0, maxBytes);
}

function lastLine(words: Buffer): string {
  return words.toString('utf8').trim().split('\n').at(-1) || 'nothing';
}

function ffmpegMissing(cause: unknown): AgentError {
  return new AgentError({
    code: 'ffmpeg-missing',
    kind: 'unavailable',
    retry: 'later',
    message: 'ffmpeg is not installed: pictures and labels need it. Install it (Debian: apt install ffmpeg).',
    cause,
  });
}
