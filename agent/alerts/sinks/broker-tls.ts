// The files of a broker's TLS settings, read anew for each connection: certificates are renewed while the agent runs.
import { readFile } from 'node:fs/promises';
import type { TlsSettings } from '../../../shared/destinations/tls.ts';
import { tlsFileUnreadable } from './tls-errors.ts';

export type TlsFiles = { ca?: Buffer; cert?: Buffer; key?: Buffer; servername?: string; ALPNProtocols?: string[] };

/** Options of node:tls. Rejects with AgentError `delivery-refused` when a file cannot be read. */
export async function tlsFiles(settings: TlsSettings | undefined, destination: string): Promise<TlsFiles> {
  const { caFile, certificateFile, privateKeyFile, servername, alpn } = settings ?? {};
  const [ca, cert, key] = await Promise.all([caFile, certificateFile, privateKeyFile].map(read));
  return {
    ...(ca ? { ca } : {}),
    ...(cert ? { cert } : {}),
    ...(key ? { key } : {}),
    ...(servername === undefined ? {} : { servername }),
    ...(alpn === undefined ? {} : { ALPNProtocols: [alpn] }),
  };

  async function read(path: string | undefined): Promise<Buffer | undefined> {
    if (path === undefined) return undefined;
    return readFile(path).catch(cause => {
      throw tlsFileUnreadable(path, destination, cause);
    });
  }
}
