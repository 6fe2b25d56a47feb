// The sign-in of HTTP and RTSP, which have it in common (RFC 7616, 7617 and 2069): reads what a camera asks for, and makes the
// Authorization that answers it. Headers are text with one character a byte, in and out: names and passwords are UTF-8 in
// them, and what else a camera writes comes back to it as it was. Pure.
import { createHash } from 'node:crypto';
import type { Secret } from '../secret.ts';

export type Credentials = { username: string; password: Secret };

export type Challenge =
  | { scheme: 'basic' }
  | {
      scheme: 'digest';
      realm: string;
      nonce: string;
      algorithm: DigestAlgorithm;
      /** As the camera writes it; it may leave MD5 out. */
      algorithmNamed?: string;
      opaque?: string;
      /** RFC 2069, which knows no qop, is still spoken by old cameras. */
      qop?: 'auth';
      /** The sign-in was right, only its nonce too old. */
      stale: boolean;
    };

export type DigestAlgorithm = 'MD5' | 'MD5-sess' | 'SHA-256' | 'SHA-256-sess';

const algorithms: readonly DigestAlgorithm[] = ['SHA-256', 'SHA-256-sess', 'MD5', 'MD5-sess'];
const longestHeader = 8_192;

/** Challenges that can be answered, the strongest first. A header may hold several, joined by commas. */
export function readChallenges(headers: readonly string[]): Challenge[] {
  const found = headers
    .filter(header => header.length <= longestHeader)
    .flatMap(splitChallenges)
    .map(readChallenge);
  return found.filter(challenge => challenge !== undefined).sort((one, other) => rank(one) - rank(other));
}

function rank(challenge: Challenge): number {
  return challenge.scheme === 'basic' ? algorithms.length : algorithms.indexOf(challenge.algorithm);
}

type Parameters = ReadonlyMap<string, string>;

/** A word without `=` begins the next challenge. */
function splitChallenges(header: string): { scheme: string; parameters: Parameters }[] {
  const challenges: { scheme: string; parameters: Map<string, string> }[] = [];
  for (const part of header.matchAll(/([!#$%&'*+.^_`|~\w-]+)(?:\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]*)))?/g)) {
    const [whole, name = '', quoted, token] = part;
    if (!whole.includes('=')) challenges.push({ scheme: name.toLowerCase(), parameters: new Map() });
    else challenges.at(-1)?.parameters.set(name.toLowerCase(), quoted?.replace(/\\(.)/g, '$1') ?? token ?? '');
  }
  return challenges;
}

function readChallenge({ scheme, parameters }: { scheme: string; parameters: Parameters }): Challenge | undefined {
  if (scheme === 'basic') return { scheme: 'basic' };
  const nonce = parameters.get('nonce');
  if (scheme !== 'digest' || nonce === undefined) return undefined;
  const named = parameters.get('algorithm') || undefined;
  const algorithm = algorithms.find(known => known.toLowerCase() === (named ?? 'MD5').toLowerCase());
  const qops = parameters
    .get('qop')
    ?.toLowerCase()
    .split(/[\s,]+/);
  if (!algorithm || (qops && qops.join('') !== '' && !qops.includes('auth'))) return undefined;
  const opaque = parameters.get('opaque');
  return {
    scheme: 'digest',
    realm: parameters.get('realm') ?? '',
    nonce,
    algorithm,
    stale: parameters.get('stale')?.toLowerCase() === 'true',
    ...(named === undefined ? {} : { algorithmNamed: named }),
    ...(opaque === undefined ? {} : { opaque }),
    ...(qops?.includes('auth') ? { qop: 'auth' } : {}),
  };
}

export type SignInOptions = Credentials & {
  method: string;
  /** As in the request line. */
  uri: string;
  /** How many times this nonce has been used, this time included. */
  count: number;
  /** Ours, random. */
  cnonce: string;
};

/** The value of Authorization. */
export function authorization(
  challenge: Challenge,
  { password, method, count, cnonce, ...options }: SignInOptions,
): string {
  const [username, secret, uri] = [options.username, password.reveal(), options.uri].map(asBytes);
  if (challenge.scheme === 'basic') return `Basic ${Buffer.from(`${username}:${secret}`, 'latin1').toString('base64')}`;
  const { realm, nonce, algorithm, algorithmNamed, opaque, qop } = challenge;
  const isSession = algorithm.endsWith('-sess');
  const hash = (bytes: string) =>
    createHash(algorithm.startsWith('MD5') ? 'md5' : 'sha256')
      .update(bytes, 'latin1')
      .digest('hex');
  const plainKey = hash(`${username}:${realm}:${secret}`);
  const key = isSession ? hash(`${plainKey}:${nonce}:${cnonce}`) : plainKey;
  const nc = count.toString(16).padStart(8, '0');
  const middle = qop ? `${nonce}:${nc}:${cnonce}:${qop}` : nonce;
  const fields = [
    `username=${quoted(username)}`,
    `realm=${quoted(realm)}`,
    `nonce=${quoted(nonce)}`,
    `uri=${quoted(uri)}`,
    `response="${hash(`${key}:${middle}:${hash(`${method}:${uri}`)}`)}"`,
  ];
  if (algorithmNamed !== undefined) fields.push(`algorithm=${algorithm}`);
  if (qop) fields.push(`qop=${qop}`, `nc=${nc}`);
  if (qop || isSession) fields.push(`cnonce="${cnonce}"`);
  if (opaque !== undefined) fields.push(`opaque=${quoted(opaque)}`);
  return `Digest ${fields.join(', ')}`;
}

/** UTF-8 with one character a byte. */
function asBytes(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1');
}

function quoted(text = ''): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters a header must not have
  return `"${text.replace(/[\u0000-\u001f\u007f]/g, '').replace(/(["\\])/g, '\\$1')}"`;
}

/** The nonce for the next request, from Authentication-Info. */
export function nextNonce(header: string | undefined): string | undefined {
  return /(?:^|[\s,])nextnonce\s*=\s*"([^"]{1,1024})"/i.exec((header ?? '').slice(0, longestHeader))?.[1];
}
