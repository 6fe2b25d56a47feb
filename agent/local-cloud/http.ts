// The listener: finds the route, checks the signature, reads the body within its limit, turns errors into answers.
import { randomUUID } from 'node:crypto';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AgentError } from '../errors.ts';
import { asAgentError } from '../errors.ts';
import { callerOf, checkHead, type Keys } from './authenticate.ts';
import { BodyBudget } from './body-budget.ts';
import { sha256Hex } from './canonical-request.ts';
import type { Certificate } from './certificate.ts';
import { type Shape, shaped } from './faults/answer-shape.ts';
import { streamNamedIn } from './faults/operations.ts';
import type { Befallen } from './faults/request-faults.ts';
import type { PageGuard } from './page-guard.ts';
import type { AskedOperation } from './quotas/quotas.ts';
import { readBody } from './request-body.ts';
import { originOf, pathOf, queryOf } from './request-target.ts';
import type { Answer, Caller, Request, Route } from './route.ts';
import { sendAnswer, sendRefusal } from './send-answer.ts';
import { type ConnectionLimits, limitedServer } from './server.ts';
import { emptyPayloadHash } from './sigv4.ts';
import { Turns } from './turns.ts';
import { WireError } from './wire-error.ts';

const defaultMaxBodyBytes = 1024 * 1024;
const bodyTimeoutMs = 30_000;

export type ListenerOptions = Omit<Keys, 'faults'> & {
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

type WholeRoute = Exclude<Route, { signed: 'streaming' }>;

type Handled = { answer: Answer; shape: Shape | undefined } | 'silence';

type Exchange = { request: IncomingMessage; response: ServerResponse; acceptBody: () => void; budget: BodyBudget };

/** Not yet listening. `routes` is asked at every request, so it may be filled once the address is known. */
export function createListener(routes: readonly Route[], options: ListenerOptions): Server {
  const server = limitedServer(options.tls, options.limits);
  const budget = new BodyBudget(options.maxBodiesBytes);
  const turns = new Turns();
  const serve = async (request: IncomingMessage, response: ServerResponse, acceptBody: () => void) => {
    await turns.of(request, response);
    await answer({ request, response, acceptBody, budget }, routes, options);
  };
  server.on('request', (request, response) => void serve(request, response, () => undefined));
  server.on('checkContinue', (request, response) => void serve(request, response, () => response.writeContinue()));
  return server;
}

async function answer(exchange: Exchange, routes: readonly Route[], options: ListenerOptions): Promise<void> {
  const { request, response } = exchange;
  const { clock } = options;
  const path = pathOf(request);
  response.setHeader('x-amzn-RequestId', randomUUID());
  try {
    const befallen = await options.faults?.meet(request, path);
    if (befallen?.instead === 'silence') return;
    if (befallen?.instead) return await sendAnswer(response, befallen.instead, clock);
    const route = findRoute(routes, request);
    options.guard?.({ path, headers: request.headers, signed: route.signed !== false });
    if (route.signed === 'streaming') {
      const caller = callerOf(request, emptyPayloadHash, route, options);
      options.admit?.({ path, headers: request.headers, caller });
      return await route.handle({ ...exchange, caller });
    }
    const handled = await handle(route, exchange, options);
    if (handled === 'silence') return;
    const shape = { ...befallen?.shape, ...handled.shape };
    await sendAnswer(response, shaped(handled.answer, shape, { response, clock }), clock);
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

async function handle(route: WholeRoute, exchange: Exchange, options: ListenerOptions): Promise<Handled> {
  const { request, acceptBody, budget } = exchange;
  const body = await readBody(request, {
    budget,
    // What a token opens is asked for without a body.
    maxBytes: route.maxBodyBytes ?? (route.signed ? defaultMaxBodyBytes : 0),
    timeoutMs: bodyTimeoutMs,
    clock: options.clock,
    acceptBody: () => {
      // Strangers get no memory of ours.
      if (route.signed) checkHead(request, route, options);
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
  route: WholeRoute,
  { request, response, body }: Exchange & { body: Buffer },
  options: ListenerOptions,
): Promise<Handled> {
  const parsed = {
    method: request.method ?? '',
    path: pathOf(request),
    query: queryOf(request),
    headers: request.headers,
    body,
    origin: originOf(request, options.tls ? 'https' : 'http'),
  };
  const caller = route.signed ? callerOf(request, sha256Hex(body), route, options) : undefined;
  if (caller) options.admit?.({ ...parsed, caller });
  const streamOf = route.streamOf ?? (() => streamNamedIn(body));
  const { instead, shape } = (await options.faults?.meetStream(request, () => streamOf(parsed))) ?? {};
  if (instead === 'silence') return 'silence';
  if (instead) return { answer: instead, shape: undefined };
  return { answer: await answerOf(route, { ...parsed, caller, gone: goneOf(response) }), shape };
}

function answerOf(
  route: WholeRoute,
  request: Request & { caller: Caller | undefined; gone: AbortSignal },
): Answer | Promise<Answer> {
  if (!route.signed) return route.handle(request);
  const { caller } = request;
  if (!caller) throw new TypeError('a signed route was not verified');
  return route.handle({ ...request, caller });
}

/** Aborted when there is nobody any more to answer. */
function goneOf(response: ServerResponse): AbortSignal {
  const gone = new AbortController();
  if (response.destroyed) gone.abort();
  else response.once('close', () => gone.abort());
  return gone.signal;
}

function refuse({ request, response }: Exchange, error: unknown, { onProblem, clock }: ListenerOptions): void {
  if (!(error instanceof WireError)) onProblem(asAgentError(error));
  // An answer that has begun can only be cut; a client that left needs none.
  if (response.headersSent || response.destroyed) response.destroy();
  else void sendRefusal({ request, response }, error, clock);
}
