// A KVS operation: JSON in, checked by a schema, JSON out. Unknown members are ignored and `null` is a member left out, as
// with AWS.
import { z } from 'zod';
import { parseMembers } from './constraints.ts';
import type { Route, SignedRequest } from './route.ts';
import { json } from './route.ts';
import { WireError } from './wire-error.ts';

/** @param run gets the parsed request; what it returns is the answer's body */
export function jsonOperation<Schema extends z.ZodType>(
  path: string,
  schema: Schema,
  run: (input: z.output<Schema>, request: SignedRequest) => object | Promise<object>,
): Route {
  return {
    method: 'POST',
    path,
    signed: true,
    handle: async request => json(await run(parseJsonBody(schema, request.body), request)),
  };
}

/**
 * An empty body counts as `{}`: some clients send none when there is nothing to say.
 * @throws WireError SerializationException or InvalidArgumentException
 */
export function parseJsonBody<Schema extends z.ZodType>(schema: Schema, body: Buffer): z.output<Schema> {
  return parseMembers(schema, parseJson(body), 'InvalidArgumentException');
}

/** Without nulls. @throws WireError SerializationException */
export function parseJson(body: Uint8Array): unknown {
  if (body.length === 0) return {};
  try {
    return JSON.parse(Buffer.from(body).toString('utf8'), (_, value) => (value === null ? undefined : value));
  } catch {
    throw new WireError('SerializationException', 'The body is not JSON.');
  }
}

/** JSON numbers are epoch seconds, with or without a fraction; inside they are milliseconds. */
export const epochSeconds = z
  .number()
  .min(0)
  .max(253_402_300_799.999)
  .transform(seconds => Math.round(seconds * 1000));
