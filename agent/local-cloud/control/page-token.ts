// NextToken of the paged lists: where the next page begins, in base64 so that clients take it for opaque.
import type { z } from 'zod';
import { WireError } from '../wire-error.ts';

export function encodeToken(position: unknown): string {
  return Buffer.from(JSON.stringify(position)).toString('base64');
}

/** @throws WireError InvalidArgumentException for a token this server did not make */
export function decodeToken<Schema extends z.ZodType>(schema: Schema, token: string): z.output<Schema> {
  try {
    return schema.parse(JSON.parse(Buffer.from(token, 'base64').toString('utf8')));
  } catch {
    throw new WireError('InvalidArgumentException', 'The NextToken is not valid.');
  }
}
