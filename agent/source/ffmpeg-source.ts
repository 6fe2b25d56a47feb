// Cameras that are no RTSP cameras, read through ffmpeg: HTTP (MJPEG, HLS), files, USB cameras, a board's own camera. ffmpeg
// copies what they send; what is neither H.264 nor H.265 goes on as MJPEG, for the repair stage to make H.264 of.
import { FfmpegRun } from '../ffmpeg/ffmpeg-run.ts';
import type { Track } from '../matroska/track.ts';
import { type CameraInput, ffmpegInput, type InputOptions, type PlaceAddress } from './ffmpeg-input.ts';
import { explainPlace, placeError } from './place-errors.ts';
import { missing, programBytes } from './program-bytes.ts';
import { type RunEnd, runItems } from './read-run.ts';
import { defaultTimings, type RtspSourceOptions, type SourceTimings } from './rtsp-camera.ts';
import type { Source, SourceItem } from './source.ts';
import { type Connection, supervise } from './supervise.ts';

export type PlaceCamera = PlaceAddress & {
  id: string;
  /** `transcode`: MJPEG is welcome, because it is made H.264 behind this source. Default `copy`. */
  video?: 'copy' | 'transcode' | undefined;
  /** `off` leaves sound out. Other sound than AAC goes on as it is. */
  audio: 'aac' | 'off';
};

export type FfmpegSourceOptions = Omit<RtspSourceOptions, 'camera'> & {
  camera: PlaceCamera;
  /** What the address means to ffmpeg. Default: `ffmpegInput`. */
  inputOf?: (camera: PlaceAddress, options: InputOptions) => CameraInput;
};

/** HLS sends a whole segment at a time. */
const silenceMs = 20_000;
// A frame leaves with the next one.
const atOnce = ['-cluster_time_limit', '0'];
const keptLines = 100;
const passedOn = new Set(['V_MPEG4/ISO/AVC', 'V_MPEGH/ISO/HEVC']);

/** What was learnt about the camera and outlives a connection. */
type Learnt = { arrivalTimes: boolean };

type Reading = Omit<FfmpegSourceOptions, 'timings' | 'inputOf'> & {
  timings: SourceTimings;
  inputOf: NonNullable<FfmpegSourceOptions['inputOf']>;
  learnt: Learnt;
};

/**
 * Follows one camera until the signal aborts, or until the consumer stops iterating; either leaves no process behind.
 * Publishes `camera.state` as `supervise` does.
 */
export function openFfmpegSource(options: FfmpegSourceOptions): Source {
  const { camera, clock, facts, random, inputOf = ffmpegInput } = options;
  const timings = { ...defaultTimings, silenceMs, ...options.timings };
  return {
    items(signal) {
      const reading: Reading = { ...options, timings, inputOf, learnt: { arrivalTimes: false } };
      const runOnce = (connection: Connection, ended: AbortSignal) => read(reading, connection, ended);
      return supervise({ cameraId: camera.id, clock, facts, random, steadyMs: timings.steadyMs, runOnce }, signal);
    },
  };
}

/** One connection. Returns when it should be made again at once, with what was learnt, or when the signal aborted. */
async function* read(reading: Reading, connection: Connection, signal: AbortSignal): AsyncGenerator<SourceItem> {
  const { camera, timings, learnt } = reading;
  const input = reading.inputOf(camera, { ioTimeoutMs: timings.ioTimeoutMs, arrivalTimes: learnt.arrivalTimes });
  const said: string[] = [];
  const ended = new AbortController();
  const both = AbortSignal.any([signal, ended.signal]);
  try {
    const onLine = (line: string) => {
      said.push(line);
      if (said.length > keptLines) said.shift();
    };
    const run = start(reading, input, { signal: both, onLine });
    const { firstByteMs, silenceMs } = timings;
    const accept = (tracks: readonly Track[]) => isRightReading(reading, input, tracks);
    const watching = { clock: reading.clock, firstByteMs, silenceMs, signal: both };
    const end = yield* runItems(run, { ...watching, connection, accept });
    if (!end || signal.aborted) return;
    throw explain(input, { ...end, stderrLines: [...said, ...end.stderrLines] }, reading, connection);
  } finally {
    ended.abort();
  }
}

function start(
  { camera, clock, ffmpegPath }: Reading,
  input: CameraInput,
  program: { signal: AbortSignal; onLine: (line: string) => void },
): FfmpegRun {
  const { inputOptions } = input;
  const outputOptions = [...input.outputOptions, ...atOnce, ...(camera.audio === 'off' ? ['-an'] : [])];
  const place =
    'input' in input
      ? input.input
      : { media: programBytes({ programs: input.programs, args: input.args, ...program }), format: 'h264' };
  const command = { ...place, inputOptions, outputOptions };
  return new FfmpegRun(ffmpegPath === undefined ? command : { ...command, ffmpegPath }, clock);
}

/**
 * False: the camera must be read in another way, which was learnt.
 * @throws AgentError when its pictures cannot be passed on
 */
function isRightReading({ camera, learnt }: Reading, { place, name }: CameraInput, tracks: readonly Track[]): boolean {
  const video = tracks.find(track => track.type === 'video');
  if (place === 'http' && video?.codecId === 'V_MJPEG' && !learnt.arrivalTimes) {
    learnt.arrivalTimes = true;
    return false;
  }
  requireUsable(camera, video?.codecId, { place, name });
  return true;
}

function requireUsable(
  { video }: PlaceCamera,
  codecId: string | undefined,
  { place, name }: Pick<CameraInput, 'place' | 'name'>,
): void {
  if (codecId === undefined) throw placeError('noVideo', place, name);
  if (passedOn.has(codecId) || video === 'transcode') return;
  throw placeError(codecId === 'V_MJPEG' ? 'needsTranscoding' : 'codecUnsupported', place, name);
}

function explain({ place, name }: CameraInput, end: RunEnd, { timings }: Reading, { isLive }: Connection): Error {
  if (end.stderrLines.includes(missing)) return placeError('programMissing', place, name);
  return explainPlace(place, name, { ...end, delivered: isLive, ioTimeoutMs: timings.ioTimeoutMs });
}
