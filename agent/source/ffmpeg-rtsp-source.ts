// One RTSP camera read by ffmpeg, which copies what the camera sends and never decodes it: for those that the native source
// does not understand. `copyStream` owns one run of ffmpeg and throws when the camera goes away.
import { FfmpegRun } from '../ffmpeg/ffmpeg-run.ts';
import type { Track } from '../matroska/track.ts';
import { cameraError, cameraHost } from '../rtsp/camera-trouble.ts';
import { cameraScript, inputOptions, type Probe } from './camera-script.ts';
import { explain, needsLongProbe } from './ffmpeg-errors.ts';
import { runItems } from './read-run.ts';
import { defaultTimings, type RtspCamera, type RtspSourceOptions, type SourceTimings } from './rtsp-camera.ts';
import type { Source, SourceItem } from './source.ts';
import { type Connection, supervise } from './supervise.ts';

// Short clusters leave ffmpeg within a fifth of a second instead of one second, and so does the first picture.
const OUTPUT_OPTIONS = ['-map', '0:v:0', '-c:v', 'copy', '-cluster_time_limit', '200'];
const VIDEO_CODECS = new Set(['V_MPEG4/ISO/AVC', 'V_MPEGH/ISO/HEVC']);

/** What was learned about the camera and outlives a run of ffmpeg. */
type Session = Omit<RtspSourceOptions, 'timings'> & {
  timings: SourceTimings;
  probe: Probe;
};

/** Follows one camera; see `supervise`. Whatever ends it leaves no ffmpeg behind. */
export function openFfmpegRtspSource(options: RtspSourceOptions): Source {
  return {
    items(signal) {
      const { clock, facts, random } = options;
      const timings = { ...defaultTimings, ...options.timings };
      const session: Session = { ...options, timings, probe: 'short' };
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
  const { clock, timings, camera } = session;
  const { firstByteMs, silenceMs, ioTimeoutMs } = timings;
  const accept = (tracks: readonly Track[]) => hasKnownVideo(camera, tracks);
  const end = yield* runItems(startCopy(session), { clock, firstByteMs, silenceMs, signal, connection, accept });
  if (!end || signal.aborted || learned(session, end.stderrLines)) return;
  throw explain({ ...end, delivered: connection.isLive, ioTimeoutMs }, cameraHost(camera.url));
}

function startCopy({ camera, clock, ffmpegPath, timings, probe }: Session): FfmpegRun {
  const sound = camera.audio === 'off' ? ['-an'] : ['-map', '0:a:0?', '-c:a', 'copy'];
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

/** @throws AgentError `camera-codec-unsupported` */
function hasKnownVideo({ url }: Pick<RtspCamera, 'url'>, tracks: readonly Track[]): true {
  const known = tracks.some(track => track.type === 'video' && VIDEO_CODECS.has(track.codecId));
  if (!known) throw cameraError('codecUnsupported', cameraHost(url));
  return true;
}

/** Whether the failed run taught something that makes another one worth while at once. */
function learned(session: Session, stderrLines: string[]): boolean {
  if (session.probe === 'long' || !needsLongProbe(stderrLines)) return false;
  session.probe = 'long';
  return true;
}
