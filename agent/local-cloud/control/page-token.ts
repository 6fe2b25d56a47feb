// NextToken of the paged lists: where the next page begins, in base64 so that clients take it for opaque.
import { z } from 'zod';
import { WireError } from '../wire-error.ts';

/** Of the control plane's lists. An empty one begins at the beginning. */
export const listToken = z
  .string()
  .max(1024)
  .regex(/^[a-zA-Z0-9+/=]*$/);

/** Of archived media. */
export const mediaToken = z
  .string()
  .min(1)
  .max(4096)
  .regex(/^[a-zA-Z0-9+/]+={0,2}$/);

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
