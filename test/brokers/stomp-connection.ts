// A connection to a broker over STOMP 1.2, written for the tests: requests that wait for the broker's receipt, and messages,
// each acknowledged as it comes.
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { connect as connectSecurely } from 'node:tls';
import type { User } from './broker.ts';
import { encodeFrame, type Frame, FrameReader } from './stomp-frame.ts';

/** A safety net: what a broker that does much else needs for an answer. */
const patienceMs = 60_000;

export type StompAccess = {
  port: number;
  user: User;
  /** In TLS, with the broker's authority and perhaps a certificate and key of one's own, in PEM. */
  tls?: { ca: Buffer; cert?: Buffer; key?: Buffer };
};

export type StompMessage = {
  /** `message-id`, `destination`, `redelivered`, `content-type` and the sender's own. */
  headers: Record<string, string>;
  body: Buffer;
};

export type StompConsumer = {
  onMessage?: (message: StompMessage) => void;
  /** Whether each message is acknowledged as it comes; else the broker has them all again afterwards. Default: true. */
  acknowledge?: boolean;
};

/** A connection that is open. It does not come back after the broker's restart: open another. */
export class StompConnection implements AsyncDisposable {
  readonly #acknowledges: boolean;
  readonly #onMessage: (message: StompMessage) => void;
  readonly #socket: Socket;
  readonly #waiting = new Map<string, PromiseWithResolvers<void>>();
  #receipts = 0;

  private constructor(socket: Socket, { acknowledge = true, onMessage = () => {} }: StompConsumer) {
    this.#socket = socket;
    this.#acknowledges = acknowledge;
    this.#onMessage = onMessage;
    const reader = new FrameReader();
    socket.on('data', piece => {
      for (const frame of reader.push(piece)) this.#take(frame);
    });
    socket.on('error', () => {});
    socket.once('close', () => this.#fail(new Error('The broker closed the connection.')));
  }

  /** Rejects with the broker's own words when it refuses. */
  static async open({ port, user, tls }: StompAccess, consumer: StompConsumer = {}): Promise<StompConnection> {
    const socket = tls ? connectSecurely({ host: '127.0.0.1', port, ...tls }) : connect(port, '127.0.0.1');
    await once(socket, tls ? 'secureConnect' : 'connect');
    const connection = new StompConnection(socket, consumer);
    const headers = { 'accept-version': '1.2', host: '/', login: user.username, passcode: user.password };
    await connection.#ask('CONNECTED', 'CONNECT', headers);
    return connection;
  }

  /** Resolves once the broker has taken the frame, as its receipt says. */
  async request(command: string, headers: Record<string, string>, body?: string | Uint8Array): Promise<void> {
    const receipt = String(++this.#receipts);
    await this.#ask(receipt, command, { ...headers, receipt }, body);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#socket.closed) return;
    const closed = once(this.#socket, 'close');
    // Its receipt says that all acknowledgements have arrived, too.
    await this.request('DISCONNECT', {}).catch(() => {});
    this.#socket.destroy();
    await closed;
  }

  async #ask(answer: string, command: string, headers: Record<string, string>, body?: string | Uint8Array) {
    const waiting = Promise.withResolvers<void>();
    this.#waiting.set(answer, waiting);
    const late = setTimeout(() => this.#fail(new Error(`The broker does not answer ${command}.`)), patienceMs);
    this.#socket.write(encodeFrame(command, headers, body));
    await waiting.promise.finally(() => clearTimeout(late));
  }

  #take({ command, headers, body }: Frame): void {
    if (command === 'MESSAGE') {
      this.#onMessage({ headers, body });
      if (headers.ack !== undefined && this.#acknowledges) this.#socket.write(encodeFrame('ACK', { id: headers.ack }));
    } else if (command === 'ERROR') this.#fail(new Error(`${headers.message ?? 'Error'}: ${body.toString().trim()}`));
    else this.#answered(command === 'CONNECTED' ? command : (headers['receipt-id'] ?? ''));
  }

  #answered(answer: string): void {
    this.#waiting.get(answer)?.resolve();
    this.#waiting.delete(answer);
  }

  #fail(error: Error): void {
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
    this.#socket.destroy();
  }
}
