// An ONVIF device on a real socket: checks sign-ins by the specifications (not with the agent's code), answers each
// operation as its test says, and remembers everything it was asked.
import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';
import * as fixtures from './soap-fixtures.ts';

export type Asked = {
  operation: string;
  path: string;
  body: string;
  manner: 'anonymous' | 'ws-security' | 'digest' | 'basic';
  /** Whether the sign-in was right. */
  right: boolean;
  authorization: string | undefined;
};

type Scripted = { status?: number; headers?: Record<string, string>; body: string | Uint8Array };
export type Answer = string | Scripted | ((request: IncomingMessage, response: ServerResponse, body: string) => void);

export type DeviceOptions = {
  /** How it wants its sign-in. Default: not at all. */
  wants?: 'ws-security' | 'digest' | 'basic';
  user?: { username: string; password: string };
  algorithm?: 'MD5' | 'SHA-256' | 'MD5-sess';
  /** The clock its tokens are checked with − ours. */
  offsetMs?: number;
  /** Operations that strangers may ask. */
  open?: string[];
  /** By operation; paths beginning with / for GET. A list is worked off, its last entry stays; {port} is the device's. */
  answers?: Record<string, Answer | Answer[]>;
  tls?: { key: string | Buffer; cert: string | Buffer };
};

export type ScriptedDevice = { port: number; address: string; asked: Asked[]; operations(): string[] };

const anyone = ['GetSystemDateAndTime'];

export async function scriptedDevice(options: DeviceOptions = {}): Promise<ScriptedDevice> {
  const asked: Asked[] = [];
  const times = new Map<string, number>();
  const gate = new Gate(options);
  const serve = async (request: IncomingMessage, response: ServerResponse) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const body = Buffer.concat(chunks).toString('utf8');
    const operation = request.method === 'GET' ? (request.url ?? '') : operationIn(body);
    const seen = gate.look(request, body);
    asked.push({ operation, path: request.url ?? '', body, authorization: request.headers.authorization, ...seen });
    const isOpen = [...anyone, ...(options.open ?? [])].includes(operation);
    if (options.wants && !seen.right && !isOpen) return gate.refuse(response);
    const time = times.get(operation) ?? 0;
    times.set(operation, time + 1);
    const scripted = options.answers?.[operation] ?? usualAnswer(operation, options.offsetMs ?? 0);
    const answer = Array.isArray(scripted) ? scripted[Math.min(time, scripted.length - 1)] : scripted;
    reply(answer ?? fixtures.fault('ter:ActionNotSupported'), { request, response, body });
  };
  const server = options.tls ? createSecureServer(options.tls, serve) : createServer(serve);
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  const address = `http${options.tls ? 's' : ''}://127.0.0.1:${port}/onvif/device_service`;
  return { port, address, asked, operations: () => asked.map(({ operation }) => operation) };
}

type Exchange = { request: IncomingMessage; response: ServerResponse; body: string };

function reply(answer: Answer, { request, response, body }: Exchange): void {
  if (typeof answer === 'function') {
    answer(request, response, body);
    return;
  }
  const { status, headers, body: content }: Scripted = typeof answer === 'string' ? { body: answer } : answer;
  const isFault = typeof content === 'string' && content.includes('Fault>');
  const type = 'application/soap+xml; charset=utf-8';
  const port = String(request.socket.localPort);
  const own = Object.entries(headers ?? {}).map(([name, value]) => [name, String(value).replaceAll('{port}', port)]);
  response.writeHead(status ?? (isFault ? 400 : 200), { 'content-type': type, ...Object.fromEntries(own) });
  response.end(typeof content === 'string' ? content.replaceAll('{port}', port) : content);
}

function operationIn(body: string): string {
  return /<s:Body><\w+:(\w+)/.exec(body)?.[1] ?? /<(?:\w+:)?Body[^>]*><(?:\w+:)?(\w+)/.exec(body)?.[1] ?? '';
}

function usualAnswer(operation: string, offsetMs: number): Answer | undefined {
  const path = (name: string) => `http://127.0.0.1/onvif/${name}`;
  const usual: Record<string, Answer> = {
    GetSystemDateAndTime: fixtures.systemTime({ utcMs: Date.now() + offsetMs }),
    GetDeviceInformation: fixtures.information,
    GetServices: fixtures.services({ device: path('device_service'), media1: path('media'), events: path('events') }),
    GetProfiles: fixtures.profiles1,
  };
  return usual[operation];
}

