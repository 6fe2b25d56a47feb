// One RTSP camera as an endless stream of frames: ffmpeg copies what the camera sends, never decodes it. `supervise` owns
// retry, backoff and what is published; `copyStream` owns one run of ffmpeg and throws when the camera goes away.
import type { Clock } from '../clock.ts';
import { AgentError, asAgentError } from '../errors.ts';
import type { Facts } from '../facts.ts';
import { FfmpegRun } from '../ffmpeg/ffmpeg-run.ts';
import type { MatroskaEvent } from '../matroska/event.ts';
import { readMatroska } from '../matroska/read.ts';
import type { Track } from '../matroska/track.ts';
import type { Secret } from '../secret.ts';
import { cameraHost, cameraScript, inputOptions, type Probe } from './camera-script.ts';
import { cameraError, explain, needsLongProbe } from './ffmpeg-errors.ts';
import { cameraOutlook, retryDelayMs } from './outlook.ts';
import type { Source, SourceItem } from './source.ts';
import { watchSilence } from './stall-watch.ts';

export type RtspCamera = {
  id: string;
  /** `rtsp://` or `rtsps://`, without user and password. */
  url: string;
  username?: string | undefined;
  password?: Secret | undefined;
  /** `aac` copies AAC and re-encodes other audio to AAC; `off` leaves sound out. */
  audio: 'aac' | 'off';
};

export type SourceTimings = {
  /** Longest wait from the start of ffmpeg to its first byte: connecting, signing in, waiting for a key frame. */
  firstByteMs: number;
  /** Longest silence while the stream runs. */
  silenceMs: number;
  /** Longest wait for the camera's answer while connecting. */
  ioTimeoutMs: number;
  /** Failures are forgotten after this long a time with pictures. */
  steadyMs: number;
};

export type RtspSourceOptions = {
  camera: RtspCamera;
  clock: Clock;
  facts: Facts;
  /** 0 ≤ value < 1, as Math.random. */
  random: () => number;
  /** Default: `ffmpeg` on the PATH. */
  ffmpegPath?: string;
  timings?: Partial<SourceTimings>;
};

const DEFAULT_TIMINGS: SourceTimings = { firstByteMs: 20_000, silenceMs: 10_000, ioTimeoutMs: 5_000, steadyMs: 60_000 };
// Short clusters leave ffmpeg within a fifth of a second instead of one second, and so does the first picture.
const OUTPUT_OPTIONS = ['-map', '0:v:0', '-c:v', 'copy', '-cluster_time_limit', '200'];
const VIDEO_CODECS = new Set(['V_MPEG4/ISO/AVC', 'V_MPEGH/ISO/HEVC']);
const ENOUGH_TO_EXIT_MS = 1_000;

/** What was learned about the camera and outlives a run of ffmpeg. */
type Session = Omit<RtspSourceOptions, 'timings'> & {
  timings: SourceTimings;
  audio: 'copy' | 'encode' | 'off';
  probe: Probe;
  wasLive: boolean;
  /** When the current run delivered its first picture, monotonic. */
  liveSinceMs?: number | undefined;
};

/**
 * Follows one camera until the signal aborts, or until the consumer stops iterating; either leaves no ffmpeg behind.
 * Publishes `camera.state`: starting once, live at the first picture of each connection, offline or refused with the
 * error and the time of the next attempt.
 */
export function openRtspSource(options: RtspSourceOptions): Source {
  return {
    items(signal) {
      const timings = { ...DEFAULT_TIMINGS, ...options.timings };
      const audio = options.camera.audio === 'off' ? 'off' : 'copy';
      return supervise({ ...options, timings, audio, probe: 'short', wasLive: false }, signal);
    },
  };
}

async function* supervise(session: Session, signal: AbortSignal): AsyncGenerator<SourceItem, void, undefined> {
  const { clock, facts, camera } = session;
  facts.publish({ type: 'camera.state', cameraId: camera.id, state: 'starting' });
  for (let failures = 0; !signal.aborted; ) {
    session.liveSinceMs = undefined;
    try {
      yield* copyStream(session, signal);
    } catch (thrown) {
      if (signal.aborted) return;
      const error = asAgentError(thrown);
      failures = livedLong(session) ? 1 : failures + 1;
      const outlook = cameraOutlook(error, session.wasLive);
      const delayMs = retryDelayMs(outlook, failures, session.random);
      const retryAtMs = clock.nowMs() + delayMs;
      facts.publish({ type: 'camera.state', cameraId: camera.id, state: outlook.state, error, retryAtMs });
      await clock.sleep(delayMs, signal).catch(ignoreAbort);
    }
  }
}

/** Its news is `signal.aborted` itself. */
function ignoreAbort(): void {}

