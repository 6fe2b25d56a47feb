// A TCP or TLS connection in the form of a WebSocket, which is what @stomp/stompjs speaks STOMP through.
import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { IStompSocket } from '@stomp/stompjs';
import type { TlsFiles } from './broker-tls.ts';

const state = { connecting: 0, open: 1, closing: 2, closed: 3 } as const;

export class StompSocket implements IStompSocket {
  readonly url: string;
  onopen: IStompSocket['onopen'];
  onmessage: IStompSocket['onmessage'];
  onerror: IStompSocket['onerror'];
  onclose: IStompSocket['onclose'];
  readyState: number = state.connecting;
  /** What broke it, once it is broken. */
  problem: unknown;
  readonly #socket: Socket;

  /** `files`: for stomps://. */
  constructor(url: string, files: TlsFiles) {
    this.url = url;
    const { protocol, hostname, port } = new URL(url);
    const host = hostname.replace(/^\[|\]$/g, '');
    const isTls = protocol === 'stomps:';
    const at = { host, port: Number(port) || (isTls ? 61_614 : 61_613) };
    this.#socket = isTls ? connectTls({ ...at, ...files }) : connectTcp(at);
    this.#socket.setKeepAlive(true, 30_000);
    this.#socket.once(isTls ? 'secureConnect' : 'connect', () => {
      this.readyState = state.open;
      this.onopen?.();
    });
    // A copy with a buffer of its own: the parser takes all of an ArrayBuffer.
    this.#socket.on('data', (bytes: Buffer) => this.onmessage?.({ data: Uint8Array.from(bytes).buffer }));
    this.#socket.on('error', error => {
      this.problem = error;
      this.onerror?.(error);
    });
    this.#socket.on('close', () => {
      this.readyState = state.closed;
      this.onclose?.({ code: this.problem ? 1006 : 1000, reason: '', wasClean: !this.problem });
    });
  }

  send(data: string | ArrayBufferLike | Blob | ArrayBufferView): void {
    if (typeof data === 'string') this.#socket.write(data);
    else if (ArrayBuffer.isView(data))
      this.#socket.write(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  }

  close(): void {
    this.readyState = state.closing;
    this.#socket.end();
  }

  terminate(): void {
    this.readyState = state.closing;
    this.#socket.destroy();
  }
}