/** Checks passwords, as WS-Security and RFC 7616 say. */
class Gate {
  readonly #options: DeviceOptions;
  readonly #nonce = 'bm9uY2Ugb2YgdGhlIGNhbWVyYQ==';

  constructor(options: DeviceOptions) {
    this.#options = options;
  }

  look(request: IncomingMessage, body: string): Pick<Asked, 'manner' | 'right'> {
    const { authorization = '' } = request.headers;
    const { wants } = this.#options;
    if (authorization.startsWith('Digest '))
      return { manner: 'digest', right: wants === 'digest' && this.#isDigestRight(authorization, request) };
    if (authorization.startsWith('Basic '))
      return { manner: 'basic', right: wants === 'basic' && this.#isBasicRight(authorization) };
    if (!body.includes('UsernameToken')) return { manner: 'anonymous', right: false };
    return { manner: 'ws-security', right: wants === 'ws-security' && this.#isTokenRight(body) };
  }

  refuse(response: ServerResponse): void {
    const { wants, algorithm = 'MD5' } = this.#options;
    if (wants === 'ws-security')
      return void response
        .writeHead(400, { 'content-type': 'application/soap+xml' })
        .end(fixtures.fault('ter:NotAuthorized', 'Sender not Authorized'));
    const digest = `Digest realm="a, \\"quoted\\" realm", qop="auth", nonce="${this.#nonce}", opaque="op", algorithm=${algorithm}`;
    response.writeHead(401, { 'www-authenticate': wants === 'digest' ? digest : 'Basic realm="camera"' }).end();
  }

  #isTokenRight(body: string): boolean {
    const inside = (name: string) =>
      unescaped(new RegExp(`<(?:\\w+:)?${name}(?: [^>]*)?>([^<]*)<`).exec(body)?.[1] ?? '');
    const { user, offsetMs = 0 } = this.#options;
    const created = inside('Created');
    const nonce = Buffer.from(inside('Nonce'), 'base64');
    const bytes = Buffer.concat([nonce, Buffer.from(created + (user?.password ?? ''))]);
    // Real cameras take tokens of some minutes; clocks that tests set are off by more than this.
    const isFresh = Math.abs(Date.parse(created) - (Date.now() + offsetMs)) < 30_000;
    const isDigest = createHash('sha1').update(bytes).digest('base64') === inside('Password');
    return inside('Username') === user?.username && isFresh && isDigest;
  }

  #isBasicRight(authorization: string): boolean {
    const { username, password } = this.#options.user ?? {};
    return Buffer.from(authorization.slice(6), 'base64').toString('utf8') === `${username}:${password}`;
  }

  #isDigestRight(authorization: string, { method, url }: IncomingMessage): boolean {
    const { user, algorithm = 'MD5' } = this.#options;
    const field = (name: string) => {
      const found = new RegExp(`(?:^|[ ,])${name}=(?:"((?:[^"\\\\]|\\\\.)*)"|([^ ,]+))`).exec(authorization);
      return found?.[1]?.replace(/\\(.)/g, '$1') ?? found?.[2] ?? '';
    };
    const hash = (text: string) =>
      createHash(algorithm.startsWith('MD5') ? 'md5' : 'sha256')
        .update(text)
        .digest('hex');
    let key = hash(`${user?.username}:a, "quoted" realm:${user?.password}`);
    if (algorithm.endsWith('-sess')) key = hash(`${key}:${field('nonce')}:${field('cnonce')}`);
    const middle = [field('nonce'), field('nc'), field('cnonce'), field('qop')].join(':');
    const right = hash(`${key}:${middle}:${hash(`${method}:${url}`)}`);
    const username = Buffer.from(field('username'), 'latin1').toString('utf8');
    return (
      username === user?.username && field('uri') === url && field('opaque') === 'op' && field('response') === right
    );
  }
}

function unescaped(text: string): string {
  const entities: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };
  return text.replace(/&(amp|lt|gt|quot|apos);/g, (_, name) => entities[name] ?? '');
}