function livedLong({ clock, liveSinceMs, timings }: Session): boolean {
  return liveSinceMs !== undefined && clock.monotonicMs() - liveSinceMs >= timings.steadyMs;
}

/**
 * One run of ffmpeg. Returns when it should be run again at once, with what was learned, or when the signal aborted.
 * @throws AgentError why the stream ended
 */
async function* copyStream(session: Session, signal: AbortSignal): AsyncGenerator<SourceItem, void, undefined> {
  const { clock, timings } = session;
  const run = startCopy(session);
  const end = () => void run.end();
  signal.addEventListener('abort', end, { once: true });
  let lastByteMs: number | undefined;
  try {
    const chunks = watchSilence(run.stdout(), {
      firstMs: timings.firstByteMs,
      laterMs: timings.silenceMs,
      clock,
      onSilence: end,
    });
    const arrivals = noteArrival(chunks, () => {
      lastByteMs = clock.monotonicMs();
    });
    const again = yield* items(session, untilCut(readMatroska(arrivals, { borrowFrames: true })));
    if (again || signal.aborted) return;
    const endedMs = clock.monotonicMs();
    const silentMs = endedMs - (lastByteMs ?? run.startedMs ?? endedMs);
    const exit = await run.end(ENOUGH_TO_EXIT_MS);
    if (signal.aborted || learned(session, run.stderrLines)) return;
    const delivered = session.liveSinceMs !== undefined;
    const { stderrLines } = run;
    const aftermath = { exit, stderrLines, delivered, silentMs, ioTimeoutMs: timings.ioTimeoutMs };
    throw explain(aftermath, cameraHost(session.camera.url));
  } finally {
    signal.removeEventListener('abort', end);
    await run.end();
  }
}

function startCopy({ camera, clock, ffmpegPath, timings, audio, probe }: Session): FfmpegRun {
  const sound = audio === 'off' ? ['-an'] : ['-map', '0:a:0?', '-c:a', audio === 'copy' ? 'copy' : 'aac'];
  const command = {
    script: cameraScript(camera, { ioTimeoutMs: timings.ioTimeoutMs, probe }),
    inputOptions: inputOptions(camera, probe),
    outputOptions: [...OUTPUT_OPTIONS, ...sound],
  };
  return new FfmpegRun(ffmpegPath === undefined ? command : { ...command, ffmpegPath }, clock);
}

/** Tracks, then frames. True when ffmpeg must be started anew to re-encode the sound. */
async function* items(
  session: Session,
  events: AsyncIterable<MatroskaEvent>,
): AsyncGenerator<SourceItem, boolean, undefined> {
  let types = new Map<number, Track['type']>();
  for await (const event of events) {
    if (event.type === 'tracks') {
      if (mustEncodeAudio(session, event.tracks)) return true;
      requireKnownVideo(session, event.tracks);
      types = new Map(event.tracks.map(track => [track.number, track.type]));
      yield { type: 'tracks', tracks: event.tracks };
    } else if (event.type === 'frame' && types.has(event.frame.trackNumber)) {
      if (types.get(event.frame.trackNumber) === 'video') noteLive(session);
      yield { type: 'frame', frame: event.frame };
    }
  }
  return false;
}

function mustEncodeAudio(session: Session, tracks: Track[]): boolean {
  const foreign = tracks.some(track => track.type === 'audio' && track.codecId !== 'A_AAC');
  if (!foreign || session.audio !== 'copy') return false;
  session.audio = 'encode';
  return true;
}

function requireKnownVideo({ camera }: Session, tracks: Track[]): void {
  const known = tracks.some(track => track.type === 'video' && VIDEO_CODECS.has(track.codecId));
  if (!known) throw cameraError('codecUnsupported', cameraHost(camera.url));
}

function noteLive(session: Session): void {
  if (session.liveSinceMs !== undefined) return;
  session.liveSinceMs = session.clock.monotonicMs();
  session.wasLive = true;
  session.facts.publish({ type: 'camera.state', cameraId: session.camera.id, state: 'live' });
}

/** Whether the failed run taught something that makes another one worth while at once. */
function learned(session: Session, stderrLines: string[]): boolean {
  if (session.probe === 'long' || !needsLongProbe(stderrLines)) return false;
  session.probe = 'long';
  return true;
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

/** An ffmpeg that ends in mid-cluster is no news of its own: why it ended is told by how it ended. */
async function* untilCut(events: AsyncIterable<MatroskaEvent>): AsyncGenerator<MatroskaEvent, void, undefined> {
  try {
    yield* events;
  } catch (error) {
    if (!(error instanceof AgentError && error.code === 'matroska-truncated')) throw error;
  }
}
