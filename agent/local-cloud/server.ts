// A server of Node's that nobody can wear out by connecting to it: how many connections, how long for a head, how long idle.
// Measured by the machine's clock, which the sockets themselves use.
import type { Server } from 'node:http';
import { createServer } from 'node:http';
import { createServer as createTlsServer, Server as TlsServer } from 'node:https';
import type { Certificate } from './certificate.ts';

export type ConnectionLimits = {
  /** Open at once; more are closed without a word. */
  connections: number;
  /** From the connection's begin, or the answer before, until all of a head is there; then 408. */
  headMs: number;
  /** Between an answer and the next request. */
  idleMs: number;
  handshakeMs: number;
};

/** Far above what sixteen streams and their viewers need, far below what the machine has. */
export const connectionLimits: ConnectionLimits = {
  connections: 2000,
  headMs: 20_000,
  idleMs: 60_000,
  handshakeMs: 10_000,
};

/** Not yet listening. Speaks https only when it has a certificate. */
export function limitedServer(tls: Certificate | undefined, limits: ConnectionLimits = connectionLimits): Server {
  const options = {
    ...{ headersTimeout: limits.headMs, keepAliveTimeout: limits.idleMs },
    // How late a head may be found to be late.
    connectionsCheckingInterval: Math.ceil(limits.headMs / 4),
    // A PutMedia request lasts up to 45 minutes; other bodies have their own time limit.
    requestTimeout: 0,
  };
  const server = tls
    ? createTlsServer({ ...options, ...secureContext(tls), handshakeTimeout: limits.handshakeMs })
    : createServer(options);
  server.maxConnections = limits.connections;
  return server;
}

/** New connections are shown this certificate; open ones go on. Nothing for a server that speaks plain http. */
export function showCertificate(server: Server, tls: Certificate): void {
  if (server instanceof TlsServer) server.setSecureContext(secureContext(tls));
}

function secureContext({ chain: cert, key }: Certificate) {
  return { cert, key: key.reveal(), minVersion: 'TLSv1.2' } as const;
}
