// Signature Version 4's canonical request: the text both sides hash. Pure; AWS's published vectors test it.
import { createHash } from 'node:crypto';

export type RequestHead = {
  method: string;
  /** Path and query as they stand in the request line. */
  target: string;
  /** Names and values alternating, in the order received, as node's `rawHeaders`. */
  rawHeaders: readonly string[];
};

/** @param signedHeaders lower-case names, sorted, as the Authorization header lists them */
export function canonicalRequest(head: RequestHead, signedHeaders: readonly string[], payloadHash: string): string {
  const [path = '', query = ''] = splitOnce(head.target, '?');
  const headers = headerValues(head.rawHeaders);
  return [
    head.method,
    canonicalPath(path),
    canonicalQuery(query),
    ...signedHeaders.map(name => `${name}:${headers.get(name)?.join(',') ?? ''}`),
    '',
    signedHeaders.join(';'),
    payloadHash,
  ].join('\n');
}

export function sha256Hex(data: string | Uint8Array): string {
  return createHash('sha256').update(data).digest('hex');
}

/** Values by lower-case name, trimmed, runs of spaces made one. */
export function headerValues(rawHeaders: readonly string[]): Map<string, string[]> {
  const values = new Map<string, string[]>();
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const name = (rawHeaders[i] ?? '').toLowerCase();
    const value = (rawHeaders[i + 1] ?? '').trim().replace(/ +/g, ' ');
    values.set(name, [...(values.get(name) ?? []), value]);
  }
  return values;
}

/** Dot segments and doubled slashes removed, then encoded once more: every service but S3 signs the encoded path. */
function canonicalPath(path: string): string {
  const kept: string[] = [];
  for (const segment of path.split('/')) {
    if (segment === '..') kept.pop();
    else if (segment !== '' && segment !== '.') kept.push(encodeStrict(segment));
  }
  const trailing = kept.length > 0 && path.endsWith('/') ? '/' : '';
  return `/${kept.join('/')}${trailing}`;
}

function canonicalQuery(query: string): string {
  return query
    .split('&')
    .filter(pair => pair !== '')
    .map(pair => splitOnce(pair, '=').map(part => encodeStrict(decode(part ?? ''))))
    .map(([name = '', value = '']) => ({ name, value }))
    .sort((a, b) => compare(a.name, b.name) || compare(a.value, b.value))
    .map(({ name, value }) => `${name}=${value}`)
    .join('&');
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function splitOnce(text: string, separator: string): [string, string?] {
  const at = text.indexOf(separator);
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + 1)];
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // not percent-encoded after all: signed as it stands
  }
}

/** RFC 3986: everything but letters, digits, `-`, `.`, `_` and `~`. */
function encodeStrict(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    character => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
