// Looks at one stream by watching it: connects and signs in as the agent would, once, and reads until it knows enough. Gives
// facts for whatever the camera does; what the camera does wrong is a fact too.
import type { StreamFacts } from '../../shared/camera-check.ts';
import type { Clock } from '../clock.ts';
import { printable } from '../discovery/printable.ts';
import { type AgentError, asAgentError } from '../errors.ts';
import type { Frame, VideoTrack } from '../matroska/track.ts';
import type { MediaFormat } from '../rtp/media-format.ts';
import { cameraError, cameraHost } from '../rtsp/camera-trouble.ts';
import { RtspSession } from '../rtsp/session.ts';
import type { PlayableMedia, SessionOptions } from '../rtsp/session-setup.ts';
import { Secret } from '../secret.ts';
import { chooseMedia } from '../source/choose-media.ts';
import { type Arrival, PacketFeed } from '../source/packet-feed.ts';
import type { RtspCamera } from '../source/rtsp-camera.ts';
import { problemOf } from './ask-onvif.ts';
import { PictureTally } from './picture-tally.ts';
import { middleOf, rounded } from './timestamps.ts';

export type StreamToRead = Pick<RtspCamera, 'url' | 'username' | 'password' | 'tlsFingerprint' | 'transport' | 'audio'>;

export type ReadStreamOptions = {
  camera: StreamToRead;
  /** Looking ends when enough is known, and then at the latest. */
  longestMs: number;
  /** Whether to open a second session beside the first, at the end. */
  sessions: boolean;
  clock: Clock;
  /** 0 ≤ value < 1. */
  random: () => number;
  signal: AbortSignal;
};

export type StreamRead = {
  facts: StreamFacts;
  /** From the first key frame on, at most two seconds. */
  clip?: { track: VideoTrack; frames: readonly Frame[] };
};

/** Looks at least so long, for rates to settle. */
const shortLookMs = 8_000;
/** Two: the distance between them is what counts. */
const enoughKeyFrames = 2;
const ioTimeoutMs = 5_000;
const silenceMs = 10_000;

/** Rejects only with the signal's reason. */
export async function readStream(options: ReadStreamOptions): Promise<StreamRead> {
  const look = new Look(options);
  try {
    await look.watch();
  } catch (thrown) {
    options.signal.throwIfAborted();
    look.noteProblem(asAgentError(thrown));
  }
  return look.result();
}

class Look {
  readonly #options: ReadStreamOptions;
  readonly #host: string;
  readonly #feed: PacketFeed;
  readonly #facts: StreamFacts;
  readonly #clockOffsets: number[] = [];
  #formats: MediaFormat[] = [];
  #pictures: PictureTally | undefined;
  #soundBytes = 0;
  #startedMs = 0;
  #endedMs = 0;

  constructor(options: ReadStreamOptions) {
    const { camera, clock, random } = options;
    this.#options = options;
    this.#host = cameraHost(camera.url);
    const ssrc = Math.floor(random() * 2 ** 32);
    this.#feed = new PacketFeed({ clock, ssrc, silenceMs, onLost: () => undefined });
    const tls = camera.url.toLowerCase().startsWith('rtsps:');
    this.#facts = { signedIn: camera.username !== undefined, tls, media: [] };
  }

