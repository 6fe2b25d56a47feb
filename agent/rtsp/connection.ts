// One RTSP connection: requests answered in their order, signed in when the camera asks, and the interleaved frames
// between them. Knows nothing of what is in the frames.
import type { Socket } from 'node:net';
import type { AgentError } from '../errors.ts';
import { type Credentials, readChallenges } from '../sign-in/challenge.ts';
import { Authenticator } from './authentication.ts';
import { cameraError } from './camera-trouble.ts';
import {
  header,
  type RequestLines,
  type RtspMessage,
  type RtspRequest,
  type RtspResponse,
  writeRequest,
} from './message.ts';
import type { RtspAddress } from './rtsp-address.ts';
import { socketError, statusError } from './rtsp-errors.ts';
import { openSocket, type SocketOptions } from './socket.ts';
import { RtspWire } from './wire.ts';

export type ConnectionOptions = Omit<SocketOptions, 'onData'> & {
  credentials?: Credentials | undefined;
  /** `data` is only valid during the call. */
  onFrame: (channel: number, data: Uint8Array) => void;
};

type Pending = { cseq: number; resolve: (response: RtspResponse) => void; reject: (error: unknown) => void };

const maxSignIns = 3;
/** Without a reader nothing but answers comes; a camera that floods us with requests of its own is given up. */
const maxServerRequests = 1_000;

export class RtspConnection implements Disposable {
  readonly address: RtspAddress;
  /** Resolves with the reason when the connection has ended, whoever ended it. Never rejects. */
  readonly ended: Promise<AgentError>;
  readonly #options: ConnectionOptions;
  readonly #wire: RtspWire;
  readonly #authenticator: Authenticator | undefined;
  readonly #pending: Pending[] = [];
  readonly #end: (reason: AgentError) => void;
  #socket: Socket | undefined;
  #endReason: AgentError | undefined;
  #cseq = 0;
  #heard = false;
  #answered = false;
  #serverRequests = 0;

