// One run of ffmpeg that reads a camera, from its first byte to its certain end: what it sends, watched for silence, and
// how it ended. What that means is for the source to say.
import type { Clock } from '../clock.ts';
import type { FfmpegExit, FfmpegRun } from '../ffmpeg/ffmpeg-run.ts';
import type { MatroskaEvent } from '../matroska/event.ts';
import { readMatroska } from '../matroska/read.ts';
import type { Track } from '../matroska/track.ts';
import { untilCut } from '../matroska/until-cut.ts';
import type { SourceItem } from './source.ts';
import { watchSilence } from './stall-watch.ts';
import type { Connection } from './supervise.ts';

export type RunEnd = {
  exit: FfmpegExit;
  stderrLines: string[];
  /** Between the last byte, or the start, and the end. */
  silentMs: number;
};

export type ReadRunOptions = {
  clock: Clock;
  /** Longest wait from the start to the first byte. */
  firstByteMs: number;
  /** Longest silence after it. */
  silenceMs: number;
  signal: AbortSignal;
};

const enoughToExitMs = 1_000;

export type RunItemsOptions = ReadRunOptions & {
  connection: Connection;
  /** Looks at the tracks before anything is passed on. False: this run is of no use. Throws when the camera is not. */
  accept: (tracks: readonly Track[]) => boolean;
};

/**
 * Tracks, then their frames; then how the run ended by itself, by its silence or by `signal`, or undefined when its tracks
 * were not accepted. No process is left when the iteration ends, however it ends.
 */
export async function* runItems(
  run: FfmpegRun,
  { connection, accept, ...watching }: RunItemsOptions,
): AsyncGenerator<SourceItem, RunEnd | undefined, undefined> {
  const events = readRun(run, watching);
  let types = new Map<number, Track['type']>();
  try {
    for (let next = await events.next(); ; next = await events.next()) {
      if (next.done) return next.value;
      const event = next.value;
      if (event.type === 'tracks') {
        if (!accept(event.tracks)) return undefined;
        types = new Map(event.tracks.map(track => [track.number, track.type]));
        yield { type: 'tracks', tracks: event.tracks };
      } else if (event.type === 'frame' && types.has(event.frame.trackNumber)) {
        if (types.get(event.frame.trackNumber) === 'video') connection.noteLive();
        yield { type: 'frame', frame: event.frame };
      }
    }
  } finally {
    await events.return({ exit: { how: 'exited' }, stderrLines: [], silentMs: 0 });
  }
}

async function* readRun(
  run: FfmpegRun,
  { clock, firstByteMs, silenceMs, signal }: ReadRunOptions,
): AsyncGenerator<MatroskaEvent, RunEnd, undefined> {
  const end = () => void run.end();
  signal.addEventListener('abort', end, { once: true });
  if (signal.aborted) end();
  let lastByteMs: number | undefined;
  try {
    const watched = watchSilence(run.stdout(), { firstMs: firstByteMs, laterMs: silenceMs, clock, onSilence: end });
    const arrivals = noteArrival(watched, () => {
      lastByteMs = clock.monotonicMs();
    });
    // An ffmpeg that ends in mid-cluster is no news of its own: why it ended is told by how it ended.
    yield* untilCut(readMatroska(arrivals, { borrowFrames: true }));
    const endedMs = clock.monotonicMs();
    const exit = await run.end(enoughToExitMs);
    return { exit, stderrLines: run.stderrLines, silentMs: endedMs - (lastByteMs ?? run.startedMs ?? endedMs) };
  } finally {
    signal.removeEventListener('abort', end);
    await run.end();
  }
}

async function* noteArrival(
  chunks: AsyncIterable<Uint8Array>,
  arrived: () => void,
): AsyncGenerator<Uint8Array, void, undefined> {
  for await (const chunk of chunks) {
    arrived();
    yield chunk;
  }
}
