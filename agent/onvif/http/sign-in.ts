// The HTTP sign-in of one kind of request to one camera: remembers what was asked for and how often a nonce was used.
// A password is offered once: only a nonce that the camera calls too old lets it be offered again.
import { randomBytes } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { authorization, type Challenge, type Credentials, nextNonce, readChallenges } from '../../sign-in/challenge.ts';

export type SignInPolicy = {
  credentials: Credentials;
  /** Whether the password may leave as it is: the connection is encrypted, or the user allows it. */
  allowBasic: boolean;
};

export type Asked = 'digest' | 'basic' | 'basic-not-allowed' | 'nothing-known';

export class HttpSignIn {
  readonly #policy: SignInPolicy;
  #challenge: Challenge | undefined;
  #count = 0;

  constructor(policy: SignInPolicy) {
    this.#policy = policy;
  }

  /** Takes what an answer of status 401 asks for. */
  learn(headers: IncomingHttpHeaders): Asked {
    const challenges = readChallenges([headers['www-authenticate'] ?? '']);
    const usable = challenges.find(({ scheme }) => scheme === 'digest' || this.#policy.allowBasic);
    if (!usable) return challenges.length > 0 ? 'basic-not-allowed' : 'nothing-known';
    this.#challenge = usable;
    this.#count = 0;
    return usable.scheme;
  }

  /** Whether what was learnt last says that only the nonce was too old. */
  get isStale(): boolean {
    return this.#challenge?.scheme === 'digest' && this.#challenge.stale;
  }

  get isReady(): boolean {
    return this.#challenge !== undefined;
  }

  /** The value of Authorization; undefined before anything was asked for. */
  authorize(method: string, uri: string): string | undefined {
    if (!this.#challenge) return undefined;
    this.#count++;
    const cnonce = randomBytes(8).toString('hex');
    return authorization(this.#challenge, { ...this.#policy.credentials, method, uri, count: this.#count, cnonce });
  }

  /** Takes the next nonce of an answer that accepted the sign-in. */
  accepted(headers: IncomingHttpHeaders): void {
    const info = headers['authentication-info'];
    const nonce = nextNonce(typeof info === 'string' ? info : undefined);
    if (nonce === undefined || this.#challenge?.scheme !== 'digest') return;
    this.#challenge = { ...this.#challenge, nonce };
    this.#count = 0;
  }
}
