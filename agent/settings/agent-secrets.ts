// Every secret the settings refer to, looked up once at the start, so that a missing one is known before anything runs.
import type { SecretReference } from '../../shared/names.ts';
import type { Secret } from '../secret.ts';
import { secretsWithin } from './files-and-secrets.ts';
import type { AgentSettings } from './load.ts';
import { resolveSecret } from './secrets.ts';

/** Looks a resolved reference up. @throws TypeError for a reference that is not in the settings */
export type SecretLookup = (reference: SecretReference) => Secret;

/** Rejects with AgentError `settings-invalid` that names the first setting whose secret is missing. */
export async function resolveSecrets({ cameras, destinations, rules }: AgentSettings): Promise<SecretLookup> {
  const found = new Map<string, Secret>();
  for (const [list, items] of Object.entries({ cameras, destinations, rules })) {
    for (const { key, reference } of secretsWithin(items, list)) {
      found.set(JSON.stringify(reference), await resolveSecret(reference, { key }));
    }
  }
  return reference => {
    const secret = found.get(JSON.stringify(reference));
    if (!secret) throw new TypeError('The reference is not in the settings whose secrets were resolved');
    return secret;
  };
}
