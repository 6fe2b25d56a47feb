// NextToken of the paged lists: where the next page begins, in base64 so that clients take it for opaque.
// A token goes on with the list that gave it, also after a restart, and with no other.
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { WireError } from '../wire-error.ts';

const sealLength = 16;

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

/** @param list which list, of what: its tokens are of no use for another one */
export function encodeToken(list: string, position: unknown): string {
  const text = JSON.stringify(position);
  return Buffer.from(`${sealOf(list, text)}${text}`).toString('base64');
}

/** @throws WireError InvalidArgumentException for a token that was altered, or is of another list */
export function decodeToken<Schema extends z.ZodType>(list: string, schema: Schema, token: string): z.output<Schema> {
  const sealed = Buffer.from(token, 'base64').toString('utf8');
  const text = sealed.slice(sealLength);
  if (sealed.slice(0, sealLength) !== sealOf(list, text)) throw invalidToken();
  try {
    return schema.parse(JSON.parse(text));
  } catch {
    throw invalidToken();
  }
}

export function invalidToken(): WireError {
  return new WireError('InvalidArgumentException', 'The NextToken is not valid.');
}

/** Against mistakes only: a token opens nothing that its request alone would not. */
function sealOf(list: string, text: string): string {
  return createHash('sha256').update(`${list}\n${text}`).digest('hex').slice(0, sealLength);
}
