// Which requests are answered at all: not those that another web page makes in the name of a signed-in browser.
import type { FastifyRequest } from 'fastify';
import { isLoopbackHost } from '../../shared/loopback-host.ts';
import { Refusal } from './refusal.ts';

const safeMethods = new Set(['GET', 'HEAD', 'OPTIONS']);

/** Whether the browser runs on this machine, as far as can be told: a forwarded port comes from another address. */
export function isFromThisMachine(request: FastifyRequest): boolean {
  return isLoopbackHost(request.hostname) && /^(127\.|::1$|::ffff:127\.)/.test(request.ip);
}

/**
 * Refuses a console on loopback that is called by another name (a page whose own name was pointed at 127.0.0.1 after it
 * loaded: DNS rebinding), and every change that another origin asks for. Programs send neither header and are let
 * through: they have no cookie to abuse.
 */
export function guardRequest(request: FastifyRequest, { listensOnLoopback }: { listensOnLoopback: boolean }): void {
  if (listensOnLoopback && !isLoopbackHost(request.hostname))
    throw new Refusal(403, 'host-refused', 'The console is only reached as localhost or 127.0.0.1 on this machine.');
  if (safeMethods.has(request.method)) return;
  const { origin, 'sec-fetch-site': site } = request.headers;
  const foreignSite = site !== undefined && site !== 'same-origin' && site !== 'none';
  if (foreignSite || (origin !== undefined && !isOwnOrigin(origin, request.host)))
    throw new Refusal(403, 'origin-refused', 'Changes are only taken from the console itself.');
}

function isOwnOrigin(origin: string, host: string): boolean {
  return URL.canParse(origin) && new URL(origin).host === host.toLowerCase();
}