  private constructor(options: ConnectionOptions) {
    const { promise, resolve } = Promise.withResolvers<AgentError>();
    this.#options = options;
    this.address = options.address;
    this.ended = promise;
    this.#end = resolve;
    this.#authenticator = options.credentials && new Authenticator(options.credentials);
    this.#wire = new RtspWire({
      frame: (channel, data) => options.onFrame(channel, data),
      message: message => this.#take(message),
    });
  }

  /** Rejects as openSocket does. */
  static async open(options: ConnectionOptions): Promise<RtspConnection> {
    const connection = new RtspConnection(options);
    const socket = await openSocket({ ...options, onData: chunk => connection.#read(chunk) });
    connection.#socket = socket;
    const { host } = options.address;
    socket.on('error', error => connection.#finish(socketError(error, host, 'open')));
    socket.on('close', () =>
      connection.#finish(cameraError(connection.#heardOtherThanRtsp ? 'notRtsp' : 'ended', host)),
    );
    return connection;
  }

  /** The camera's own address on the connection, and ours. */
  get endpoints(): { remoteAddress: string; localAddress: string } {
    const { remoteAddress = '', localAddress = '' } = this.#socket ?? {};
    return { remoteAddress, localAddress };
  }

  /** Nothing is read while paused; what the camera sends meanwhile waits, at last in the camera. */
  pause(): void {
    this.#socket?.pause();
  }

  resume(): void {
    this.#socket?.resume();
  }

  /** Writes an interleaved frame. */
  sendFrame(channel: number, data: Uint8Array): void {
    this.#socket?.write(Uint8Array.of(0x24, channel, data.length >> 8, data.length & 0xff));
    this.#socket?.write(data);
  }

  /**
   * Resolves with an answer of status 2xx.
   * @throws AgentError `camera-denied`, `camera-not-found`, `camera-transport`, `camera-busy`, `camera-stalled`, `camera-ended`, …
   */
  async request(method: string, url: string, headers: Record<string, string> = {}): Promise<RtspResponse> {
    const response = await this.ask(method, url, headers);
    if (response.status >= 200 && response.status < 300) return response;
    throw statusError(response.status, this.address.host);
  }

  /** As `request`, but resolves with answers of any status but 401. */
  async ask(method: string, url: string, headers: Record<string, string> = {}): Promise<RtspResponse> {
    for (let signIns = 0; ; signIns++) {
      const authorization = this.#authenticator?.authorization(method, url);
      const response = await this.#exchange(method, url, {
        ...headers,
        ...(authorization === undefined ? {} : { Authorization: authorization }),
      });
      if (response.status !== 401) return response;
      const challenges = response.headers.get('www-authenticate') ?? [];
      this.#options.witness?.challenged(readChallenges(challenges).map(({ scheme }) => scheme));
      if (signIns >= maxSignIns || !this.#authenticator?.challenged(challenges)) {
        throw cameraError('denied', this.address.host);
      }
    }
  }

  /** Says a last request, whose answer nobody waits for, and ends. */
  close(method: string, url: string, headers: Record<string, string>): void {
    const authorization = this.#authenticator?.authorization(method, url);
    const all = { ...headers, ...(authorization === undefined ? {} : { Authorization: authorization }) };
    if (!this.#endReason) this.#write({ method, url, cseq: ++this.#cseq, headers: all });
    this.#finish(cameraError('ended', this.address.host), 'gently');
  }

  [Symbol.dispose](): void {
    this.#finish(cameraError('ended', this.address.host));
  }

  async #exchange(method: string, url: string, headers: Record<string, string>): Promise<RtspResponse> {
    if (this.#endReason) throw this.#endReason;
    const cseq = ++this.#cseq;
    const { promise, resolve, reject } = Promise.withResolvers<RtspResponse>();
    const { clock, timeoutMs, address } = this.#options;
    const pending = { cseq, resolve, reject };
    const cancel = clock.after(timeoutMs, () => reject(cameraError('stalled', address.host)));
    this.#pending.push(pending);
    this.#write({ method, url, cseq, headers });
    try {
      return await promise;
    } finally {
      cancel();
      const index = this.#pending.indexOf(pending);
      if (index >= 0) this.#pending.splice(index, 1);
    }
  }

  /** One byte a character, as headers are read. */
  #write(request: RequestLines): void {
    this.#socket?.write(writeRequest(request), 'latin1');
  }

  /** A web server for instance, which answers with something, and leaves. */
  get #heardOtherThanRtsp(): boolean {
    return this.#heard && !this.#answered;
  }

  #read(chunk: Uint8Array): void {
    if (this.#endReason) return;
    this.#heard = true;
    try {
      this.#wire.push(chunk);
    } catch {
      this.#finish(cameraError(this.#heardOtherThanRtsp ? 'notRtsp' : 'invalid', this.address.host));
    }
  }

  #take(message: RtspMessage): void {
    if (message.type === 'request') this.#answer(message);
    else this.#settle(message);
  }

  #settle(message: RtspResponse): void {
    this.#answered = true;
    const cseq = Number(header(message, 'cseq') ?? Number.NaN);
    // Some cameras forget the number: then it is the answer to the oldest question.
    const index = Number.isNaN(cseq) ? 0 : this.#pending.findIndex(pending => pending.cseq === cseq);
    const [pending] = index < 0 ? [] : this.#pending.splice(index, 1);
    pending?.resolve(message);
  }

  #answer(request: RtspRequest): void {
    if (++this.#serverRequests > maxServerRequests) {
      this.#finish(cameraError('invalid', this.address.host));
      return;
    }
    const cseq = /^\d+$/.exec(header(request, 'cseq') ?? '')?.[0];
    const status = request.method === 'OPTIONS' ? '200 OK' : '501 Not Implemented';
    this.#socket?.write(`RTSP/1.0 ${status}\r\n${cseq === undefined ? '' : `CSeq: ${cseq}\r\n`}\r\n`);
  }

  #finish(reason: AgentError, how: 'gently' | 'at once' = 'at once'): void {
    if (this.#endReason) return;
    this.#endReason = reason;
    const socket = this.#socket;
    // A camera that does not read any more must not keep the last request, and so the socket, for ever.
    if (how === 'gently') socket?.destroySoon();
    else socket?.destroy();
    for (const { reject } of this.#pending.splice(0)) reject(reason);
    this.#end(reason);
  }
}
