// How an RTSP session comes about: connect, OPTIONS, DESCRIBE, SETUP for each track over TCP or UDP, PLAY. What was opened on
// the way is closed again when a step fails.
import type { MediaFormat } from '../rtp/media-format.ts';
import { cameraError } from './camera-trouble.ts';
import { type ConnectionOptions, RtspConnection } from './connection.ts';
import { header, type RtspResponse } from './message.ts';
import { type RtspAddress, readRtspAddress } from './rtsp-address.ts';
import { socketError, statusError } from './rtsp-errors.ts';
import { type DescribedMedia, readSessionDescription, type SessionDescription } from './session-description.ts';
import { readRtpInfo, readSession, readTransport } from './transport-header.ts';
import { UdpPorts } from './udp-ports.ts';

export type SessionOptions = Omit<ConnectionOptions, 'onFrame' | 'address'> & {
  url: string;
  /** `auto`: TCP, and UDP when the camera refuses it. */
  transport: 'auto' | 'tcp' | 'udp';
  /** Of what the camera offers, the tracks to set up. Throws an AgentError when there is nothing to go on with. */
  choose: (media: readonly PlayableMedia[]) => PlayableMedia[];
  /** `data` is only valid during the call. */
  onRtp: (track: number, data: Uint8Array) => void;
  onRtcp: (track: number, data: Uint8Array) => void;
  /** 0 ≤ value < 1. */
  random: () => number;
};

export type PlayableMedia = DescribedMedia & { format: MediaFormat };

export type SessionTrack = {
  format: MediaFormat;
  /** RTP timestamp at which the session begins, when the camera says so (RTP-Info). */
  firstTimestamp?: number;
};

const maxRedirects = 3;
const describeHeaders = { Accept: 'application/sdp' };

type Channel = { track: number; rtcp: boolean };

/** Connects and asks what there is, following the camera where it sends us as long as that is the camera itself. */
export async function describe(options: SessionOptions): Promise<SessionSetup> {
  let address = readRtspAddress(options.url);
  for (let redirects = 0; ; redirects++) {
    const setup = await SessionSetup.connect(options, address);
    const abort = () => setup[Symbol.dispose]();
    options.signal.addEventListener('abort', abort, { once: true });
    try {
      const response = await setup.describe();
      if (response === undefined) return setup;
      address = redirected(response, address, redirects);
      setup[Symbol.dispose]();
    } catch (error) {
      setup[Symbol.dispose]();
      throw error;
    } finally {
      options.signal.removeEventListener('abort', abort);
    }
  }
}

/** A redirection to another device would carry this one's password there. */
function redirected(response: RtspResponse, from: RtspAddress, redirects: number): RtspAddress {
  const location = header(response, 'location') ?? '';
  const to = /^rtsps?:\/\//i.test(location) && URL.canParse(location) ? readRtspAddress(location) : undefined;
  if (to && to.hostname === from.hostname && (to.tls || !from.tls) && redirects < maxRedirects) return to;
  throw cameraError('notFound', from.host, 'It sends its viewers to another address.');
}

/** The steps of a session that is being made, and what they leave behind. */
export class SessionSetup implements Disposable {
  readonly connection: RtspConnection;
  readonly clock: SessionOptions['clock'];
  readonly #options: SessionOptions;
  readonly #channels: Map<number, Channel>;
  readonly #udp: UdpPorts[] = [];
  #description: SessionDescription = { media: [], url: '' };
  #chosen: PlayableMedia[] = [];
  #rtcpChannels: number[] = [];
  #methods = '';
  transport: 'tcp' | 'udp';
  session = { id: '', timeoutMs: 60_000 };

  private constructor(options: SessionOptions, connection: RtspConnection, channels: Map<number, Channel>) {
    this.#options = options;
    this.connection = connection;
    this.clock = options.clock;
    this.#channels = channels;
    this.transport = options.transport === 'udp' ? 'udp' : 'tcp';
  }

  static async connect(options: SessionOptions, address: RtspAddress): Promise<SessionSetup> {
    const channels = new Map<number, Channel>();
    const onFrame = (number: number, data: Uint8Array): void => {
      const channel = channels.get(number);
      if (channel?.rtcp) options.onRtcp(channel.track, data);
      else if (channel) options.onRtp(channel.track, data);
    };
    return new SessionSetup(options, await RtspConnection.open({ ...options, address, onFrame }), channels);
  }

