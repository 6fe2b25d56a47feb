// Every answer that is not 2xx, in one shape: what routes throw, what Fastify throws, what the stages throw.
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import type { ApiError } from '../../shared/api.ts';
import { AgentError } from '../errors.ts';

/** Thrown by a route to answer with `status` and an ApiError. */
export class Refusal extends Error {
  readonly status: number;
  readonly code: string;
  readonly fields: AgentError['fields'];

  constructor(status: number, code: string, message: string, fields?: AgentError['fields']) {
    super(message);
    this.status = status;
    this.code = code;
    this.fields = fields;
  }
}

export function unknownCamera(): Refusal {
  return new Refusal(404, 'camera-unknown', 'There is no camera with this id.');
}

export function unknownAddress(): Refusal {
  return new Refusal(404, 'address-unknown', 'There is nothing at this address.');
}

/** Fastify's error handler. What nobody foresaw is told to `onUnexpectedError` and answered without details. */
export function answerErrors(onUnexpectedError: (error: unknown, where: string) => void) {
  return async (error: FastifyError | Error, request: FastifyRequest, reply: FastifyReply): Promise<ApiError> => {
    const refusal = refusalOf(error);
    if (refusal) {
      reply.code(refusal.status);
      const { code, message, fields } = refusal;
      return { code, message, ...(fields ? { fields: [...fields] } : {}) };
    }
    // The browser left while its answer was being made: aborting that is no failure.
    if (!reply.raw.destroyed) onUnexpectedError(error, `${request.method} ${request.routeOptions.url ?? ''}`);
    reply.code(500);
    return { code: 'bug', message: 'The agent failed to answer. Its log says why: please report it with the log.' };
  };
}

function refusalOf(error: FastifyError | Error): Refusal | undefined {
  if (error instanceof Refusal) return error;
  if (error instanceof AgentError && error.code !== 'bug')
    return new Refusal(statusOf(error), error.code, error.message, error.fields);
  const status = 'statusCode' in error ? (error.statusCode ?? 500) : 500;
  if (status < 400 || status >= 500) return undefined;
  // Not Fastify's own message: it can repeat parts of the request.
  return new Refusal(status, 'request-invalid', fastifySentences[status] ?? 'The request is not valid.');
}

const fastifySentences: Partial<Record<number, string>> = {
  400: 'The request is not valid: its body must be JSON.',
  413: 'The request is too large.',
  415: 'The request must be JSON.',
};

const statuses: Partial<Record<AgentError['code'], number>> = {
  'footage-missing': 404,
  'service-stream-missing': 404,
  'camera-unknown': 404,
  'alert-unknown': 404,
  'destination-unknown': 404,
  'rule-unknown': 404,
  'sighting-unknown': 404,
  'replay-running': 409,
  'camera-exists': 409,
  'camera-in-rules': 409,
  'settings-invalid': 422,
  'scan-refused': 422,
  'camera-host-unknown': 422,
  'settings-read-only': 403,
};

function statusOf({ code }: AgentError): number {
  return statuses[code] ?? (code.startsWith('service-') ? 502 : 500);
}
