// Asks an ONVIF device one thing, as any client does, and gives back what came: nothing here is shared with the agent's own client.
import { createHash, randomBytes } from 'node:crypto';
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { text } from 'node:stream/consumers';

export type OnvifAnswer = { status: number; challenge: string | undefined; body: string };

/** `header`: XML for the SOAP header; `authorization`: for HTTP. */
export type Credentials = { header?: string; authorization?: string };

const NAMESPACES = {
  s: 'http://www.w3.org/2003/05/soap-envelope',
  tds: 'http://www.onvif.org/ver10/device/wsdl',
  trt: 'http://www.onvif.org/ver10/media/wsdl',
  tr2: 'http://www.onvif.org/ver20/media/wsdl',
  tev: 'http://www.onvif.org/ver10/events/wsdl',
  tt: 'http://www.onvif.org/ver10/schema',
  wsnt: 'http://docs.oasis-open.org/wsn/b-2',
  wsa: 'http://www.w3.org/2005/08/addressing',
};
const WSS = 'http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss';

/** Sends `body`, XML with the prefixes above, to `url`; of https any certificate will do. */
export async function askOnvif(url: string, body: string, credentials: Credentials = {}): Promise<OnvifAnswer> {
  const declarations = Object.entries(NAMESPACES).map(([prefix, namespace]) => ` xmlns:${prefix}="${namespace}"`);
  const header = `<s:Header>${credentials.header ?? ''}</s:Header>`;
  const envelope = `<s:Envelope${declarations.join('')}>${header}<s:Body>${body}</s:Body></s:Envelope>`;
  return send(url, 'POST', credentials.authorization, envelope);
}

export function send(url: string, method: string, authorization?: string, body?: string): Promise<OnvifAnswer> {
  const { promise, resolve, reject } = Promise.withResolvers<OnvifAnswer>();
  const headers = { 'content-type': 'application/soap+xml; charset=utf-8', ...(authorization && { authorization }) };
  const start = url.startsWith('https:') ? httpsRequest : httpRequest;
  const request = start(url, { method, headers, rejectUnauthorized: false, agent: false }, response => {
    const challenge = response.headers['www-authenticate'];
    text(response).then(received => resolve({ status: response.statusCode ?? 0, challenge, body: received }), reject);
  });
  request.on('error', reject).end(body);
  return promise;
}

/** A WS-Security UsernameToken made at `at`, as a SOAP header. */
export function usernameToken(user: string, password: string, at = new Date()): string {
  const nonce = randomBytes(16);
  const created = at.toISOString();
  const digest = createHash('sha1').update(nonce).update(created).update(password).digest('base64');
  return (
    `<wsse:Security xmlns:wsse="${WSS}-wssecurity-secext-1.0.xsd" xmlns:wsu="${WSS}-wssecurity-utility-1.0.xsd"><wsse:UsernameToken>` +
    `<wsse:Username>${user}</wsse:Username><wsse:Password Type="${WSS}-username-token-profile-1.0#PasswordDigest">${digest}</wsse:Password>` +
    `<wsse:Nonce>${nonce.toString('base64')}</wsse:Nonce><wsu:Created>${created}</wsu:Created></wsse:UsernameToken></wsse:Security>`
  );
}

/** The Authorization header that answers a digest challenge (RFC 2617, qop=auth). */
export function digestAuthorization(challenge: string, user: string, password: string, method: string, uri: string) {
  const field = (name: string) => new RegExp(`${name}="?([^",]+)`).exec(challenge)?.[1] ?? '';
  const md5 = (value: string) => createHash('md5').update(value).digest('hex');
  const [nonce, realm, cnonce] = [field('nonce'), field('realm'), randomBytes(8).toString('hex')];
  const secret = md5(`${user}:${realm}:${password}`);
  const response = md5(`${secret}:${nonce}:00000001:${cnonce}:auth:${md5(`${method}:${uri}`)}`);
  const fields = { username: user, realm, nonce, uri, cnonce, response };
  const quoted = Object.entries(fields).map(([name, value]) => `${name}="${value}"`);
  return `Digest ${quoted.join(', ')}, qop=auth, nc=00000001, algorithm=MD5`;
}