  /** @returns the answer when it is a redirection */
  async describe(): Promise<RtspResponse | undefined> {
    const { connection } = this;
    const { url, host } = connection.address;
    const options = await connection.ask('OPTIONS', url);
    this.#methods = header(options, 'public') ?? '';
    const response = await connection.ask('DESCRIBE', url, describeHeaders);
    if (response.status >= 300 && response.status < 400) return response;
    if (response.status >= 400) throw statusError(response.status, host);
    const base = header(response, 'content-base') ?? header(response, 'content-location') ?? url;
    const text = new TextDecoder().decode(response.body);
    this.#description = readSessionDescription(text, /^rtsps?:\/\//i.test(base) ? base : url);
    return undefined;
  }

  async setUpTracks(): Promise<void> {
    const playable = this.#description.media.flatMap(media =>
      media.format ? [{ ...media, format: media.format }] : [],
    );
    this.#chosen = this.#options.choose(playable);
    for (const [track, media] of this.#chosen.entries()) await this.#setUp(track, media);
  }

  async #setUp(track: number, media: PlayableMedia): Promise<void> {
    if (this.transport === 'tcp') {
      const response = await this.#ask('SETUP', media.url, {
        Transport: `RTP/AVP/TCP;unicast;interleaved=${2 * track}-${2 * track + 1}`,
      });
      if (response.status === 461 && this.#options.transport === 'auto' && track === 0) this.transport = 'udp';
      else return this.#agreeTcp(track, response);
    }
    await this.#setUpUdp(track, media);
  }

  #agreeTcp(track: number, response: RtspResponse): void {
    this.#agreeSession(response);
    const [rtp, rtcp] = readTransport(header(response, 'transport')).channels ?? [2 * track, 2 * track + 1];
    this.#channels.set(rtp, { track, rtcp: false }).set(rtcp, { track, rtcp: true });
    this.#rtcpChannels[track] = rtcp;
  }

  async #setUpUdp(track: number, media: PlayableMedia): Promise<void> {
    const { onRtp, onRtcp, random } = this.#options;
    const sides = {
      onRtp: (data: Uint8Array) => onRtp(track, data),
      onRtcp: (data: Uint8Array) => onRtcp(track, data),
    };
    const { host } = this.connection.address;
    const ports = await UdpPorts.bind({ ...this.connection.endpoints, ...sides }, random).catch((error: unknown) => {
      throw socketError(error, host, 'connecting');
    });
    this.#udp.push(ports);
    const client = `${ports.rtpPort}-${ports.rtpPort + 1}`;
    const response = await this.#ask('SETUP', media.url, { Transport: `RTP/AVP;unicast;client_port=${client}` });
    this.#agreeSession(response);
    const { serverPorts } = readTransport(header(response, 'transport'));
    if (serverPorts) ports.open(serverPorts);
  }

  #agreeSession(response: RtspResponse): void {
    if (response.status >= 300) throw statusError(response.status, this.connection.address.host);
    this.session = readSession(header(response, 'session')) ?? this.session;
  }

  async play(): Promise<SessionTrack[]> {
    const response = await this.connection.request('PLAY', this.#description.url, {
      Range: 'npt=0.000-',
      ...this.#sessionHeader(),
    });
    const infos = readRtpInfo(header(response, 'rtp-info'));
    return this.#chosen.map(({ format, url }, track) => {
      const info =
        infos.find(candidate => url.endsWith(candidate.url) || candidate.url.endsWith(url)) ??
        (infos.length === this.#chosen.length ? infos[track] : undefined);
      return info?.rtpTime === undefined ? { format } : { format, firstTimestamp: info.rtpTime };
    });
  }

  sendRtcp(track: number, data: Uint8Array): void {
    const channel = this.#rtcpChannels[track];
    if (this.transport === 'udp') this.#udp[track]?.sendRtcp(data);
    else if (channel !== undefined) this.connection.sendFrame(channel, data);
  }

  sayAlive(): Promise<RtspResponse> {
    const method = /\bGET_PARAMETER\b/i.test(this.#methods) ? 'GET_PARAMETER' : 'OPTIONS';
    return this.#ask(method, this.#description.url, {});
  }

  tearDown(): void {
    this.connection.close('TEARDOWN', this.#description.url, this.#sessionHeader());
  }

  #ask(method: string, url: string, headers: Record<string, string>): Promise<RtspResponse> {
    return this.connection.ask(method, url, { ...headers, ...this.#sessionHeader() });
  }

  #sessionHeader(): Record<string, string> {
    return this.session.id === '' ? {} : { Session: this.session.id };
  }

  [Symbol.dispose](): void {
    this.connection[Symbol.dispose]();
    for (const ports of this.#udp.splice(0)) ports[Symbol.dispose]();
  }
}
