// Answers on their way out: whole ones with their length, those that come over time, and errors in the form SDKs read.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Clock } from '../clock.ts';
import { pathOf } from './request-target.ts';
import { restOfBody } from './rest-of-body.ts';
import type { Answer } from './route.ts';
import { cutWhenStalled, sendSequence } from './send-sequence.ts';
import { WireError } from './wire-error.ts';

const noContent = 204;

type Exchange = { request: IncomingMessage; response: ServerResponse };

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

/** Tells the client what is wrong. What is left of its body is not looked at, so the connection cannot be used again. */
export async function sendRefusal(exchange: Exchange, error: unknown, clock: Clock): Promise<void> {
  const { request, response } = exchange;
  const { status, headers, body } = errorAnswer(error, request);
  if (request.complete) return sendAnswer(response, { status, headers, body }, clock);
  response.writeHead(status, { ...headers, connection: 'close', 'content-length': Buffer.byteLength(body) });
  response.write(body);
  await restOfBody(request, clock);
  response.end();
  cutWhenStalled(response, clock);
}

function isSequence(body: NonNullable<Answer['body']>): body is AsyncIterable<Uint8Array> {
  return typeof body === 'object' && Symbol.asyncIterator in body;
}

/** What a client is told of `error`: nothing of one that is the server's own. */
function errorAnswer(error: unknown, request: IncomingMessage) {
  const { type, message, status } =
    error instanceof WireError ? error : new WireError('InternalFailure', 'The server failed. Try again.');
  const output = type === 'UnknownOperationException' ? unknownOperation : {};
  const isRekognition = request.headers['x-amz-target'] !== undefined && pathOf(request) === '/';
  return {
    status,
    headers: {
      'content-type': isRekognition ? 'application/x-amz-json-1.1' : 'application/json',
      'x-amzn-ErrorType': type,
    },
    body: JSON.stringify({ ...output, __type: type, Message: message, message }),
  };
}
