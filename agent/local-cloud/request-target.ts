// What a request is addressed to: its path, its query, and the address its client knows this server under.
import type { IncomingMessage } from 'node:http';

/** As it stands in the request line, without the query. */
export function pathOf({ url = '/' }: Pick<IncomingMessage, 'url'>): string {
  const at = url.indexOf('?');
  return at < 0 ? url : url.slice(0, at);
}

export function queryOf({ url = '/' }: Pick<IncomingMessage, 'url'>): URLSearchParams {
  const at = url.indexOf('?');
  return new URLSearchParams(at < 0 ? '' : url.slice(at + 1));
}

/** A name or an address, perhaps with a port: what may stand in an address of ours. */
const hostPattern = /^([A-Za-z0-9._-]{1,253}|\[[0-9A-Fa-f:.]+\])(:\d{1,5})?$/;

/** Without a trailing slash. Some clients send the host without its port; the socket knows it. */
export function originOf({ headers, socket }: IncomingMessage, scheme: 'http' | 'https'): string {
  const address = socket.localAddress?.replace(/^::ffff:/, '') ?? '127.0.0.1';
  const own = address.includes(':') ? `[${address}]` : address;
  const host = hostPattern.test(headers.host ?? '') ? (headers.host ?? own) : own;
  return `${scheme}://${/:\d+$/.test(host) ? host : `${host}:${socket.localPort}`}`;
}
