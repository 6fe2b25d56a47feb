// Sign-in of RTSP: Basic and Digest. The password goes on the wire only as Basic, when the camera offers nothing better.
import { randomBytes } from 'node:crypto';
import { authorization, type Challenge, type Credentials, readChallenges } from '../sign-in/challenge.ts';

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
    const [best] = readChallenges(values);
    if (!best) return false;
    const before = this.#challenge;
    const stale = best.scheme === 'digest' && best.stale;
    const renewed = before?.scheme === 'digest' && best.scheme === 'digest' && best.nonce !== before.nonce;
    // Some cameras give a new nonce and forget to call the old one stale: one more try, but never for a first refusal.
    if (before && !stale && !(renewed && this.#uses > 1)) return false;
    this.#challenge = best;
    this.#uses = 0;
    return true;
  }

  /** The Authorization header of a request; undefined before the first challenge. */
  authorization(method: string, url: string): string | undefined {
    if (!this.#challenge) return undefined;
    this.#uses++;
    const use = { method, uri: url, count: this.#uses, cnonce: this.#newNonce() };
    return authorization(this.#challenge, { ...this.#credentials, ...use });
  }
}
