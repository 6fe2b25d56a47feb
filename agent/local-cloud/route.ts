// What an API of the embedded server is made of: routes, and the context every route is built from.
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import type { Clock } from '../clock.ts';
import type { MediaStore } from './store/media-store.ts';

export type RouteContext = {
  store: MediaStore;
  clock: Clock;
  /** In [0, 1). Not for secrets: those come from node:crypto. */
  random: () => number;
  /** Where the server listens, without a trailing slash. */
  url: string;
};

/** Who signed a request, as far as the signature tells. */
export type Caller = { accessKeyId: string; region: string; service: string };

export type Request = {
  method: string;
  /** As sent, without the query. */
  path: string;
  query: URLSearchParams;
  headers: IncomingHttpHeaders;
  /** Read whole; its hash was checked when the route is signed. */
  body: Buffer;
  /** The address the client reached us under, for URLs in answers; no trailing slash. */
  origin: string;
};

export type SignedRequest = Request & {
  caller: Caller;
  /** Aborted when the client has its answer, or has gone away before. */
  gone: AbortSignal;
};

export type Answer = {
  status: number;
  headers?: Record<string, string>;
  /**
   * A list is written piece by piece, without being copied together. What comes over time is asked for only as fast as
   * the client takes it, and is left when the client goes.
   */
  body?: string | Uint8Array | readonly Uint8Array[] | AsyncIterable<Uint8Array>;
};

/** Where a route is found: a path (`/*` at its end matches everything below), or `POST /` with this `x-amz-target`. */
type Address =
  | { method: 'GET' | 'POST' | 'PUT' | 'DELETE' | 'OPTIONS'; path: string }
  | { method: 'POST'; target: string };

/** Handlers throw WireError for what the client did wrong; anything else becomes a 500 and is reported. */
export type Route = Address & {
  /** Default 1 MiB; larger bodies are refused before they are read. */
  maxBodyBytes?: number;
  /** The name of the stream a request is about, where its body does not say it. */
  streamOf?: (request: Request) => string | undefined;
} & (
    | { signed: true; handle(request: SignedRequest): Answer | Promise<Answer> }
    | { signed: false; handle(request: Request): Answer | Promise<Answer> }
    | { signed: 'streaming'; handle(exchange: StreamingExchange): Promise<void> }
  );

/** The handler reads the body itself, while it answers. The signature covered the headers only. */
export type StreamingExchange = {
  caller: Caller;
  request: IncomingMessage;
  response: ServerResponse;
  /** Tells a client that sent `Expect: 100-continue` to go on. Nothing for the others. */
  acceptBody(): void;
};

/** A JSON answer, as every KVS operation gives it. */
export function json(value: unknown, status = 200): Answer {
  return { status, headers: { 'content-type': 'application/json' }, body: JSON.stringify(value) };
}
