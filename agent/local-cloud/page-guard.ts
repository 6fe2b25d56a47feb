// Keeps web pages from calling the server through the browser of whoever runs it. Any page may send requests to loopback,
// it can sign them with the key pair everybody knows, and one whose name is made to lead here (DNS rebinding) may read the
// answers too. Playing with a session's token is open to pages of any origin: the token is the key.
import type { IncomingHttpHeaders } from 'node:http';
import { isLoopbackHost } from '../../shared/loopback-host.ts';
import type { Secret } from '../secret.ts';
import { knownKeys } from './start-checks.ts';
import { WireError } from './wire-error.ts';

export type PageGuard = (request: { path: string; headers: IncomingHttpHeaders; signed: boolean }) => void;

/** The guard throws WireError NotAuthorizedException. */
export function pageGuard({ host, secretAccessKey }: { host: string; secretAccessKey: Secret }): PageGuard {
  const everybodyCanSign = secretAccessKey.reveal() === knownKeys.secretAccessKey;
  return ({ path, headers, signed }) => {
    const isAdmin = path.startsWith('/admin/');
    if (!signed || !(isAdmin || everybodyCanSign)) return;
    // Programs send no Origin; browsers do with every POST and PUT, also when they take the page for one of ours.
    if (headers.origin !== undefined && !isLoopbackHost(hostnameOf(headers.origin)))
      throw refusal(`Pages of ${headers.origin.slice(0, 100)} may not call this server.`);
    if (isAdmin && isLoopbackHost(host) && !isLoopbackHost(hostnameOf(`http://${headers.host ?? ''}`)))
      throw refusal('This can be called only by a loopback address, such as 127.0.0.1, or as localhost.');
  };
}

function hostnameOf(url: string): string {
  return URL.parse(url)?.hostname ?? '';
}

function refusal(message: string): WireError {
  return new WireError('NotAuthorizedException', message);
}