  /** @throws AgentError why it could not be read, or not to the end */
  async watch(): Promise<void> {
    const { signal, clock, longestMs } = this.#options;
    const choose = (media: readonly PlayableMedia[]) => this.#choose(media);
    using session = await RtspSession.open({ ...this.#sessionOptions(), choose, ...this.#feed.receivers });
    const end = () => this.#feed.end(cameraError('ended', this.#host));
    signal.addEventListener('abort', end, { once: true });
    void session.ended.then(reason => this.#feed.end(reason));
    const over = Promise.withResolvers<void>();
    const cancelDeadline = clock.after(longestMs, over.resolve);
    try {
      this.#facts.transport = session.transport;
      this.#startedMs = clock.monotonicMs();
      this.#feed.begin(session, () => this.#feed.end(cameraError('stalled', this.#host)));
      await this.#read(over.promise);
      if (this.#options.sessions) this.#facts.secondSession = await this.#openSecond();
    } finally {
      this.#endedMs ||= clock.monotonicMs();
      cancelDeadline();
      signal.removeEventListener('abort', end);
      this.#feed.stop();
    }
  }

  noteProblem(error: AgentError): void {
    this.#facts.problem = problemOf(error);
  }

  result(): StreamRead {
    const facts = { ...this.#facts, ...this.#measured() };
    const clip = this.#pictures?.clip;
    return { facts, ...(clip ? { clip } : {}) };
  }

  async #read(over: Promise<void>): Promise<void> {
    const { clock, longestMs, signal } = this.#options;
    for (;;) {
      const entry = this.#feed.take();
      const lookedMs = clock.monotonicMs() - this.#startedMs;
      const enough = lookedMs >= shortLookMs && (this.#pictures?.keyFrames ?? 0) >= enoughKeyFrames;
      if (enough || lookedMs >= longestMs) break;
      if (!entry) {
        await Promise.race([this.#feed.more(), over]);
        signal.throwIfAborted();
      } else if (entry.type === 'report') {
        const { cameraTimeMs } = entry.report;
        if (cameraTimeMs !== undefined) this.#clockOffsets.push(cameraTimeMs - clock.nowMs());
      } else if (entry.trackNumber === 1) {
        this.#pictures?.note(entry, this.#videoTrack);
      } else {
        this.#soundBytes += entry.unit.data.length;
      }
    }
    this.#endedMs = clock.monotonicMs();
  }

  /** The camera's room for viewers, found out while the first one still watches. */
  async #openSecond(): Promise<NonNullable<StreamFacts['secondSession']>> {
    const ignore = () => undefined;
    const choose = (media: readonly PlayableMedia[]) => this.#chosen(media);
    const options = { ...this.#sessionOptions(), witness: undefined, choose, onRtp: ignore, onRtcp: ignore };
    try {
      using _second = await RtspSession.open(options);
      return 'allowed';
    } catch (thrown) {
      this.#options.signal.throwIfAborted();
      return problemOf(asAgentError(thrown));
    }
  }

  #choose(media: readonly PlayableMedia[]): PlayableMedia[] {
    this.#facts.signIn ??= 'none';
    this.#facts.media = media.map(({ type, format }) => ({ type, encoding: printable(format.encoding) }));
    const chosen = this.#chosen(media);
    this.#formats = chosen.map(({ format }) => format);
    this.#feed.expect(this.#formats);
    const [picture] = this.#formats;
    if (picture) this.#pictures = new PictureTally(picture, this.#videoTrack);
    return chosen;
  }

  #chosen(media: readonly PlayableMedia[]): PlayableMedia[] {
    const { audio } = this.#options.camera;
    // MJPEG is looked at too, so that its size and rate can be told.
    return chooseMedia(media, { video: 'transcode', audio, host: this.#host, onProblem: () => undefined });
  }

  get #videoTrack(): VideoTrack | undefined {
    const [track] = this.#feed.tracks ?? [];
    return track?.type === 'video' ? track : undefined;
  }

  #sessionOptions(): Omit<SessionOptions, 'choose' | 'onRtp' | 'onRtcp'> {
    const { camera, clock, random, signal } = this.#options;
    const { url, username, password, tlsFingerprint, transport = 'auto' } = camera;
    const credentials = username === undefined ? undefined : { username, password: password ?? new Secret('') };
    const facts = this.#facts;
    return {
      ...{ url, credentials, tlsFingerprint, transport, clock, random, signal, timeoutMs: ioTimeoutMs },
      witness: {
        connected(tookMs) {
          facts.connectMs ??= rounded(tookMs, 1);
        },
        certificate(seen) {
          facts.certificate = seen;
        },
        challenged(schemes) {
          if (schemes.length > 0) facts.signIn = schemes.includes('digest') ? 'digest' : 'basic';
        },
      },
    };
  }

  #measured(): Partial<StreamFacts> {
    const audio = this.#audioFacts();
    const packets = packetFacts(this.#feed.arrivals);
    return {
      ...(this.#pictures && this.#startedMs > 0 ? { video: this.#pictures.facts(this.#endedMs) } : {}),
      ...(audio ? { audio } : {}),
      ...(packets ? { packets } : {}),
      ...(this.#clockOffsets.length > 0 ? { clockOffsetMs: Math.round(middleOf(this.#clockOffsets)) } : {}),
    };
  }

  #audioFacts(): StreamFacts['audio'] {
    const [, format] = this.#formats;
    if (!format) return undefined;
    const track = this.#feed.tracks?.find(({ type }) => type === 'audio');
    const { sampleRate, channels } = track?.type === 'audio' ? track : { ...format, sampleRate: format.clockRate };
    const seconds = Math.max(0.001, (this.#endedMs - this.#startedMs) / 1000);
    const kbps = Math.round((this.#soundBytes * 8) / 1000 / seconds);
    return { encoding: format.encoding, sampleRate, channels, kbps };
  }
}

/** Jitter is that of the picture. */
function packetFacts(arrivals: readonly Arrival[]): StreamFacts['packets'] {
  const [picture] = arrivals;
  if (!picture) return undefined;
  const sum = (values: number[]) => values.reduce((total, value) => total + value, 0);
  return {
    received: sum(arrivals.map(({ receivedPackets }) => receivedPackets)),
    lost: sum(arrivals.map(({ lostPackets }) => lostPackets)),
    jitterMs: rounded(picture.jitterMs, 1),
  };
}
