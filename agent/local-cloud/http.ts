// The listener: finds the route, checks the signature, reads the body within its limit, turns errors into answers.
import { randomUUID } from 'node:crypto';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Clock } from '../clock.ts';
import type { AgentError } from '../errors.ts';
import { asAgentError } from '../errors.ts';
import type { Secret } from '../secret.ts';
import { BodyBudget } from './body-budget.ts';
import { sha256Hex } from './canonical-request.ts';
import type { Certificate } from './certificate.ts';
import { type Shape, shaped } from './faults/answer-shape.ts';
import { streamNamedIn } from './faults/operations.ts';
import type { Befallen } from './faults/request-faults.ts';
import type { PageGuard } from './page-guard.ts';
import type { AskedOperation } from './quotas/quotas.ts';
import { readBody } from './request-body.ts';
import type { Answer, Caller, Request, Route } from './route.ts';
import { json } from './route.ts';
import { cutWhenStalled, sendSequence } from './send-sequence.ts';
import { type ConnectionLimits, limitedServer } from './server.ts';
import { checkCredential, emptyPayloadHash, unsignedPayload, type Verifier, verifySignature } from './sigv4.ts';
import { WireError } from './wire-error.ts';

const defaultMaxBodyBytes = 1024 * 1024;
const bodyTimeoutMs = 30_000;

/** KVS's own words for a path it does not have, beside those SDKs read. */
const unknownOperation = { Output: { __type: 'com.amazon.coral.service#UnknownOperationException' }, Version: '1.0' };

export type ListenerOptions = {
  accessKeyId: string;
  secretAccessKey: Secret;
  clock: Clock;
  /** Told of what is the server's own fault; the client gets a 500 without details. */
  onProblem: (error: AgentError) => void;
  faults?: ListenerFaults;
  /** Asked once a signature was found right. Throws WireError when a quota is used up. */
  admit?: ((asked: AskedOperation) => void) | undefined;
  /** Asked before a body is read. Throws WireError for what a web page sends. */
  guard?: PageGuard | undefined;
  /** Speaks https only. */
  tls?: Certificate | undefined;
  limits?: ConnectionLimits | undefined;
  /** Of all bodies that are being read or answered, together. */
  maxBodiesBytes?: number | undefined;
};

/** What may befall a request before it is handled. */
export type ListenerFaults = {
  meet(request: IncomingMessage, path: string): Promise<Befallen>;
  meetStream(request: IncomingMessage, streamName: () => string | undefined): Promise<Befallen>;
  acceptedKeyId(request: IncomingMessage): string | undefined;
};

type Handled = { answer: Answer; shape: Shape | undefined } | 'silence';

type Exchange = { request: IncomingMessage; response: ServerResponse; acceptBody: () => void; budget: BodyBudget };

/** Not yet listening. `routes` is asked at every request, so it may be filled once the address is known. */
export function createListener(routes: readonly Route[], options: ListenerOptions): Server {
  const server = limitedServer(options.tls, options.limits);
  const budget = new BodyBudget(options.maxBodiesBytes);
  const serve = (request: IncomingMessage, response: ServerResponse, acceptBody: () => void) =>
    void answer({ request, response, acceptBody, budget }, routes, options);
  server.on('request', (request, response) => serve(request, response, () => undefined));
  server.on('checkContinue', (request, response) => serve(request, response, () => response.writeContinue()));
  return server;
}

async function answer(exchange: Exchange, routes: readonly Route[], options: ListenerOptions): Promise<void> {
  const { request, response } = exchange;
  response.setHeader('x-amzn-RequestId', randomUUID());
  try {
    const befallen = await options.faults?.meet(request, pathOf(request));
    if (befallen?.instead === 'silence') return;
    if (befallen?.instead) return await send(response, befallen.instead, options.clock);
    const route = findRoute(routes, request);
    options.guard?.({ path: pathOf(request), headers: request.headers, signed: route.signed !== false });
    if (route.signed === 'streaming') {
      const caller = verify(request, emptyPayloadHash, options);
      options.admit?.({ path: pathOf(request), headers: request.headers, caller });
      await route.handle({ ...exchange, caller });
    } else {
      const handled = await handle(route, exchange, options);
      if (handled === 'silence') return;
      const { clock } = options;
      await send(
        response,
        shaped(handled.answer, { ...befallen?.shape, ...handled.shape }, { response, clock }),
        clock,
      );
    }
  } catch (error) {
    refuse(exchange, error, options);
  }
}

function findRoute(routes: readonly Route[], request: IncomingMessage): Route {
  const path = pathOf(request);
  const target = request.headers['x-amz-target'];
  const route = routes.find(candidate => {
    if (candidate.method !== request.method) return false;
    if ('target' in candidate) return path === '/' && candidate.target === target;
    return candidate.path.endsWith('/*') ? path.startsWith(candidate.path.slice(0, -1)) : path === candidate.path;
  });
  if (route) return route;
  throw new WireError('UnknownOperationException', `There is no operation ${target ?? `${request.method} ${path}`}.`);
}

async function handle(
  route: Exclude<Route, { signed: 'streaming' }>,
  exchange: Exchange,
  options: ListenerOptions,
): Promise<Handled> {
  const { request, acceptBody, budget } = exchange;
  const body = await readBody(request, {
    budget,
    // What a token opens is asked for without a body.
    maxBytes: route.maxBodyBytes ?? (route.signed ? defaultMaxBodyBytes : 0),
    timeoutMs: bodyTimeoutMs,
    clock: options.clock,
    acceptBody: () => {
      // Strangers get no memory of ours.
      if (route.signed) checkCredential(request, verifierOf(request, options));
      acceptBody();
    },
  });
  try {
    return await handleWhole(route, { ...exchange, body }, options);
  } finally {
    budget.giveBack(body.length);
  }
}

