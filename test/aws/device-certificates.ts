// A certificate authority, a server and devices, made with openssl: certificates that Node.js did not make itself.
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export class DeviceCertificates implements Disposable {
  readonly folder = mkdtempSync(join(tmpdir(), 'kvs-edge-iot-'));

  constructor() {
    this.#openssl(
      'req',
      '-x509',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:prime256v1',
      '-nodes',
      '-days',
      '30',
      ...['-subj', '/CN=Test authority', '-keyout', this.path('ca.key'), '-out', this.path('ca.pem')],
    );
    writeFileSync(this.path('server.ext'), 'subjectAltName=IP:127.0.0.1\n');
    this.issue('server', { extensions: 'server.ext' });
  }

  path(name: string): string {
    return join(this.folder, name);
  }

  read(name: string): Buffer {
    return readFileSync(this.path(name));
  }

  /** `<name>.pem` and `<name>.key`, signed by the authority. */
  issue(name: string, { days = 30, extensions }: { days?: number; extensions?: string } = {}): void {
    this.#openssl(
      'req',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:prime256v1',
      '-nodes',
      '-subj',
      `/CN=${name}`,
      ...['-keyout', this.path(`${name}.key`), '-out', this.path(`${name}.csr`)],
    );
    this.#openssl(
      'x509',
      '-req',
      '-in',
      this.path(`${name}.csr`),
      '-CA',
      this.path('ca.pem'),
      '-CAkey',
      this.path('ca.key'),
      ...['-CAcreateserial', '-days', String(days), '-out', this.path(`${name}.pem`)],
      ...(extensions ? ['-extfile', this.path(extensions)] : []),
    );
  }

  /** Puts the device's certificate and key where the settings name them, as a rotation does. */
  install(device: string): void {
    copyFileSync(this.path(`${device}.pem`), this.path('device.pem'));
    copyFileSync(this.path(`${device}.key`), this.path('device.key'));
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true, force: true });
  }

  #openssl(...args: string[]): void {
    execFileSync('openssl', args, { stdio: 'ignore' });
  }
}
