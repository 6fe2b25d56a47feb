// Alerts as signed HTTP POSTs in the Standard Webhooks form (https://www.standardwebhooks.com).
// The alert's id is the message id: a receiver that remembers it takes each alert once.
import { readFile } from 'node:fs/promises';
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { LookupFunction } from 'node:net';
import type { Alert } from '../../../shared/alert.ts';
import type { WebhookSettings } from '../../../shared/destinations/webhook.ts';
import type { Clock } from '../../clock.ts';
import { type AgentError, isAbort } from '../../errors.ts';
import type { Secret } from '../../secret.ts';
import { AddressGuard } from '../address-guard.ts';
import { type PayloadContext, payloadOf } from '../payload.ts';
import { type StillParts, sentStill } from '../sent-still.ts';
import type { Heard, Sink } from '../sink.ts';
import { timeoutError } from './delivery-error.ts';
import { headersOf } from './fixed-headers.ts';
import { answerStart } from './http-answer.ts';
import { signedHeaders, signingKey } from './signature.ts';
import { caFileError, connectionError, statusError } from './webhook-errors.ts';

const defaultTimeoutMs = 10_000;

export type WebhookOptions = Pick<WebhookSettings, 'url' | 'contentType' | 'still' | 'caFile' | 'allow'> & {
  secret: Secret;
  /** Each alert is signed with these, too. */
  secrets?: readonly Secret[] | undefined;
  headers?: Readonly<Record<string, Secret>> | undefined;
  /** See Sink; made by `webhookDestination`. */
  destination: string;
  context: PayloadContext;
  /** Left out: there are no pictures. */
  stillOf?: StillParts['stillOf'];
  clock: Clock;
  /** For the whole exchange. Default 10 s. */
  timeoutMs?: number;
  /** Default: the system's own. */
  resolve?: LookupFunction;
};

/** The name of a webhook for people. The query is left out: it often holds a token. */
export function webhookDestination(url: string): string {
  const { origin, pathname } = new URL(url);
  return `webhook ${origin}${pathname}`;
}

/** @throws AgentError `settings-invalid` when a secret is empty or cannot be a header */
export function webhookSink(options: WebhookOptions): Sink {
  const { url, secret, secrets = [], allow = [], destination, clock, resolve } = options;
  const keys = [secret, ...secrets].map(signingKey);
  const fixedHeaders = headersOf(options.headers ?? {});
  const guard = new AddressGuard({ allow, destination, resolve });
  const target = new URL(url);
  return {
    destination,
    async deliver(alert, signal, heard) {
      const refused = guard.refusalOf(target);
      if (refused) throw refused;
      const body = await bodyOf(alert, options);
      const headers = {
        'user-agent': 'kvs-edge-agent',
        ...fixedHeaders,
        'content-type': options.contentType ?? 'application/json',
        ...signedHeaders(keys, { id: alert.id, atMs: clock.nowMs(), body }),
      };
      const ca = await authorities(options);
      const problem = await post({ target, headers, body, ca, lookup: guard.lookup, options, heard }, signal);
      if (problem) throw problem;
    },
  };
}

async function bodyOf(alert: Alert, { context, still: how = 'none', stillOf }: WebhookOptions): Promise<string> {
  const event = payloadOf(alert, context);
  const still = stillOf && how !== 'none' ? await sentStill(alert, how, { stillOf, context }) : undefined;
  return JSON.stringify(still ? { ...event, data: { ...event.data, still } } : event);
}

/** Read for each alert, so that renewed certificates hold at once. */
async function authorities({ caFile, destination }: WebhookOptions): Promise<string | undefined> {
  if (caFile === undefined) return undefined;
  try {
    return await readFile(caFile, 'utf8');
  } catch (error) {
    throw caFileError(caFile, destination, error);
  }
}

type Post = {
  target: URL;
  headers: Record<string, string>;
  body: string;
  ca: string | undefined;
  lookup: LookupFunction;
  options: Pick<WebhookOptions, 'destination' | 'clock' | 'timeoutMs'>;
  heard: Heard | undefined;
};

/** Resolves to what went wrong. Rejects only when `signal` aborts. */
async function post(message: Post, signal: AbortSignal): Promise<AgentError | undefined> {
  const { destination, clock, timeoutMs = defaultTimeoutMs } = message.options;
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
function statusOf(message: Post, signal: AbortSignal): Promise<number> {
  const { target, headers, body, ca, lookup, heard, options: sink } = message;
  const options = { method: 'POST', headers, agent: false, signal, lookup } as const;
  return new Promise((resolve, reject) => {
    const request =
      target.protocol === 'https:'
        ? httpsRequest(target, { ...options, ...(ca === undefined ? {} : { ca }) })
        : httpRequest(target, options);
    request.on('error', reject);
    request.on('response', async response => {
      if (heard) heard(await answerStart(response, sink.clock));
      else response.destroy();
      resolve(response.statusCode ?? 0);
    });
    request.end(body);
  });
}
