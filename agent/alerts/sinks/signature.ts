// The Standard Webhooks signature: HMAC-SHA256 over `id.timestamp.body`, so that neither can be changed or replayed later.
// One for each key, separated by spaces: a receiver takes the message when it knows any of them, and so keys can change.
import { createHmac } from 'node:crypto';
import { AgentError } from '../../errors.ts';
import type { Secret } from '../../secret.ts';

const base64Prefix = 'whsec_';

/**
 * The key that a secret stands for: the bytes after `whsec_` in base64, or else the text itself as UTF-8.
 * @throws AgentError `settings-invalid` when there is nothing in it
 */
export function signingKey(secret: Secret): Uint8Array {
  const text = secret.reveal().trim();
  const key = text.startsWith(base64Prefix)
    ? Buffer.from(text.slice(base64Prefix.length), 'base64')
    : Buffer.from(text, 'utf8');
  if (key.length > 0) return key;
  throw new AgentError({
    code: 'settings-invalid',
    kind: 'invalid',
    retry: 'never',
    message:
      'The secret of a webhook is empty. Put the text the receiver knows, or whsec_ and base64, where it points to.',
  });
}

export type SignedHeaders = { 'webhook-id': string; 'webhook-timestamp': string; 'webhook-signature': string };

/** @param message.atMs moment of sending, wall time: receivers refuse what is more than five minutes off */
export function signedHeaders(
  keys: readonly Uint8Array[],
  message: { id: string; atMs: number; body: string },
): SignedHeaders {
  const timestamp = String(Math.floor(message.atMs / 1000));
  const signed = `${message.id}.${timestamp}.${message.body}`;
  const signatures = keys.map(key => `v1,${createHmac('sha256', key).update(signed).digest('base64')}`);
  return { 'webhook-id': message.id, 'webhook-timestamp': timestamp, 'webhook-signature': signatures.join(' ') };
}
