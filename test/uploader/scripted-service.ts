// A Kinesis Video Streams of a few lines that misbehaves on schedule: one script for each PutMedia session, in turn.
// It keeps what it was sent, so that a test can count what is lost and what came twice.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { MatroskaReader } from '../../agent/matroska/read.ts';
import type { Frame, Track } from '../../agent/matroska/track.ts';

/** A loopback address of this process's own: nobody else takes a port of it that is closed for a while. */
export const ownHost = `127.1.${(process.pid >> 8) & 0xff}.${process.pid & 0xff}`;

export type SentFragment = { startMs: number; frames: Frame[] };

/** What a session does differently. Without a script it stores every fragment and acknowledges it as the service does. */
export type Script = {
  /** Status and error type answered before any media is read. */
  refuse?: [status: number, errorType: string];
  /** Reads the body and never answers. */
  mute?: true;
  /** Answers 200 and never reads the body. */
  deaf?: true;
  /** Called for each complete fragment, instead of `session.persist`. */
  onFragment?: (fragment: SentFragment, session: ServerSession) => void;
  /** Called for each frame of a fragment that is still open. */
  onFrame?: (startMs: number, session: ServerSession) => void;
};

export class ServerSession {
  readonly headers: IncomingMessage['headers'];
  readonly fragments: SentFragment[] = [];
  readonly segments: Track[][] = [];
  tagNames: string[] = [];
  /** The body came to its proper end. */
  endedCleanly = false;
  readonly #service: ScriptedService;
  readonly #response: ServerResponse;

  constructor(service: ScriptedService, request: IncomingMessage, response: ServerResponse) {
    this.#service = service;
    this.#response = response;
    this.headers = request.headers;
  }

  store({ startMs }: SentFragment): string {
    const fragmentNumber = `9134385233318145743239268206260774${String(this.#service.stored.length).padStart(13, '0')}`;
    this.#service.stored.push({ startMs, fragmentNumber });
    return fragmentNumber;
  }

  ack(eventType: string, startMs: number, more: object = {}): string {
    return `${JSON.stringify({ EventType: eventType, FragmentTimecode: startMs, ...more })}\r\n`;
  }

  send(text: string | Uint8Array): void {
    this.#response.write(text);
  }

  persist(fragment: SentFragment): void {
    const FragmentNumber = this.store(fragment);
    for (const eventType of ['BUFFERING', 'RECEIVED', 'PERSISTED'])
      this.send(this.ack(eventType, fragment.startMs, { FragmentNumber }));
  }

  refuse(fragment: SentFragment | undefined, errorId: number, errorCode: string): void {
    const about = fragment ? { FragmentTimecode: fragment.startMs } : {};
    this.#response.end(
      `${JSON.stringify({ EventType: 'ERROR', ...about, ErrorId: errorId, ErrorCode: errorCode })}\r\n`,
    );
  }

  drop(): void {
    this.#response.socket?.resetAndDestroy();
  }
}

export class ScriptedService implements AsyncDisposable {
  readonly stored: { startMs: number; fragmentNumber: string }[] = [];
  readonly sessions: ServerSession[] = [];
  /** Path of every control-plane request. */
  readonly calls: string[] = [];
  /** Used up one a PutMedia request, refused ones included. */
  scripts: Script[] = [];
  putMediaRequests = 0;
  retentionHours = 24;
  kmsKeyId = 'arn:aws:kms:us-west-2:123456789012:alias/aws/kinesisvideo';
  streamExists = true;
  /** Body of every CreateStream request. */
  readonly created: object[] = [];
  /** What GetDataEndpoint answers first, in turn, before the right address. */
  endpoints: string[] = [];
  /** Answers a control-plane path with an error while it is set. */
  readonly broken = new Map<string, [status: number, errorType: string]>();
  readonly #server = createServer((request, response) => void this.#serve(request, response));

