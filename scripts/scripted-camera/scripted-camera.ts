// An RTSP camera that does what a script says, at the picture at which it says so: for tests of cameras that behave oddly, and
// as the load of benches. It shares no code with the agent. Everything a viewer should get is a number in `sent`.
import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { type CameraTime, machineTime, waitFor } from './camera-time.ts';
import { Connection, type ConnectionRules } from './connection.ts';
import type { Footage } from './footage.ts';
import { Live, type LiveOptions } from './live.ts';
import type { RtspAnswer, RtspRequest } from './rtsp-message.ts';
import { type SdpOptions, sdpLines } from './sdp.ts';
import { SignIn, type SignInOptions } from './sign-in.ts';

export type Moment = {
  atPicture: number;
  /** Once, before that picture is taken. */
  act: (camera: ScriptedCamera) => void;
};

export type ScriptedCameraOptions = Partial<Omit<LiveOptions, 'footage' | 'parameterSetsInBand' | 'onPicture'>> &
  Partial<Pick<ConnectionRules, 'transports' | 'channels' | 'answer' | 'sessionTimeoutMs'>> & {
    footage: Footage;
    signIn?: SignInOptions;
    /** Default: in the description and before each key frame. */
    parameterSets?: 'both' | 'sdp' | 'stream';
    control?: SdpOptions['control'];
    /** The description's lines instead of the usual ones, and what they end in. */
    sdp?: (usual: string[]) => string[];
    lineEnd?: '\r\n' | '\n';
    moments?: readonly Moment[];
    host?: string;
    tls?: { key: string; cert: string };
  };

/** Default: a camera without oddities, at `rtsp://127.0.0.1:PORT/live`. Use it with `await using`. */
export class ScriptedCamera implements AsyncDisposable {
  /** What clients asked, in order. */
  readonly requests: RtspRequest[] = [];
  /** First lines of what clients answered to questions of the camera's own. */
  readonly answers: string[] = [];
  readonly signIn: SignIn | undefined;
  readonly #options: ScriptedCameraOptions;
  readonly #live: Live;
  readonly #moments: Moment[];
  readonly #connections = new Map<Connection, Socket>();
  readonly #ending = new AbortController();
  readonly #time: CameraTime;
  #server: Server | undefined;
  #port = 0;
  #isSilent = false;

  private constructor(options: ScriptedCameraOptions) {
    this.#options = options;
    this.#time = options.time ?? machineTime;
    this.signIn = options.signIn && new SignIn(options.signIn);
    this.#moments = [...(options.moments ?? [])];
    const { parameterSets = 'both' } = options;
    this.#live = new Live({
      speed: 1,
      videoClockRate: 90_000,
      clockOffsetMs: 0,
      reportEveryMs: 1000,
      joinAnywhere: false,
      maxBytes: 1400,
      aggregate: false,
      ...options,
      time: this.#time,
      parameterSetsInBand: parameterSets !== 'sdp',
      onPicture: ordinal => this.#reach(ordinal),
    });
  }

  static async start(options: ScriptedCameraOptions): Promise<ScriptedCamera> {
    const camera = new ScriptedCamera(options);
    await camera.#listen();
    return camera;
  }

  get url(): string {
    const { host = '127.0.0.1', tls } = this.#options;
    const shownHost = host.includes(':') ? `[${host}]` : host;
    return `${tls ? 'rtsps' : 'rtsp'}://${shownHost}:${this.#port}/live`;
  }

  get port(): number {
    return this.#port;
  }

  /** Numbers of the pictures that went to somebody. */
  get sent(): readonly number[] {
    return this.#live.sent;
  }

  /** Pictures left out because a client did not take them in. */
  get dropped(): number {
    return this.#live.dropped;
  }

  get viewers(): number {
    return this.#live.viewers;
  }

  get connections(): number {
    return this.#connections.size;
  }

  /** How often clients asked `method`. */
  asked(method: string): number {
    return this.requests.filter(request => request.method === method).length;
  }

  show(footage: Footage): void {
    this.#live.show(footage);
  }

  /** No picture comes any more, for good; requests are answered. */
  stopFilming(): void {
    this.#live.pause();
  }

  /** Neither pictures nor answers come for `forMs`, and connections stay open. */
  fallSilent(forMs: number): void {
    this.#isSilent = true;
    this.#live.pause();
    void waitFor(forMs, { time: this.#time, signal: this.#ending.signal }).then(() => this.#speak());
  }

  /** RTCP BYE to all viewers; `hangUp` is what usually follows. */
  sayBye(): void {
    this.#live.sayBye();
  }

  hangUp(): void {
    for (const connection of this.#connections.keys()) connection.hangUp();
  }

  /** Connections are reset, new ones refused for `downMs`; then it is back with other numbers. */
  async reboot(downMs: number): Promise<void> {
    this.#live.reboot();
    this.#server?.close();
    for (const connection of this.#connections.keys()) connection.reset();
    await waitFor(downMs, { time: this.#time, signal: this.#ending.signal });
    if (!this.#ending.signal.aborted) await this.#listen();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ending.abort();
    this.#live.pause();
    for (const connection of this.#connections.keys()) connection.destroy();
    const server = this.#server;
    if (!server?.listening) return;
    server.close();
    await once(server, 'close');
  }

  #speak(): void {
    if (this.#ending.signal.aborted) return;
    this.#isSilent = false;
    this.#live.goOn();
  }

  async #listen(): Promise<void> {
    const { host = '127.0.0.1', tls } = this.#options;
    const onSocket = (socket: Socket) => this.#connect(socket);
    this.#server = tls ? createTlsServer(tls, onSocket) : createServer(onSocket);
    this.#server.listen(this.#port, host);
    await once(this.#server, 'listening');
    const address = this.#server.address();
    this.#port = typeof address === 'object' && address ? address.port : 0;
  }

  #connect(socket: Socket): void {
    const connection = new Connection(socket, this.#live, this.#rules());
    this.#connections.set(connection, socket);
    socket.on('close', () => this.#connections.delete(connection));
  }

  #rules(): ConnectionRules {
    const { transports = ['tcp', 'udp'], sessionTimeoutMs = 60_000, channels } = this.#options;
    const answer = this.#options.answer ?? ((_request: RtspRequest, usual: RtspAnswer) => usual);
    return {
      ...{ transports, sessionTimeoutMs, channels, answer, signIn: this.signIn, time: this.#time },
      path: '/live',
      sdp: () => this.#description(),
      isSilent: () => this.#isSilent,
      onRequest: request => this.requests.push(request),
      onAnswer: statusLine => this.answers.push(statusLine),
    };
  }

  #description(): string {
    const {
      parameterSets = 'both',
      control = 'relative',
      videoClockRate = 90_000,
      sdp,
      lineEnd = '\r\n',
    } = this.#options;
    const { footage, sound } = this.#live;
    const told = parameterSets !== 'stream';
    const usual = sdpLines({ footage, sound, videoClockRate, control, url: this.url, parameterSets: told });
    return (sdp ? sdp(usual) : usual).map(line => `${line}${lineEnd}`).join('');
  }

  #reach(ordinal: number): void {
    for (const moment of this.#moments.filter(({ atPicture }) => atPicture <= ordinal)) {
      this.#moments.splice(this.#moments.indexOf(moment), 1);
      moment.act(this);
    }
  }
}
