// A certificate for an embedded server that a test starts, and what clients need to trust it and no other.
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { Agent } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { KinesisVideoArchivedMediaClient } from '@aws-sdk/client-kinesis-video-archived-media';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import { type Certificate, readCertificate } from '../../agent/local-cloud/certificate.ts';
import { keys } from '../local-cloud/control-cloud.ts';

export type TestCertificate = AsyncDisposable & {
  tls: Certificate;
  /** PEM files; the certificate is its own authority. */
  file: string;
  keyFile: string;
  trustingArchive(endpoint: string): KinesisVideoArchivedMediaClient;
};

/** @param names as in a subjectAltName: IP:127.0.0.1,DNS:localhost */
export async function testCertificate(names: string): Promise<TestCertificate> {
  const folder = await mkdtemp(join(tmpdir(), 'test-certificate-'));
  const file = join(folder, 'own.pem');
  const keyFile = join(folder, 'own.key');
  const request = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '1'];
  const subject = ['-subj', '/CN=local-cloud', '-addext', `subjectAltName=${names}`];
  await promisify(execFile)('openssl', [...request, ...subject, '-keyout', keyFile, '-out', file]);
  const ca = await readFile(file, 'utf8');
  return {
    tls: await readCertificate(file, keyFile),
    file,
    keyFile,
    trustingArchive: endpoint =>
      new KinesisVideoArchivedMediaClient({
        ...{ endpoint, region: 'us-west-2', credentials: keys, maxAttempts: 1 },
        requestHandler: new NodeHttpHandler({ httpsAgent: new Agent({ ca }) }),
      }),
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}
