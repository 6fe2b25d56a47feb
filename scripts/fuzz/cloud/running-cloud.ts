// An embedded server to be fuzzed, with media in it, and what is demanded of it whatever it is sent: an answer of a known
// kind or a closed connection, no failure of its own, nothing of its insides in an answer, nothing left open.

import { readdirSync } from 'node:fs';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type LocalCloud, startLocalCloud } from '../../../agent/local-cloud/main.ts';
import { Secret } from '../../../agent/secret.ts';
import { BrokenPromise, demand } from '../target.ts';
import { exchange, type Reply, type Sending } from './exchange.ts';
import { fuzzKeys, signedHeaders } from './signed-request.ts';

/** Answers that any operation of AWS's may give, to a request that never reached it. */
const commonErrors = [
  ...['MissingAuthenticationTokenException', 'IncompleteSignatureException', 'UnrecognizedClientException'],
  ...['InvalidSignatureException', 'UnknownOperationException', 'SerializationException'],
  'RequestEntityTooLargeException',
];
/** Node's own, to what is no HTTP or too much of it; they have no body. */
const wireStatuses = [400, 408, 413, 414, 417, 431];

export type Call = { path: string; body: Uint8Array | string; service?: string; headers?: Record<string, string> };

export class RunningCloud implements AsyncDisposable {
  readonly dataDir: string;
  readonly #cloud: LocalCloud;
  readonly #problems: Error[];
  #descriptors: number;

  private constructor(dataDir: string, cloud: LocalCloud, problems: Error[]) {
    this.dataDir = dataDir;
    this.#cloud = cloud;
    this.#problems = problems;
    this.#descriptors = openDescriptors();
  }

  static async start(): Promise<RunningCloud> {
    const dataDir = await mkdtemp(join(tmpdir(), 'kvs-edge-fuzz-'));
    const problems: Error[] = [];
    const cloud = await startLocalCloud({
      // Nothing leaves before its time, however full the disk is.
      ...{ port: 0, dataDir, minFreeBytes: 0, accessKeyId: fuzzKeys.accessKeyId },
      secretAccessKey: new Secret(fuzzKeys.secretAccessKey),
      onProblem: problem => problems.push(problem),
    });
    return new RunningCloud(dataDir, cloud, problems);
  }

  get port(): number {
    return this.#cloud.port;
  }

  get host(): string {
    return `127.0.0.1:${this.port}`;
  }

  /** What is open now may stay open. */
  rebase(): void {
    this.#descriptors = openDescriptors();
  }

  /** Sends these bytes. @throws BrokenPromise for an answer that there must not be */
  async send(sending: Omit<Sending, 'port'>): Promise<Reply> {
    const reply = await exchange({ ...sending, port: this.port });
    const [problem] = this.#problems;
    if (problem)
      throw new BrokenPromise(
        `the server failed: ${problem.stack} ${problem.cause instanceof Error ? problem.cause.stack : ''}`,
      );
    demand(reply.status < 500, `${reply.status} ${reply.body.subarray(0, 300)}`);
    if (reply.status >= 400) this.#demandDiscretion(reply.body.toString());
    return reply;
  }

  /** A request that is signed and well formed. */
  call({ path, body, service, headers }: Call, sending: Partial<Sending> = {}): Promise<Reply> {
    return this.send({
      ...sending,
      pieces: [this.head({ path, body, ...(service ? { service } : {}), headers: headers ?? {} }), body],
    });
  }

  head({ path, body, service, headers = {} }: Call): string {
    const { host, port: _ } = this;
    const signed = signedHeaders({ target: path, host, body, nowMs: Date.now(), ...(service ? { service } : {}) });
    return headOf(`POST ${path} HTTP/1.1`, {
      ...signed,
      'content-length': String(Buffer.byteLength(body)),
      ...headers,
    });
  }

  /** The answer's type, which must be one of these or one that any operation may give. */
  errorType({ status, headers, body, isWhole }: Reply, documented: readonly string[]): string {
    if (status === 0) return 'hung up';
    if (body.length === 0 && wireStatuses.includes(status)) return `${status}`;
    const type = headers.get('x-amzn-errortype') ?? '';
    const told = parsed(body.toString());
    // HEAD is told how long the body would be, and gets none.
    const isHead = !isWhole && body.length === 0;
    demand(
      isHead || (told?.__type === type && typeof told?.message === 'string'),
      `an error without a type: ${status} ${body.subarray(0, 300)}`,
    );
    demand(
      documented.includes(type) || commonErrors.includes(type),
      `${type} is not documented for it: ${body.subarray(0, 300)}`,
    );
    return type;
  }

  #demandDiscretion(text: string): void {
    const insides = [this.dataDir, 'node_modules', 'file://', 'node:internal', '.ts:', 'SQLITE'];
    for (const inside of insides)
      demand(!text.includes(inside), `an answer tells of the server's insides: ${text.slice(0, 500)}`);
  }

  /** Names of files below the data folder. */
  async files(): Promise<string[]> {
    return readdir(this.dataDir, { recursive: true });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // Connections that were reset are closed a moment later.
    for (let look = 0; look < 100 && openDescriptors() > this.#descriptors; look++) await delay(50);
    const left = openDescriptors() - this.#descriptors;
    await this.#cloud.close();
    await rm(this.dataDir, { recursive: true, force: true });
    demand(left <= 0, `${left} descriptors stayed open`);
  }
}

export function headOf(requestLine: string, headers: Record<string, string>, ...more: string[]): string {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
  return `${[requestLine, ...lines, ...more].join('\r\n')}\r\n\r\n`;
}

function parsed(text: string): { __type?: unknown; message?: unknown } | undefined {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function openDescriptors(): number {
  return readdirSync('/proc/self/fd').length;
}