  static async start(port = 0): Promise<ScriptedService> {
    const service = new ScriptedService();
    await new Promise<void>(resolve => service.#server.listen(port, ownHost, resolve));
    return service;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get url(): string {
    return `http://${ownHost}:${this.port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise(resolve => this.#server.close(resolve));
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    request.on('error', () => undefined);
    response.on('error', () => undefined);
    const path = request.url ?? '';
    if (path === '/putMedia') return this.#putMedia(request, response);
    this.calls.push(path.slice(1));
    const chunks: Uint8Array[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const [status, errorType] = this.broken.get(path.slice(1)) ?? [200, ''];
    if (status !== 200) return refuse(response, status, errorType);
    const body = JSON.parse(Buffer.concat(chunks).toString());
    const answer = this.#answer(path, body);
    if (answer) response.setHeader('content-type', 'application/json').end(JSON.stringify(answer));
    else refuse(response, 404, 'ResourceNotFoundException');
  }

  #answer(path: string, body: { DataRetentionInHours?: number; FragmentSelector?: Selector }): object | undefined {
    if (path === '/createStream') {
      this.created.push(body);
      this.streamExists = true;
      this.retentionHours = body.DataRetentionInHours ?? 0;
      return { StreamARN: 'arn' };
    }
    if (!this.streamExists) return undefined;
    if (path === '/describeStream')
      return {
        StreamInfo: { Status: 'ACTIVE', DataRetentionInHours: this.retentionHours, KmsKeyId: this.kmsKeyId },
      };
    if (path === '/getDataEndpoint') return { DataEndpoint: this.endpoints.shift() ?? this.url };
    const { StartTimestamp: from = 0, EndTimestamp: to = 0 } = body.FragmentSelector?.TimestampRange ?? {};
    const inRange = this.stored.filter(({ startMs }) => startMs >= from * 1000 && startMs <= to * 1000);
    return {
      Fragments: inRange.map(({ startMs, fragmentNumber }) => ({
        FragmentNumber: fragmentNumber,
        ProducerTimestamp: startMs / 1000,
        FragmentLengthInMilliseconds: 200,
      })),
    };
  }

  async #putMedia(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.putMediaRequests++;
    const script = this.scripts.shift() ?? {};
    if (script.refuse) return refuse(response, ...script.refuse);
    if (script.mute) return void request.resume();
    const session = new ServerSession(this, request, response);
    this.sessions.push(session);
    response.flushHeaders();
    if (script.deaf) return;
    try {
      await readSession(request, session, script);
      session.endedCleanly = true;
      response.end();
    } catch {
      response.destroy();
    }
  }
}

type Selector = { TimestampRange?: { StartTimestamp?: number; EndTimestamp?: number } };

async function readSession(request: IncomingMessage, session: ServerSession, script: Script): Promise<void> {
  const reader = new MatroskaReader();
  let open: SentFragment | undefined;
  const complete = () => {
    if (!open) return;
    session.fragments.push(open);
    if (script.onFragment) script.onFragment(open, session);
    else session.persist(open);
    open = undefined;
  };
  for await (const chunk of request) {
    for (const event of reader.push(chunk)) {
      if (event.type === 'tracks') session.segments.push(event.tracks);
      if (event.type === 'tags') session.tagNames.push(...event.tags.map(tag => tag.name));
      if (event.type === 'tags' || event.type === 'cluster') complete();
      if (event.type === 'cluster') open = { startMs: event.timecodeMs, frames: [] };
      if (event.type !== 'frame') continue;
      open?.frames.push(event.frame);
      if (open) script.onFrame?.(open.startMs, session);
    }
  }
  complete();
}

function refuse(response: ServerResponse, status: number, errorType: string): void {
  response.writeHead(status, { 'x-amzn-ErrorType': errorType, 'content-type': 'application/json' });
  response.end(JSON.stringify({ Message: 'as scripted' }));
}
