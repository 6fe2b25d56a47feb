// Every secret the settings refer to, looked up once at the start, so that a missing one is known before anything runs.
import type { SecretReference } from '../../shared/camera-settings.ts';
import type { Secret } from '../secret.ts';
import type { AgentSettings } from './load.ts';
import { resolveSecret } from './secrets.ts';

/** Looks a resolved reference up. @throws TypeError for a reference that is not in the settings */
export type SecretLookup = (reference: SecretReference) => Secret;

/** Rejects with AgentError `settings-invalid` that names the first setting whose secret is missing. */
export async function resolveSecrets({ cameras, rules }: AgentSettings): Promise<SecretLookup> {
  const found = new Map<string, Secret>();
  const take = async (reference: SecretReference, key: string): Promise<void> => {
    found.set(JSON.stringify(reference), await resolveSecret(reference, { key }));
  };
  for (const [index, { password }] of cameras.entries()) {
    if (password) await take(password, `cameras[${index}].password`);
  }
  for (const [index, rule] of rules.entries()) {
    for (const [position, { webhook }] of rule.then.entries()) {
      await take(webhook.secret, `rules[${index}].then[${position}].webhook.secret`);
    }
  }
  return reference => {
    const secret = found.get(JSON.stringify(reference));
    if (!secret) throw new TypeError('The reference is not in the settings whose secrets were resolved');
    return secret;
  };
}