async function handleWhole(
  route: Exclude<Route, { signed: 'streaming' }>,
  { request, response, body }: Exchange & { body: Buffer },
  options: ListenerOptions,
): Promise<Handled> {
  const parsed = {
    method: request.method ?? '',
    path: pathOf(request),
    query: new URLSearchParams(request.url?.split('?')[1] ?? ''),
    headers: request.headers,
    body,
    origin: originOf(request, options),
  };
  const signed = route.signed ? verify(request, sha256Hex(body), options) : undefined;
  if (signed) options.admit?.({ ...parsed, caller: signed });
  const { faults } = options;
  const { instead, shape } = (await faults?.meetStream(request, () => (route.streamOf ?? streamIn)(parsed))) ?? {};
  if (instead === 'silence') return 'silence';
  const answer = instead ?? (await answerOf(route, { ...parsed, caller: signed, gone: goneOf(response) }));
  return { answer, shape: instead ? undefined : shape };
}

function streamIn({ body }: Request): string | undefined {
  return streamNamedIn(body);
}

function answerOf(
  route: Exclude<Route, { signed: 'streaming' }>,
  request: Request & { caller: Caller | undefined; gone: AbortSignal },
): Answer | Promise<Answer> {
  if (!route.signed) return route.handle(request);
  const { caller } = request;
  if (!caller) throw new TypeError('a signed route was not verified');
  return route.handle({ ...request, caller });
}

/** The payload hash a client states counts when it says "unsigned"; otherwise it must be the one of what arrived. */
function verify(request: IncomingMessage, payloadHash: string, options: ListenerOptions): Caller {
  const stated = request.headers['x-amz-content-sha256'];
  const hash = stated === unsignedPayload ? unsignedPayload : payloadHash;
  if (stated !== undefined && stated !== hash)
    throw new WireError('InvalidSignatureException', 'The body does not have the hash in x-amz-content-sha256.');
  const { method = '', url: target = '', rawHeaders } = request;
  return verifySignature({ method, target, rawHeaders }, hash, verifierOf(request, options));
}

function verifierOf(
  request: IncomingMessage,
  { accessKeyId, secretAccessKey, faults, clock }: ListenerOptions,
): Verifier {
  const accepted = faults?.acceptedKeyId(request) ?? accessKeyId;
  return { accessKeyId: accepted, secretAccessKey, services: [serviceOf(request)], nowMs: clock.nowMs() };
}

/** JSON 1.1 services name their operations in a header; paths are those of KVS. */
function serviceOf({ headers }: IncomingMessage): 'kinesisvideo' | 'rekognition' {
  return headers['x-amz-target'] === undefined ? 'kinesisvideo' : 'rekognition';
}

function pathOf(request: IncomingMessage): string {
  return request.url?.split('?')[0] ?? '/';
}

/** A name or an address, perhaps with a port: what may stand in an address of ours. */
const hostPattern = /^([A-Za-z0-9._-]{1,253}|\[[0-9A-Fa-f:.]+\])(:\d{1,5})?$/;

/** Under which address the client knows us. Some send the host without its port; the socket knows it. */
function originOf({ headers, socket }: IncomingMessage, { tls }: ListenerOptions): string {
  const address = socket.localAddress?.replace(/^::ffff:/, '') ?? '127.0.0.1';
  const own = address.includes(':') ? `[${address}]` : address;
  const host = hostPattern.test(headers.host ?? '') ? (headers.host ?? own) : own;
  return `${tls ? 'https' : 'http'}://${/:\d+$/.test(host) ? host : `${host}:${socket.localPort}`}`;
}

/** Aborted when there is nobody any more to answer. */
function goneOf(response: ServerResponse): AbortSignal {
  const gone = new AbortController();
  if (response.destroyed) gone.abort();
  else response.once('close', () => gone.abort());
  return gone.signal;
}

async function send(response: ServerResponse, answer: Answer, clock: Clock): Promise<void> {
  const { status, headers = {}, body = '' } = answer;
  if (isSequence(body)) {
    response.writeHead(status, headers);
    return sendSequence(response, body, clock);
  }
  const pieces = typeof body === 'string' || body instanceof Uint8Array ? [body] : body;
  const length = pieces.reduce((sum, piece) => sum + Buffer.byteLength(piece), 0);
  const noContent = 204;
  response.writeHead(status, status === noContent ? headers : { ...headers, 'content-length': length });
  // In one call to the system, however many pieces there are.
  response.cork();
  for (const piece of pieces) response.write(piece);
  response.end();
  response.uncork();
  cutWhenStalled(response, clock);
}

function isSequence(body: NonNullable<Answer['body']>): body is AsyncIterable<Uint8Array> {
  return typeof body === 'object' && Symbol.asyncIterator in body;
}

function refuse({ request, response }: Exchange, error: unknown, { onProblem, clock }: ListenerOptions): void {
  if (!(error instanceof WireError)) onProblem(asAgentError(error));
  // A stream that was already being answered can only be cut; a client that left needs no answer.
  if (response.headersSent || response.destroyed) return void response.destroy();
  const { type, message, status } =
    error instanceof WireError ? error : new WireError('InternalFailure', 'The server failed. Try again.');
  const output = type === 'UnknownOperationException' ? unknownOperation : {};
  const answer = json({ ...output, __type: type, Message: message, message }, status);
  const headers: Record<string, string> = { ...answer.headers, 'x-amzn-ErrorType': type };
  if (serviceOf(request) === 'rekognition') headers['content-type'] = 'application/x-amz-json-1.1';
  // What is left of the body is not read, so the connection cannot be used again.
  if (!request.complete) headers.connection = 'close';
  void send(response, { ...answer, headers }, clock);
}
