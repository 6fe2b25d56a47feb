// What the embedded server refuses to start with: key pairs that may open more than itself, and openness beyond this
// machine that nobody can have meant.
import { isLoopbackHost } from '../../shared/loopback-host.ts';
import { AgentError } from '../errors.ts';
import type { Secret } from '../secret.ts';

/** What clients sign with when nobody chose anything else. Written in the documents, so it keeps nobody out. */
export const knownKeys = { accessKeyId: 'local', secretAccessKey: 'local-secret' };

/** Holds the largest fragment KVS takes with its header, so that one that was just acknowledged can stay. */
const leastMaxBytes = 64 * 2 ** 20;

/** A key id as it can stand in a signature's Credential. */
const keyIdPattern = /^[!-+.\-0-~]+$/;

export type StartOptions = {
  host: string;
  accessKeyId: string;
  secretAccessKey: Secret;
  faults?: boolean;
  maxBytes?: number | undefined;
};

/** @throws AgentError settings-invalid */
export function checkStart({ host, accessKeyId, secretAccessKey, faults, maxBytes }: StartOptions): void {
  if (maxBytes !== undefined && maxBytes < leastMaxBytes)
    throw refusal('--max-bytes must be 64 MiB at least: a single fragment may have 50 MB.');
  const secret = secretAccessKey.reveal();
  if (accessKeyId === '' || secret === '')
    throw refusal('The embedded server needs a key pair: an empty key opens it to everybody.');
  if (!keyIdPattern.test(accessKeyId))
    throw refusal(
      'AWS_ACCESS_KEY_ID may not hold blanks, slashes, commas or letters beyond ASCII: no signature could name it.',
    );
  if (looksReal(accessKeyId, secret))
    throw refusal(
      'AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY look like the keys of a real AWS account, and the embedded server ' +
        'does not take those: a client that has them and misses this address would reach that account, and be billed. ' +
        `Unset both to use ${knownKeys.accessKeyId} / ${knownKeys.secretAccessKey}, or set a pair you made up.`,
    );
  if (isLoopbackHost(host)) return;
  if (faults) throw refusal(`Faults can be planned only on a loopback address such as 127.0.0.1, not on ${host}.`);
  if (secret === knownKeys.secretAccessKey)
    throw refusal(
      `On ${host} other machines reach the embedded server, and the secret ${knownKeys.secretAccessKey} is known to everybody. ` +
        'Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY to a pair you made up, or listen on a loopback address.',
    );
}

/** The shape AWS gives to long-lived (AKIA) and temporary (ASIA) keys. */
function looksReal(accessKeyId: string, secret: string): boolean {
  return /^(AKIA|ASIA)[A-Z0-9]{16}$/.test(accessKeyId) && secret.length === 40;
}

function refusal(message: string): AgentError {
  return new AgentError({ code: 'settings-invalid', kind: 'invalid', retry: 'never', message });
}
