// One PutMedia request: media goes up in its body while the acks come down in its answer. Node's own HTTP client, because
// it gives both directions at once.
import { once } from 'node:events';
import http, { type ClientRequest, type IncomingMessage } from 'node:http';
import https from 'node:https';
import type { KinesisVideo } from '../aws/kinesis-video.ts';
import { answerError, serviceError } from '../aws/service-errors.ts';
import type { Clock } from '../clock.ts';
import { AgentError } from '../errors.ts';
import { type Ack, AckParser } from './acks.ts';

/** How long the answer's head is waited for before media follows the header: a refusal then costs no uplink. */
const answerGraceMs = 1_000;
/** A server that neither answers nor refuses within this is not there. */
const connectPatienceMs = 15_000;
/** A slow uplink takes one within the writers' patience; more at once would look as if nothing moved. */
const sliceBytes = 64 * 1024;
const longestRefusalBytes = 8 * 1024;

export type OpenOptions = {
  service: Pick<KinesisVideo, 'dataEndpoint' | 'signPutMedia'>;
  stream: string;
  /** EBML header, Segment and Tracks: the first bytes of the body. */
  header: Uint8Array;
  /** Producer timestamp of the first fragment. */
  startMs: number;
  clock: Clock;
  signal: AbortSignal;
  /** The share of the uplink: bytes are taken from it, slice by slice, before they are sent. Left out: no limit. */
  share?: Share;
};

export type Share = { sliceBytes: number; take: (bytes: number) => Promise<void> };

export class PutMediaConnection implements Disposable {
  readonly #request: ClientRequest;
  readonly #clock: Clock;
  readonly #stream: string;
  readonly #share: Share | undefined;
  readonly #answer = Promise.withResolvers<IncomingMessage>();
  #answered = false;
  #refused = false;
  #failure: AgentError | undefined;
  #rejectWrite: ((error: AgentError) => void) | undefined;
  #blockedSinceMs: number | undefined;

  private constructor(request: ClientRequest, { stream, clock, share }: OpenOptions) {
    this.#request = request;
    this.#stream = stream;
    this.#clock = clock;
    this.#share = share;
    this.#answer.promise.catch(() => undefined);
    request.on('error', error => this.#lostConnection(error));
    request.on('response', response => void this.#takeAnswer(response));
    request.on('socket', socket => socket.setKeepAlive(true, 10_000).setNoDelay(true));
  }

  /**
   * Sends the request's head and the header. Resolves when the service answered 200, or is slow to answer.
   * Rejects with a `service-…` AgentError.
   */
  static async open(options: OpenOptions): Promise<PutMediaConnection> {
    const { service, stream, header, startMs, signal } = options;
    const endpoint = await service.dataEndpoint(stream, 'PUT_MEDIA', signal);
    const url = new URL('/putMedia', endpoint);
    const headers = await service.signPutMedia(url, {
      'x-amzn-stream-name': stream,
      'x-amzn-fragment-timecode-type': 'ABSOLUTE',
      'x-amzn-producer-start-timestamp': (startMs / 1000).toFixed(3),
      'x-amzn-fragment-acknowledgment-required': '1',
    });
    signal.throwIfAborted();
    const { request } = url.protocol === 'https:' ? https : http;
    const sent = request(url, {
      method: 'POST',
      headers: { ...headers, 'content-type': 'application/json', 'transfer-encoding': 'chunked' },
      agent: false,
      signal,
    });
    const connection = new PutMediaConnection(sent, options);
    await connection.#begin(header);
    return connection;
  }

  /** Resolves when the socket took the bytes. Rejects when the connection failed. One caller at a time. */
  async write(bytes: Uint8Array): Promise<void> {
    const length = this.#share?.sliceBytes ?? sliceBytes;
    for (let offset = 0; offset < bytes.length; offset += length) {
      const slice = bytes.subarray(offset, offset + length);
      await this.#share?.take(slice.length);
      this.#blockedSinceMs = this.#clock.monotonicMs();
      await this.#writeSlice(slice);
      this.#blockedSinceMs = undefined;
    }
  }

  /** Since when a write makes no headway; monotonic. */
  get blockedSinceMs(): number | undefined {
    return this.#blockedSinceMs;
  }

  /** Resolves when the service took the request. Rejects when it refused or the connection failed. */
  async answered(): Promise<void> {
    await this.#answer.promise;
  }

  /** No more media follows; acks still come. */
  end(): void {
    this.#request.end();
  }

  /** Ends when the service ends its answer. Throws when the service refused or the connection failed. */
  async *acks(): AsyncGenerator<Ack> {
    const response = await this.#answer.promise;
    const parser = new AckParser();
    try {
      for await (const chunk of response) yield* parser.push(chunk);
    } catch (error) {
      throw this.#fail(error);
    }
  }

  [Symbol.dispose](): void {
    this.#request.destroy();
  }

  async #begin(header: Uint8Array): Promise<void> {
    const graceOver = new AbortController();
    const giveUp = this.#clock.after(connectPatienceMs, () => {
      const timeout = Object.assign(new Error('No answer'), { name: 'TimeoutError' });
      if (!this.#answered) this.#request.destroy(timeout);
    });
    this.#answer.promise.finally(giveUp).catch(() => undefined);
    try {
      await this.write(header);
      await Promise.race([this.#answer.promise, this.#clock.sleep(answerGraceMs, graceOver.signal)]);
    } catch (error) {
      this.#request.destroy();
      throw error;
    } finally {
      graceOver.abort();
    }
  }

  #writeSlice(slice: Uint8Array): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#failure) return reject(this.#failure);
      this.#rejectWrite = reject;
      this.#request.write(slice, error => {
        if (error) this.#lostConnection(error);
        else resolve();
      });
    });
  }

  async #takeAnswer(response: IncomingMessage): Promise<void> {
    if (response.statusCode === 200) {
      this.#answered = true;
      this.#answer.resolve(response);
      return;
    }
    this.#refused = true;
    const errorType = response.headers['x-amzn-errortype'] ?? response.headers['x-amz-errortype'];
    const answer = {
      status: response.statusCode ?? 0,
      errorType: String(errorType ?? ''),
      text: await words(response),
    };
    this.#fail(answerError(answer, this.#what));
    this.#request.destroy();
  }

  /** A server that refuses often closes on what we still send: its answer says more than the broken socket. */
  #lostConnection(error: Error): void {
    if (!this.#refused) this.#fail(error);
  }

  /** The first failure is the one that counts; the socket's later complaints follow from it. */
  #fail(error: unknown): AgentError {
    this.#failure ??= this.#answered ? this.#dropped(error) : serviceError(error, this.#what);
    this.#answer.reject(this.#failure);
    this.#rejectWrite?.(this.#failure);
    return this.#failure;
  }

  get #what(): string {
    return `send video to the stream ${this.#stream}`;
  }

  #dropped(cause: unknown): AgentError {
    return new AgentError({
      code: 'service-session-ended',
      kind: 'unavailable',
      retry: 'now',
      message: `The connection to AWS broke while video was sent to the stream ${this.#stream}: a new one continues where it stopped.`,
      cause,
    });
  }
}

/** The beginning of a refusal's body. Never rejects: the status says enough. */
async function words(response: IncomingMessage): Promise<string> {
  let text = '';
  response.setEncoding('utf8');
  response.on('data', (chunk: string) => {
    text += chunk;
    if (text.length > longestRefusalBytes) response.destroy();
  });
  await Promise.race([once(response, 'end'), once(response, 'close')]).catch(() => undefined);
  return text.slice(0, longestRefusalBytes);
}
