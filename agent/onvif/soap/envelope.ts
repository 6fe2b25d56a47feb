// Requests as SOAP 1.2 envelopes, with the WS-Security token that proves the password without showing it.
import { createHash } from 'node:crypto';
import type { Secret } from '../../secret.ts';
import { escapeXml } from './write-xml.ts';

const namespaces = {
  s: 'http://www.w3.org/2003/05/soap-envelope',
  a: 'http://www.w3.org/2005/08/addressing',
  tds: 'http://www.onvif.org/ver10/device/wsdl',
  trt: 'http://www.onvif.org/ver10/media/wsdl',
  tr2: 'http://www.onvif.org/ver20/media/wsdl',
  tev: 'http://www.onvif.org/ver10/events/wsdl',
  tt: 'http://www.onvif.org/ver10/schema',
  wsnt: 'http://docs.oasis-open.org/wsn/b-2',
} as const;
const declarations = Object.entries(namespaces)
  .map(([prefix, uri]) => ` xmlns:${prefix}="${uri}"`)
  .join('');

const wss = 'http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss';

/** What a request says; the prefixes are those of the envelope: s, a, tds, trt, tr2, tev, tt, wsnt. */
export type SoapRequest = {
  /** As named in the answer, without `Response`. */
  operation: string;
  /** The WSDL's action, sent in Content-Type. */
  action: string;
  /** XML; everything variable in it is escaped. */
  body: string;
  /** XML for the header: WS-Addressing of subscriptions. */
  header?: string;
};

export type TokenOptions = {
  username: string;
  password: Secret;
  /** On the device's clock. */
  createdMs: number;
  /** 16 random bytes, never twice the same. */
  nonce: Uint8Array;
};

export function envelope({ body, header = '' }: SoapRequest, token = ''): string {
  const head = token + header === '' ? '' : `<s:Header>${token}${header}</s:Header>`;
  return `<?xml version="1.0" encoding="UTF-8"?><s:Envelope${declarations}>${head}<s:Body>${body}</s:Body></s:Envelope>`;
}

/** A UsernameToken with a PasswordDigest (WS-Security UsernameToken Profile 1.0). */
export function usernameToken({ username, password, createdMs, nonce }: TokenOptions): string {
  // Milliseconds are left out: some cameras cannot read them.
  const created = new Date(createdMs).toISOString().replace(/\.\d+Z$/, 'Z');
  const digest = createHash('sha1').update(nonce).update(created).update(password.reveal()).digest('base64');
  const nonceText = Buffer.from(nonce).toString('base64');
  return (
    `<wsse:Security s:mustUnderstand="1" xmlns:wsse="${wss}-wssecurity-secext-1.0.xsd" xmlns:wsu="${wss}-wssecurity-utility-1.0.xsd">` +
    `<wsse:UsernameToken><wsse:Username>${escapeXml(username)}</wsse:Username>` +
    `<wsse:Password Type="${wss}-username-token-profile-1.0#PasswordDigest">${digest}</wsse:Password>` +
    `<wsse:Nonce EncodingType="${wss}-soap-message-security-1.0#Base64Binary">${nonceText}</wsse:Nonce>` +
    `<wsu:Created>${created}</wsu:Created></wsse:UsernameToken></wsse:Security>`
  );
}
