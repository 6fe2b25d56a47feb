// A certificate as a camera makes it for itself, and its fingerprint as openssl tells it.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export type DeviceCertificate = { key: string; cert: string; fingerprint: string };

/** @param name who it is for, as openssl writes it */
export function deviceCertificate(name = 'IP:127.0.0.1'): DeviceCertificate {
  const folder = mkdtempSync(join(tmpdir(), 'kvs-edge-onvif-'));
  try {
    const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
    const request = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '1'];
    const names = ['-subj', '/CN=camera', '-addext', `subjectAltName=${name}`];
    execFileSync('openssl', [...request, ...names, '-keyout', key, '-out', cert], { stdio: 'ignore' });
    const told = execFileSync('openssl', ['x509', '-in', cert, '-noout', '-fingerprint', '-sha256'], {
      encoding: 'utf8',
    });
    const fingerprint = told.trim().split('=')[1] ?? '';
    return { key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8'), fingerprint };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
