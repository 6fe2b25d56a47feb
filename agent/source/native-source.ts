// One RTSP camera read by the agent itself: no process per camera, the camera's own clock in sight, and every oddity of the
// stream named instead of hidden. `readCamera` owns one session and throws when the camera goes away.
import type { Facts } from '../facts.ts';
import { cameraError, cameraHost } from '../rtsp/camera-trouble.ts';
import { RtspSession } from '../rtsp/session.ts';
import type { PlayableMedia, SessionOptions } from '../rtsp/session-setup.ts';
import { CameraClockWatch } from './camera-clock.ts';
import { chooseMedia } from './choose-media.ts';
import { LossReport } from './loss-report.ts';
import { PacketFeed } from './packet-feed.ts';
import { defaultTimings, type RtspSourceOptions, type SourceTimings } from './rtsp-camera.ts';
import type { Source, SourceItem } from './source.ts';
import { type Connection, supervise } from './supervise.ts';

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
  const { camera, clock, facts, timings } = reading;
  const host = cameraHost(camera.url);
  const losses = new LossReport({ cameraId: camera.id, clock, facts });
  const feed = new PacketFeed({ clock, silenceMs: timings.silenceMs, onLost: units => losses.note(units) });
  const choose = (media: readonly PlayableMedia[]) => {
    const chosen = chooseMedia(media, { audio: camera.audio, host });
    feed.expect(chosen.map(({ format }) => format));
    return chosen;
  };
  const session = await RtspSession.open({ ...sessionOptions(reading, signal), choose, ...feed.receivers });
  const end = () => session[Symbol.dispose]();
  signal.addEventListener('abort', end, { once: true });
  void session.ended.then(reason => feed.end(reason));
  try {
    feed.begin(session, () => feed.end(cameraError('stalled', host)));
    yield* items(feed, connection, new CameraClockWatch({ cameraId: camera.id, clock, facts }));
  } finally {
    signal.removeEventListener('abort', end);
    feed.stop();
    losses.tell();
    end();
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
