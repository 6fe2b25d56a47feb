// What an answer of a destination must not repeat: the secrets that its settings refer to, and the values in the queries of
// its addresses, where tokens are. Receivers like to say "Cannot POST /hook?token=…".
import type { SecretReference } from '../../shared/names.ts';
import type { Secret } from '../secret.ts';
import { secretsWithin } from '../settings/files-and-secrets.ts';

export function hiddenWords(settings: unknown, secretOf: (reference: SecretReference) => Secret): string[] {
  const secrets = [...secretsWithin(settings, 'settings')].map(({ reference }) => secretOf(reference).reveal().trim());
  // With or without the prefix that says it is base64: Standard Webhooks.
  return [...secrets.map(secret => secret.replace(/^whsec_/, '')), ...queryValues(settings)].filter(
    word => word !== '',
  );
}

function queryValues(value: unknown): string[] {
  if (typeof value === 'string') return URL.canParse(value) ? [...new URL(value).searchParams.values()] : [];
  if (typeof value !== 'object' || value === null) return [];
  return Object.values(value).flatMap(queryValues);
}
