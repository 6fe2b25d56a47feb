// One run of ffmpeg that re-encodes one track: frames in, a track and frames out, at the times they had.
import type { Clock } from '../clock.ts';
import { FfmpegRun } from '../ffmpeg/ffmpeg-run.ts';
import { readMatroska } from '../matroska/read.ts';
import type { Frame, Track } from '../matroska/track.ts';
import { untilCut } from '../matroska/until-cut.ts';
import { EncoderFeed } from './encoder-feed.ts';
import { encoderFailed } from './encoder-problem.ts';

/** What ffmpeg is told of the track and of what to make of it; input and output are Matroska. */
export type Encoding = {
  /** As people know the encoder. */
  name: string;
  inputOptions: string[];
  outputOptions: string[];
};

export type EncodeOptions = {
  track: Track;
  encoding: Encoding;
  /** Ends the run when it ends: ffmpeg finishes what it has. */
  frames: AsyncIterable<Frame>;
  clock: Clock;
  signal: AbortSignal;
  ffmpegPath?: string | undefined;
};

export type Encoded = { type: 'track'; track: Track } | { type: 'frame'; frame: Frame };

/** Pictures that are copied, and other programs, go first when processors are short. */
export const encoderNiceness = 5;
const enoughToExitMs = 1_000;

/** A cluster a frame: what is encoded leaves with the next frame, not with the next second. */
const atOnce = ['-cluster_time_limit', '0'];
/** Times are those of the input, and those are never those of a format that wraps. */
const input = ['-hide_banner', '-loglevel', 'level+warning', '-copyts'];

/**
 * Ends when `frames` did and everything of them is out, or when the signal aborts; leaves no ffmpeg behind.
 * @throws AgentError `encoder-failed`, `ffmpeg-missing` when ffmpeg ends before the frames do
 */
export async function* encode(options: EncodeOptions): AsyncGenerator<Encoded> {
  const { track, encoding, clock, signal, ffmpegPath } = options;
  if (signal.aborted) return;
  const feed = new EncoderFeed(track);
  let fedAll = false;
  const media = feed.bytes(withEnd(options.frames, () => (fedAll = true)));
  const command = {
    ...{ media, format: 'matroska', niceness: encoderNiceness },
    inputOptions: [...input, ...encoding.inputOptions],
    outputOptions: [...encoding.outputOptions, ...atOnce],
  };
  const run = new FfmpegRun(ffmpegPath === undefined ? command : { ...command, ffmpegPath }, clock);
  const end = () => void run.end();
  signal.addEventListener('abort', end, { once: true });
  try {
    // An encoder that dies in mid-frame is no news of its own: that it ended too early is told by what it was still fed.
    for await (const event of untilCut(readMatroska(run.stdout(), { borrowFrames: true }))) {
      const own = event.type === 'tracks' && event.tracks.find(found => found.type === track.type);
      if (own) yield { type: 'track', track: { ...own, number: track.number } };
      if (event.type !== 'frame' || feed.isBeforeFirst(event.frame.timecodeMs)) continue;
      const timecodeMs = feed.sourceTimeMs(event.frame.timecodeMs);
      yield { type: 'frame', frame: { ...event.frame, trackNumber: track.number, timecodeMs } };
    }
    const exit = await run.end(enoughToExitMs);
    if (!fedAll && !signal.aborted) throw encoderFailed(track.type, encoding.name, exit);
  } finally {
    signal.removeEventListener('abort', end);
    await run.end();
  }
}

async function* withEnd(frames: AsyncIterable<Frame>, ended: () => void): AsyncGenerator<Frame> {
  yield* frames;
  ended();
}
