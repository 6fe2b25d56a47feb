// Sign-in of RTSP: Basic and Digest (RFC 7616: MD5 and SHA-256, with and without qop). The password is used here and
// nowhere else; it goes on the wire only as Basic, when the camera offers nothing better and TLS hides it or the camera
// insists.
import { createHash, randomBytes } from 'node:crypto';
import type { Secret } from '../secret.ts';

export type Credentials = { username: string; password: Secret };

export type Challenge = { scheme: 'basic' | 'digest'; parameters: ReadonlyMap<string, string> };

const hashes: Readonly<Record<string, string>> = { md5: 'md5', 'sha-256': 'sha256' };

/** What WWW-Authenticate headers offer, each challenge of each header. Unknown schemes and algorithms are left out. */
export function readChallenges(values: readonly string[]): Challenge[] {
  return values
    .flatMap(value => value.split(/,\s*(?=(?:basic|digest)\s)/i))
    .flatMap((text): Challenge[] => {
      const [, name = '', rest = ''] = /^\s*(basic|digest)\b(.*)$/is.exec(text) ?? [];
      const parameters = readParameters(rest);
      if (name.toLowerCase() === 'basic') return [{ scheme: 'basic', parameters }];
      const known = name !== '' && algorithmOf(parameters) !== undefined;
      return known ? [{ scheme: 'digest', parameters }] : [];
    });
}

function readParameters(text: string): Map<string, string> {
  const parameters = new Map<string, string>();
  for (const [, name = '', quoted, bare] of text.matchAll(/([a-z-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))/gi)) {
    parameters.set(name.toLowerCase(), quoted === undefined ? (bare ?? '') : quoted.replace(/\\(.)/g, '$1'));
  }
  return parameters;
}

function algorithmOf(parameters: ReadonlyMap<string, string>): string | undefined {
  return hashes[(parameters.get('algorithm') ?? 'MD5').toLowerCase().replace(/-sess$/, '')];
}

/** Answers challenges for one connection; remembers the last one, so that later requests carry their answer at once. */
export class Authenticator {
  readonly #credentials: Credentials;
  readonly #newNonce: () => string;
  #challenge: Challenge | undefined;
  #uses = 0;

  /** @param newNonce a client nonce; random unless a test says otherwise */
  constructor(credentials: Credentials, newNonce: () => string = () => randomBytes(8).toString('hex')) {
    this.#credentials = credentials;
    this.#newNonce = newNonce;
  }

  /**
   * Takes the challenges of a 401. False when answering again is of no use: the same sign-in was refused before, and the
   * nonce was not merely too old.
   */
  challenged(values: readonly string[]): boolean {
    const challenges = readChallenges(values);
    const digests = challenges.filter(({ scheme }) => scheme === 'digest');
    const best = digests.find(({ parameters }) => algorithmOf(parameters) === 'sha256') ?? digests[0] ?? challenges[0];
    if (!best) return false;
    const before = this.#challenge;
    const stale = best.parameters.get('stale')?.toLowerCase() === 'true';
    const renewed = before?.scheme === 'digest' && best.parameters.get('nonce') !== before.parameters.get('nonce');
    // Some cameras give a new nonce and forget to call the old one stale: one more try, but never for a first refusal.
    if (before && !stale && !(renewed && this.#uses > 1)) return false;
    this.#challenge = best;
    this.#uses = 0;
    return true;
  }

  /** The Authorization header of a request; undefined before the first challenge. */
  authorization(method: string, url: string): string | undefined {
    const { username, password } = this.#credentials;
    if (!this.#challenge) return undefined;
    this.#uses++;
    if (this.#challenge.scheme === 'basic') {
      return `Basic ${Buffer.from(`${username}:${password.reveal()}`).toString('base64')}`;
    }
    return this.#digest(method, url, this.#challenge.parameters);
  }

  #digest(method: string, url: string, parameters: ReadonlyMap<string, string>): string {
    const { username, password } = this.#credentials;
    const algorithm = parameters.get('algorithm');
    const hash = (text: string) =>
      createHash(algorithmOf(parameters) ?? 'md5')
        .update(text)
        .digest('hex');
    const realm = parameters.get('realm') ?? '';
    const nonce = parameters.get('nonce') ?? '';
    const withQop =
      parameters
        .get('qop')
        ?.split(/\s*,\s*/)
        .includes('auth') === true;
    const cnonce = this.#newNonce();
    const count = this.#uses.toString(16).padStart(8, '0');
    const session = algorithm?.toLowerCase().endsWith('-sess') === true;
    const plain = hash(`${username}:${realm}:${password.reveal()}`);
    const secret = session ? hash(`${plain}:${nonce}:${cnonce}`) : plain;
    const what = hash(`${method}:${url}`);
    const response = withQop
      ? hash(`${secret}:${nonce}:${count}:${cnonce}:auth:${what}`)
      : hash(`${secret}:${nonce}:${what}`);
    return `Digest ${[
      `username="${quoted(username)}"`,
      `realm="${quoted(realm)}"`,
      `nonce="${quoted(nonce)}"`,
      `uri="${url}"`,
      `response="${response}"`,
      ...(algorithm === undefined ? [] : [`algorithm=${algorithm}`]),
      ...(parameters.has('opaque') ? [`opaque="${quoted(parameters.get('opaque') ?? '')}"`] : []),
      ...(withQop ? ['qop=auth', `nc=${count}`] : []),
      ...(withQop || session ? [`cnonce="${cnonce}"`] : []),
    ].join(', ')}`;
  }
}

function quoted(text: string): string {
  return text.replace(/["\\]/g, '\\$&');
}
