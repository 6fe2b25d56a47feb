// Answers on their way out: whole ones with their length, those that come over time, and errors in the form SDKs read.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Clock } from '../clock.ts';
import { pathOf } from './request-target.ts';
import { type Answer, json } from './route.ts';
import { cutWhenStalled, sendSequence } from './send-sequence.ts';
import { WireError } from './wire-error.ts';

const noContent = 204;

/** KVS's own words for a path it does not have, beside those SDKs read. */
const unknownOperation = { Output: { __type: 'com.amazon.coral.service#UnknownOperationException' }, Version: '1.0' };

/** Rejects when an answer over time fails, which is then unfinished. */
export async function sendAnswer(response: ServerResponse, answer: Answer, clock: Clock): Promise<void> {
  const { status, headers = {}, body = '' } = answer;
  if (isSequence(body)) {
    response.writeHead(status, headers);
    return sendSequence(response, body, clock);
  }
  const pieces = typeof body === 'string' || body instanceof Uint8Array ? [body] : body;
  const length = pieces.reduce((sum, piece) => sum + Buffer.byteLength(piece), 0);
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

/** What a client is told of `error`: nothing of one that is the server's own. */
export function errorAnswer(error: unknown, request: IncomingMessage): Answer {
  const { type, message, status } =
    error instanceof WireError ? error : new WireError('InternalFailure', 'The server failed. Try again.');
  const output = type === 'UnknownOperationException' ? unknownOperation : {};
  const answer = json({ ...output, __type: type, Message: message, message }, status);
  const headers: Record<string, string> = { ...answer.headers, 'x-amzn-ErrorType': type };
  if (request.headers['x-amz-target'] !== undefined && pathOf(request) === '/')
    headers['content-type'] = 'application/x-amz-json-1.1';
  // What is left of the body is not read, so the connection cannot be used again.
  if (!request.complete) headers.connection = 'close';
  return { ...answer, headers };
}
