// From where a secret is to the secret itself, read when the agent starts.
import { readFile } from 'node:fs/promises';
import type { SecretReference } from '../../shared/names.ts';
import { AgentError, systemCode } from '../errors.ts';
import { Secret } from '../secret.ts';

/**
 * `key` is the setting that names the secret (`cameras[0].password`) and appears in the error. One line break at the
 * end is not part of the secret. Throws AgentError `settings-invalid` when the secret is missing, empty or unreadable.
 */
export async function resolveSecret(
  reference: SecretReference,
  { key, environment = process.env }: { key: string; environment?: NodeJS.ProcessEnv },
): Promise<Secret> {
  const value = 'env' in reference ? environment[reference.env] : await readSecretFile(reference.file, key);
  const secret = value?.replace(/\r?\n$/, '');
  if (secret) return new Secret(secret);
  throw missing(
    key,
    'env' in reference
      ? `the environment variable ${reference.env} is ${value === undefined ? 'not set' : 'empty'}`
      : `the file ${reference.file} is empty`,
  );
}

async function readSecretFile(file: string, key: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    const code = systemCode(error);
    if (code === 'ENOENT') throw missing(key, `there is no file ${file}`, error);
    if (code === 'EACCES' || code === 'EPERM')
      throw missing(key, `the file ${file} may not be read by this user`, error);
    throw missing(key, `the file ${file} could not be read (${code ?? 'unknown error'})`, error);
  }
}

function missing(key: string, reason: string, cause?: unknown): AgentError {
  return new AgentError({
    code: 'settings-invalid',
    kind: 'invalid',
    retry: 'never',
    message: `The secret of ${key} is missing: ${reason}.`,
    cause,
  });
}
