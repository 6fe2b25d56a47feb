// One RTSP session: the streams a client has set up and the way to it, until it is torn down or nobody asks for it any more.
import { randomBytes } from 'node:crypto';
import type { Socket } from 'node:net';
import type { CameraTime } from './camera-time.ts';
import { type Channels, type StreamNumber, TcpViewer, UdpViewer, type Viewer } from './viewer.ts';

export type TransportRules = {
  /** Others are answered with 461. */
  transports: readonly ('tcp' | 'udp')[];
  /** Interleaved channels instead of those the client asks for. */
  channels?: ((asked: Channels, stream: StreamNumber) => Channels) | undefined;
};

/** It ends when nobody has asked for it for so long. */
export type SessionLife = { timeoutMs: number; time: CameraTime; onExpired: () => void };

type SetUp = { stream: StreamNumber; socket: Socket; rules: TransportRules };

export class RtspSession {
  readonly id = randomBytes(8).toString('hex').toUpperCase();
  readonly streams: StreamNumber[] = [];
  viewer: Viewer | undefined;
  #cancel = () => {};
  readonly #life: SessionLife;

  constructor(life: SessionLife) {
    this.#life = life;
    this.touch();
  }

  /** A request asks for it: it lives as long again. Reports do not count, so that a client without keep-alive shows. */
  touch(): void {
    const { time, timeoutMs, onExpired } = this.#life;
    this.#cancel();
    this.#cancel = time.after(timeoutMs, onExpired);
  }

  /** The answer's Transport, or undefined when the camera does not offer what is asked. */
  async setUp(asked: string, setUp: SetUp): Promise<string | undefined> {
    const kind = asked.startsWith('RTP/AVP/TCP') ? 'tcp' : 'udp';
    if (!setUp.rules.transports.includes(kind)) return undefined;
    const transport = kind === 'tcp' ? this.#interleaved(asked, setUp) : await this.#overUdp(asked, setUp);
    if (transport !== undefined) this.streams.push(setUp.stream);
    return transport;
  }

  #interleaved(asked: string, { stream, socket, rules }: SetUp): string | undefined {
    const wanted = pairIn(asked, 'interleaved') ?? { rtp: stream * 2, rtcp: stream * 2 + 1 };
    const channels = rules.channels?.(wanted, stream) ?? wanted;
    this.viewer ??= new TcpViewer(socket);
    if (!(this.viewer instanceof TcpViewer)) return undefined;
    this.viewer.channels.set(stream, channels);
    return `RTP/AVP/TCP;unicast;interleaved=${channels.rtp}-${channels.rtcp}`;
  }

  async #overUdp(asked: string, { stream, socket }: SetUp): Promise<string | undefined> {
    const client = pairIn(asked, 'client_port');
    if (!client) return undefined;
    const { remoteAddress = '', localAddress = '' } = socket;
    this.viewer ??= new UdpViewer(remoteAddress, localAddress);
    if (!(this.viewer instanceof UdpViewer)) return undefined;
    const own = await this.viewer.open(stream, client);
    return `RTP/AVP;unicast;client_port=${client.rtp}-${client.rtcp};server_port=${own.rtp}-${own.rtcp}`;
  }

  close(): void {
    this.#cancel();
    this.viewer?.close();
  }
}

function pairIn(transport: string, name: string): { rtp: number; rtcp: number } | undefined {
  const [, rtp, rtcp] = new RegExp(`${name}=(\\d+)-(\\d+)`).exec(transport) ?? [];
  return rtp === undefined ? undefined : { rtp: Number(rtp), rtcp: Number(rtcp) };
}
