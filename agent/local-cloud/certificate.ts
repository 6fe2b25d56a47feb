// The certificate the embedded server shows on https: read from two PEM files and checked before anything listens, so
// that a wrong file is named at the start instead of failing every client.
import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { AgentError, systemCode } from '../errors.ts';
import { Secret } from '../secret.ts';

export type Certificate = {
  /** PEM: the server's own, then those between it and the authority, if there are any. */
  chain: string;
  /** PEM, not encrypted. */
  key: Secret;
};

/** @throws AgentError settings-unreadable, or settings-invalid when the files do not belong together */
export async function readCertificate(certificateFile: string, keyFile: string): Promise<Certificate> {
  const [chain, key] = await Promise.all([read(certificateFile), read(keyFile)]);
  const certificate = parsed(() => new X509Certificate(chain), `${certificateFile} is not a certificate in PEM form.`);
  const privateKey: KeyObject = parsed(
    () => createPrivateKey(key),
    `${keyFile} is not a private key in PEM form without a password.`,
  );
  if (!certificate.checkPrivateKey(privateKey))
    throw invalid(`The key in ${keyFile} does not belong to the certificate in ${certificateFile}.`);
  return { chain, key: new Secret(key) };
}

async function read(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    throw new AgentError({
      ...{ code: 'settings-unreadable', kind: 'invalid', retry: 'never', cause },
      message: `${file} cannot be read (${systemCode(cause) ?? 'unknown reason'}).`,
    });
  }
}

function parsed<Value>(parse: () => Value, problem: string): Value {
  try {
    return parse();
  } catch {
    // Without the cause: what OpenSSL says of a key is no help, and nothing of the key may get out.
    throw invalid(problem);
  }
}

function invalid(message: string): AgentError {
  return new AgentError({ code: 'settings-invalid', kind: 'invalid', retry: 'never', message });
}
