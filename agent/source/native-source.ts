// One RTSP camera read by the agent itself: no process per camera, the camera's own clock in sight, and every oddity of the
// stream named instead of hidden. `readCamera` owns one session and throws when the camera goes away.
import type { AgentError } from '../errors.ts';
import { cameraError, cameraHost } from '../rtsp/camera-trouble.ts';
import { RtspSession } from '../rtsp/session.ts';
import type { PlayableMedia, SessionOptions } from '../rtsp/session-setup.ts';
import { Secret } from '../secret.ts';
import { CameraClockWatch } from './camera-clock.ts';
import { chooseMedia } from './choose-media.ts';
import { LossReport } from './loss-report.ts';
import { PacketFeed } from './packet-feed.ts';
import { defaultTimings, type RtspSourceOptions, type SourceTimings } from './rtsp-camera.ts';
import type { Source, SourceItem } from './source.ts';
import { type Connection, supervise } from './supervise.ts';

/** The picture is set up first. */
const videoTrackNumber = 1;

export type NativeSourceOptions = Omit<RtspSourceOptions, 'ffmpegPath'>;

/** Follows one camera; see `supervise`. Whatever ends it leaves no socket and no timer behind. */
export function openNativeSource(options: NativeSourceOptions): Source {
  return {
    items(signal) {
      const { clock, facts, random, camera } = options;
      const timings = { ...defaultTimings, ...options.timings };
      const runOnce = (connection: Connection) => readCamera({ ...options, timings }, connection, signal);
      return supervise({ cameraId: camera.id, clock, facts, random, steadyMs: timings.steadyMs, runOnce }, signal);
    },
  };
}

type Reading = NativeSourceOptions & { timings: SourceTimings };

/**
 * One session with the camera: its tracks as soon as they are known, then its frames.
 * @throws AgentError why the stream ended
 */
async function* readCamera(
  reading: Reading,
  connection: Connection,
  signal: AbortSignal,
): AsyncGenerator<SourceItem, void, undefined> {
  const { camera, clock, facts, timings, random } = reading;
  const host = cameraHost(camera.url);
  const about = { cameraId: camera.id, clock, facts };
  const losses = new LossReport(about);
  const onLost = (units: number) => {
    // A picture that we ourselves cut off by leaving is no loss of the camera's.
    if (!signal.aborted) losses.note(units);
  };
  const ssrc = Math.floor(random() * 2 ** 32);
  const feed = new PacketFeed({ clock, ssrc, silenceMs: timings.silenceMs, onLost });
  const onProblem = (error: AgentError) => facts.publish({ type: 'camera.problem', cameraId: camera.id, error });
  const choose = (media: readonly PlayableMedia[]) => {
    const chosen = chooseMedia(media, { video: camera.video ?? 'copy', audio: camera.audio, host, onProblem });
    feed.expect(chosen.map(({ format }) => format));
    return chosen;
  };
  const session = await RtspSession.open({ ...sessionOptions(reading, signal), choose, ...feed.receivers });
  const end = () => session[Symbol.dispose]();
  signal.addEventListener('abort', end, { once: true });
  // It may have been aborted in the moment before, when nobody listened.
  if (signal.aborted) end();
  void session.ended.then(reason => feed.end(reason));
  try {
    feed.begin(session, () => feed.end(cameraError('stalled', host)));
    yield* items(feed, connection, new CameraClockWatch(about));
  } finally {
    signal.removeEventListener('abort', end);
    feed.stop();
    losses.tell();
    end();
  }
}

async function* items(
  feed: PacketFeed,
  connection: Connection,
  cameraClock: CameraClockWatch,
): AsyncGenerator<SourceItem, never, undefined> {
  let announced = false;
  for (;;) {
    const entry = feed.take();
    if (!entry) {
      await feed.more();
    } else if (entry.type === 'report') {
      cameraClock.take(entry.report.cameraTimeMs);
    } else {
      // Nobody could decode what comes before the camera has said how.
      const tracks = announced ? undefined : feed.tracks;
      if (!announced && !tracks) continue;
      if (tracks) yield { type: 'tracks', tracks };
      announced = true;
      const { trackNumber, timeMs, unit } = entry;
      if (trackNumber === videoTrackNumber) connection.noteLive();
      yield { type: 'frame', frame: { trackNumber, timecodeMs: timeMs, keyFrame: unit.keyFrame, data: unit.data } };
    }
  }
}

function sessionOptions(
  { camera, clock, timings, random }: Reading,
  signal: AbortSignal,
): Omit<SessionOptions, 'choose' | 'onRtp' | 'onRtcp'> {
  const { url, username, password, tlsFingerprint, transport = 'auto' } = camera;
  const credentials = username === undefined ? undefined : { username, password: password ?? new Secret('') };
  return { url, credentials, tlsFingerprint, transport, clock, random, signal, timeoutMs: timings.ioTimeoutMs };
}
