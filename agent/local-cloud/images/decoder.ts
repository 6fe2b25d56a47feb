// ffmpeg as a decoder of single pictures: Matroska in, the wanted pictures as JPEG or PNG in Matroska out. One process a
// call, one thread, an end after 20 seconds at the latest.
// The wanted pictures are marked by their time: it is odd, all others are even. So ffmpeg can be started before it is known
// which they are, and each picture says itself which it is.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Clock } from '../../clock.ts';
import { AgentError } from '../../errors.ts';
import { MatroskaReader } from '../../matroska/read.ts';
import type { Encoding } from './request.ts';

const deadlineMs = 20_000;

export type Picture = { timeMs: number; data: Uint8Array };

type Decoding = { clock: Clock; encoding: Encoding; gone: AbortSignal };

/**
 * As many pictures as ffmpeg makes of it: what it cannot decode, or not in time, is missing.
 * @throws AgentError `ffmpeg-missing`
 */
export async function* decode(media: AsyncIterable<Uint8Array>, options: Decoding): AsyncGenerator<Picture> {
  const child = spawn('ffmpeg', argumentsOf(options.encoding), { stdio: ['pipe', 'pipe', 'ignore'] });
  const started = once(child, 'spawn');
  // What goes wrong later shows in what is missing; without a listener it would end the server.
  child.on('error', () => undefined);
  const exited = new Promise<void>(resolve => child.once('close', () => resolve()));
  const kill = () => void child.kill('SIGKILL');
  const cancel = options.clock.after(deadlineMs, kill);
  options.gone.addEventListener('abort', kill);
  try {
    await started;
    // One piece at a time, and no complaint when ffmpeg ends before its input does.
    const fed = pipeline(Readable.from(media, { highWaterMark: 1 }), child.stdin).catch(() => undefined);
    yield* picturesIn(child.stdout);
    await fed;
  } catch (error) {
    throw child.pid === undefined ? missing(error) : error;
  } finally {
    cancel();
    options.gone.removeEventListener('abort', kill);
    kill();
    if (child.pid !== undefined) await exited;
  }
}

async function* picturesIn(output: AsyncIterable<Uint8Array>): AsyncGenerator<Picture> {
  const reader = new MatroskaReader();
  for await (const chunk of output)
    for (const event of reader.push(chunk))
      if (event.type === 'frame') yield { timeMs: event.frame.timecodeMs, data: event.frame.data };
}

function argumentsOf({ format, quality, width, height }: Encoding): string[] {
  const filters = [
    "select='mod(pts,2)'",
    ...(height === undefined ? [] : [`scale=${width ?? -1}:${height}`]),
    `format=${format === 'JPEG' ? 'yuvj420p' : 'rgb24'}`,
  ];
  const encoder = format === 'JPEG' ? ['mjpeg', '-qmin', '1', '-q:v', String(quantiser(quality))] : ['png'];
  return [
    ...['-v', 'quiet', '-threads', '1', '-copyts', '-protocol_whitelist', 'pipe', '-f', 'matroska', '-i', 'pipe:0'],
    ...['-map', '0:v:0', '-vf', filters.join(','), '-fps_mode', 'passthrough', '-enc_time_base', '1:1000'],
    ...['-c:v', ...encoder, '-threads', '1', '-f', 'matroska', 'pipe:1'],
  ];
}

/** JPEG's quality is a percentage of its standard table, about 16 of ffmpeg's steps at 50, which is the whole table. */
function quantiser(quality: number): number {
  const scale = quality < 50 ? 50 / quality : 2 - quality / 50;
  return Math.min(31, Math.max(1, Math.round(16 * scale)));
}

function missing(cause: unknown): AgentError {
  return new AgentError({
    code: 'ffmpeg-missing',
    kind: 'invalid',
    retry: 'later',
    message: 'GetImages needs ffmpeg, which is not installed or does not run. Install it: apt-get install -y ffmpeg',
    cause,
  });
}
