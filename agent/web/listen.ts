// Where the console listens, and why it cannot.
import type { FastifyInstance } from 'fastify';
import { isLoopbackHost } from '../../shared/loopback-host.ts';
import { AgentError, systemCode } from '../errors.ts';

export type ListenAddress = { host: string; port: number; loopback: boolean };

/** `host:port` as the settings schema lets it through; IPv6 hosts in brackets. */
export function parseListen(listen: string): ListenAddress {
  const at = listen.lastIndexOf(':');
  const host = listen.slice(0, at);
  return { host: host.replace(/^\[(.*)\]$/, '$1'), port: Number(listen.slice(at + 1)), loopback: isLoopbackHost(host) };
}

/** The console's address. Throws AgentError `port-in-use`, or `settings-invalid` for an address that cannot be used. */
export async function listenOn(app: FastifyInstance, listen: string): Promise<string> {
  const { host, port } = parseListen(listen);
  try {
    return await app.listen({ host, port });
  } catch (error) {
    throw listenError(listen, port, error);
  }
}

function listenError(listen: string, port: number, cause: unknown): unknown {
  const code = systemCode(cause);
  if (code === 'EADDRINUSE')
    return new AgentError({
      code: 'port-in-use',
      kind: 'unavailable',
      retry: 'never',
      message: `The console cannot listen on ${listen}: another program uses port ${port}. Stop that program, or set web.listen to another port in the settings.`,
      cause,
    });
  const reason = code === undefined ? undefined : unusable[code];
  if (reason === undefined) return cause;
  return new AgentError({
    code: 'settings-invalid',
    kind: 'invalid',
    retry: 'never',
    message: `The console cannot listen on ${listen}: ${reason}. Change web.listen in the settings, for example to 127.0.0.1:8080.`,
    cause,
  });
}

const unusable: Partial<Record<string, string>> = {
  EADDRNOTAVAIL: 'this machine has no such address',
  ENOTFOUND: 'this machine has no such address',
  EAFNOSUPPORT: 'this machine has no such kind of address',
  EACCES: 'this user may not use this port; ports below 1024 are reserved',
};
