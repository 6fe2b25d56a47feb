// One client's RTSP connection: its requests are answered in order, as RFC 2326 says, unless the script says otherwise.
import type { Socket } from 'node:net';
import type { CameraTime } from './camera-time.ts';
import type { Live } from './live.ts';
import { answerText, RequestReader, type RtspAnswer, type RtspRequest } from './rtsp-message.ts';
import { controlNames } from './sdp.ts';
import { RtspSession, type TransportRules } from './session.ts';
import type { SignIn } from './sign-in.ts';
import type { StreamNumber } from './viewer.ts';

export type ConnectionRules = TransportRules & {
  path: string;
  signIn?: SignIn | undefined;
  sessionTimeoutMs: number;
  time: CameraTime;
  /** The camera's description as of now. */
  sdp: () => string;
  /** Leaves `answer` as it is, changes it, or says `nothing`: then the client waits in vain. */
  answer: (request: RtspRequest, usual: RtspAnswer) => RtspAnswer | 'nothing';
  /** While it is, requests pile up. */
  isSilent: () => boolean;
  onRequest: (request: RtspRequest) => void;
  onAnswer: (statusLine: string) => void;
};

export class Connection {
  readonly #socket: Socket;
  readonly #live: Live;
  readonly #rules: ConnectionRules;
  readonly #reader: RequestReader;
  #session: RtspSession | undefined;
  #answering: Promise<void> = Promise.resolve();

  constructor(socket: Socket, live: Live, rules: ConnectionRules) {
    this.#socket = socket;
    this.#live = live;
    this.#rules = rules;
    this.#reader = new RequestReader(rules.onAnswer);
    socket.setNoDelay(true);
    socket.on('data', chunk => this.#take(chunk));
    // A client that is gone is no news.
    socket.on('error', () => undefined);
    socket.on('close', () => this.#endSession());
  }

  /** FIN: the client sees the end of the stream. */
  hangUp(): void {
    this.#endSession();
    this.#socket.end();
  }

  /** RST: as when the camera's power fails and it is asked again. */
  reset(): void {
    this.#endSession();
    this.#socket.resetAndDestroy();
  }

  /** Without another word, and at once. */
  destroy(): void {
    this.#endSession();
    this.#socket.destroy();
  }

  #take(chunk: Buffer): void {
    try {
      for (const request of this.#reader.add(chunk, this.#rules.time.monotonicMs())) {
        this.#rules.onRequest(request);
        this.#answering = this.#answering.then(() => this.#serve(request));
      }
    } catch {
      this.#socket.destroy();
    }
  }

  async #serve(request: RtspRequest): Promise<void> {
    if (this.#rules.isSilent()) return;
    const usual = this.#rules.signIn?.refusal(request) ?? (await this.#usualAnswer(request));
    const answer = this.#rules.answer(request, usual);
    if (answer === 'nothing' || this.#socket.destroyed) return;
    if (answer.raw) {
      for await (const bytes of answer.raw) {
        if (this.#socket.destroyed) return;
        if (!this.#socket.write(bytes)) await drained(this.#socket);
      }
    } else {
      this.#socket.write(answerText(answer, request.headers.get('cseq') ?? '0'));
    }
    if (answer.status !== 200) return;
    // What is asked for begins behind the answer.
    if (request.method === 'PLAY' && this.#session?.viewer) this.#live.add(this.#session.viewer);
    if (request.method === 'TEARDOWN') this.#endSession();
  }

  async #usualAnswer(request: RtspRequest): Promise<RtspAnswer> {
    const { method, url, headers } = request;
    const asked = headers.get('session');
    if (asked !== undefined && asked !== this.#session?.id) return { status: 454, headers: {} };
    if (asked !== undefined) this.#session?.touch();
    switch (method) {
      case 'OPTIONS':
        return { status: 200, headers: { Public: 'OPTIONS, DESCRIBE, SETUP, PLAY, GET_PARAMETER, TEARDOWN' } };
      case 'DESCRIBE':
        if (!this.#isOurs(url)) return { status: 404, headers: {} };
        return {
          status: 200,
          headers: { 'Content-Base': `${url.replace(/\/$/, '')}/`, 'Content-Type': 'application/sdp' },
          body: this.#rules.sdp(),
        };
      case 'SETUP':
        return await this.#setUp(request);
      case 'PLAY':
        return this.#session?.viewer ? this.#play(url) : { status: 455, headers: {} };
      case 'GET_PARAMETER':
      case 'SET_PARAMETER':
      case 'TEARDOWN':
        return { status: 200, headers: this.#sessionHeader() };
      default:
        return { status: 405, headers: {} };
    }
  }

  #isOurs(url: string): boolean {
    return URL.canParse(url) && new URL(url).pathname.replace(/\/$/, '') === this.#rules.path;
  }

  async #setUp({ url, headers }: RtspRequest): Promise<RtspAnswer> {
    const named = controlNames.findIndex(name => url.endsWith(`/${name}`));
    const stream: StreamNumber | undefined =
      named === 0 || (named < 0 && this.#isOurs(url)) ? 0 : named === 1 ? 1 : undefined;
    if (stream === undefined || (stream === 1 && !this.#live.sound)) return { status: 404, headers: {} };
    const { sessionTimeoutMs: timeoutMs, time } = this.#rules;
    this.#session ??= new RtspSession({ timeoutMs, time, onExpired: () => this.hangUp() });
    const asked = headers.get('transport') ?? '';
    const transport = await this.#session.setUp(asked, { stream, socket: this.#socket, rules: this.#rules });
    if (transport === undefined) return { status: 461, headers: {} };
    return { status: 200, headers: { ...this.#sessionHeader(), Transport: transport } };
  }

  #play(url: string): RtspAnswer {
    const base = url.replace(/\/$/, '');
    const told = (this.#session?.streams ?? []).map(stream => {
      const next = this.#live.next(stream);
      return `url=${base}/${controlNames[stream]}${next ? `;seq=${next.sequence};rtptime=${next.ticks}` : ''}`;
    });
    return { status: 200, headers: { ...this.#sessionHeader(), Range: 'npt=now-', 'RTP-Info': told.join(',') } };
  }

  #sessionHeader(): Record<string, string> {
    if (!this.#session) return {};
    return { Session: `${this.#session.id};timeout=${Math.round(this.#rules.sessionTimeoutMs / 1000)}` };
  }

  #endSession(): void {
    if (this.#session?.viewer) this.#live.remove(this.#session.viewer);
    this.#session?.close();
    this.#session = undefined;
  }
}

/** Resolves when the client has taken in what was written, or is gone. */
function drained(socket: Socket): Promise<void> {
  return new Promise(resolve => {
    socket.once('drain', resolve);
    socket.once('close', () => resolve());
  });
}
