// Alerts as signed HTTP POSTs in the Standard Webhooks form (https://www.standardwebhooks.com).
// The alert's id is the message id: a receiver that remembers it takes each alert once.
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { Clock } from '../../clock.ts';
import { type AgentError, isAbort } from '../../errors.ts';
import type { Secret } from '../../secret.ts';
import { type PayloadContext, payloadOf } from '../payload.ts';
import type { Sink } from '../sink.ts';
import { signedHeaders, signingKey } from './signature.ts';
import { connectionError, statusError, timeoutError } from './webhook-errors.ts';

const defaultTimeoutMs = 10_000;

export type WebhookOptions = {
  /** http or https, without user and password. */
  url: string;
  secret: Secret;
  /** See Sink; made by `webhookDestination`. */
  destination: string;
  context: PayloadContext;
  clock: Clock;
  /** For the whole exchange. Default 10 s. */
  timeoutMs?: number;
};

/** The name of a webhook for people. The query is left out: it often holds a token. */
export function webhookDestination(url: string): string {
  const { origin, pathname } = new URL(url);
  return `webhook ${origin}${pathname}`;
}

/** @throws AgentError `settings-invalid` when the secret is empty */
export function webhookSink({ url, secret, destination, context, clock, timeoutMs }: WebhookOptions): Sink {
  const key = signingKey(secret);
  return {
    destination,
    async deliver(alert, signal) {
      const body = JSON.stringify(payloadOf(alert, context));
      const headers = {
        'content-type': 'application/json',
        'user-agent': 'kvs-edge-agent',
        ...signedHeaders(key, { id: alert.id, atMs: clock.nowMs(), body }),
      };
      const message = { url, headers, body, destination, clock, timeoutMs: timeoutMs ?? defaultTimeoutMs };
      const problem = await post(message, signal);
      if (problem) throw problem;
    },
  };
}

type Post = Required<Pick<WebhookOptions, 'url' | 'destination' | 'clock' | 'timeoutMs'>> & {
  headers: Record<string, string>;
  body: string;
};

/** Resolves to what went wrong. Rejects only when `signal` aborts. */
async function post(message: Post, signal: AbortSignal): Promise<AgentError | undefined> {
  const { destination, clock, timeoutMs } = message;
  const deadline = new AbortController();
  const cancelDeadline = clock.after(timeoutMs, () => deadline.abort());
  try {
    const status = await statusOf(message, AbortSignal.any([signal, deadline.signal]));
    return statusError(status, destination);
  } catch (error) {
    if (isAbort(error, signal)) throw error;
    return deadline.signal.aborted ? timeoutError(timeoutMs, destination) : connectionError(error, destination);
  } finally {
    cancelDeadline();
  }
}

/** Not `fetch`, which refuses ports that receivers may well listen on (5060, 6000, 10080 …). */
function statusOf({ url, headers, body }: Post, signal: AbortSignal): Promise<number> {
  const target = new URL(url);
  const send = target.protocol === 'https:' ? httpsRequest : httpRequest;
  return new Promise((resolve, reject) => {
    const request = send(target, { method: 'POST', headers, agent: false, signal });
    request.on('error', reject);
    request.on('response', response => {
      resolve(response.statusCode ?? 0);
      // The answer's body is nobody's business, and may be endless.
      response.destroy();
    });
    request.end(body);
  });
}
