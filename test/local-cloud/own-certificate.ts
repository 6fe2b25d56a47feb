// A certificate a server gives itself, for https on loopback: nobody trusts it who is not told to.
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';

/** PEM files in this folder, good for a day. */
export function makeCertificate(folder: string, name = 'own'): { certificate: string; key: string } {
  const [certificate, key] = [join(folder, `${name}.pem`), join(folder, `${name}.key`)];
  const request = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '1'];
  const names = ['-subj', '/CN=local-cloud', '-addext', 'subjectAltName=IP:127.0.0.1,DNS:localhost'];
  execFileSync('openssl', [...request, ...names, '-keyout', key, '-out', certificate], { stdio: 'ignore' });
  return { certificate, key };
}
