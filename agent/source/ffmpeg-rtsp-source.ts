// One RTSP camera read by ffmpeg, which copies what the camera sends and never decodes it: for those that the native source
// does not understand. `copyStream` owns one run of ffmpeg and throws when the camera goes away.
import { AgentError } from '../errors.ts';
import { FfmpegRun } from '../ffmpeg/ffmpeg-run.ts';
import type { MatroskaEvent } from '../matroska/event.ts';
import { readMatroska } from '../matroska/read.ts';
import type { Track } from '../matroska/track.ts';
import { cameraError, cameraHost } from '../rtsp/camera-trouble.ts';
import { cameraScript, inputOptions, type Probe } from './camera-script.ts';
import { explain, needsLongProbe } from './ffmpeg-errors.ts';
import { defaultTimings, type RtspSourceOptions, type SourceTimings } from './rtsp-camera.ts';
import type { Source, SourceItem } from './source.ts';
import { watchSilence } from './stall-watch.ts';
import { type Connection, supervise } from './supervise.ts';

// Short clusters leave ffmpeg within a fifth of a second instead of one second, and so does the first picture.
const OUTPUT_OPTIONS = ['-map', '0:v:0', '-c:v', 'copy', '-cluster_time_limit', '200'];
const VIDEO_CODECS = new Set(['V_MPEG4/ISO/AVC', 'V_MPEGH/ISO/HEVC']);
const ENOUGH_TO_EXIT_MS = 1_000;

/** What was learned about the camera and outlives a run of ffmpeg. */
type Session = Omit<RtspSourceOptions, 'timings'> & {
  timings: SourceTimings;
  audio: 'copy' | 'encode' | 'off';
  probe: Probe;
};

/** Follows one camera; see `supervise`. Whatever ends it leaves no ffmpeg behind. */
export function openFfmpegRtspSource(options: RtspSourceOptions): Source {
  return {
    items(signal) {
      const { clock, facts, random } = options;
      const timings = { ...defaultTimings, ...options.timings };
      const session: Session = {
        ...options,
        timings,
        audio: options.camera.audio === 'off' ? 'off' : 'copy',
        probe: 'short',
      };
      const cameraId = options.camera.id;
      const runOnce = (connection: Connection) => copyStream(session, connection, signal);
      return supervise({ cameraId, clock, facts, random, steadyMs: timings.steadyMs, runOnce }, signal);
    },
  };
}

/**
 * One run of ffmpeg. Returns when it should be run again at once, with what was learned, or when the signal aborted.
 * @throws AgentError why the stream ended
 */
async function* copyStream(
  session: Session,
  connection: Connection,
  signal: AbortSignal,
): AsyncGenerator<SourceItem, void, undefined> {
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
    const again = yield* items(session, connection, untilCut(readMatroska(arrivals, { borrowFrames: true })));
    if (again || signal.aborted) return;
    const endedMs = clock.monotonicMs();
    const silentMs = endedMs - (lastByteMs ?? run.startedMs ?? endedMs);
    const exit = await run.end(ENOUGH_TO_EXIT_MS);
    if (signal.aborted || learned(session, run.stderrLines)) return;
    const delivered = connection.isLive;
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
    script: cameraScript(camera, {
      ...{ ioTimeoutMs: timings.ioTimeoutMs, probe },
      transport: camera.transport === 'udp' ? 'udp' : 'tcp',
    }),
    inputOptions: inputOptions(camera, probe),
    outputOptions: [...OUTPUT_OPTIONS, ...sound],
  };
  return new FfmpegRun(ffmpegPath === undefined ? command : { ...command, ffmpegPath }, clock);
}

/** Tracks, then frames. True when ffmpeg must be started anew to re-encode the sound. */
async function* items(
  session: Session,
  connection: Connection,
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
      if (types.get(event.frame.trackNumber) === 'video') connection.noteLive();
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
