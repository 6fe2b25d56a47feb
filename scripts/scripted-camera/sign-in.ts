// Who may watch: basic and digest authentication as cameras do it (RFC 7616 without and with qop, MD5 and SHA-256).
import { createHash, randomBytes } from 'node:crypto';
import type { RtspAnswer, RtspRequest } from './rtsp-message.ts';

export type SignInOptions = {
  user: string;
  password: string;
  /** Offered in this order. */
  schemes: readonly ('basic' | 'digest')[];
  algorithm?: 'MD5' | 'SHA-256';
  qop?: boolean;
};

const realm = 'Scripted Camera';

export class SignIn {
  readonly #options: SignInOptions;
  #nonce = newNonce();
  readonly #formerNonces = new Set<string>();

  constructor(options: SignInOptions) {
    this.#options = options;
  }

  /** From now on the nonce that was given is answered with `stale=true`. */
  renewNonce(): void {
    this.#formerNonces.add(this.#nonce);
    this.#nonce = newNonce();
  }

  /** The answer that turns the request away, or undefined when it may pass. */
  refusal({ method, headers }: RtspRequest): RtspAnswer | undefined {
    const { user, password, schemes } = this.#options;
    const given = headers.get('authorization') ?? '';
    const basic = `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
    if (schemes.includes('basic') && given === basic) return undefined;
    if (!schemes.includes('digest') || !given.startsWith('Digest ')) return this.#challenge(false);
    const fields = digestFields(given);
    const isRight = this.#isRight(fields, method);
    if (isRight && fields.get('nonce') === this.#nonce) return undefined;
    return this.#challenge(isRight && this.#formerNonces.has(fields.get('nonce') ?? ''));
  }

  #isRight(fields: ReadonlyMap<string, string>, method: string): boolean {
    const { user, password } = this.#options;
    const field = (name: string) => fields.get(name) ?? '';
    const secret = this.#hash(`${user}:${realm}:${password}`);
    const asked = this.#hash(`${method}:${field('uri')}`);
    const counted = fields.has('qop') ? `:${field('nc')}:${field('cnonce')}:${field('qop')}` : '';
    return field('response') === this.#hash(`${secret}:${field('nonce')}${counted}:${asked}`);
  }

  #hash(text: string): string {
    return createHash(this.#options.algorithm === 'SHA-256' ? 'sha256' : 'md5')
      .update(text)
      .digest('hex');
  }

  #challenge(stale: boolean): RtspAnswer {
    const { schemes, algorithm, qop } = this.#options;
    const digest = [
      `Digest realm="${realm}", nonce="${this.#nonce}"`,
      ...(algorithm ? [`algorithm=${algorithm}`] : []),
      ...(qop ? ['qop="auth"'] : []),
      ...(stale ? ['stale=true'] : []),
    ].join(', ');
    const offers = schemes.map(scheme => (scheme === 'basic' ? `Basic realm="${realm}"` : digest));
    // Two headers of one name, written as one entry.
    return { status: 401, headers: { 'WWW-Authenticate': offers.join('\r\nWWW-Authenticate: ') } };
  }
}

function newNonce(): string {
  return randomBytes(16).toString('hex');
}

function digestFields(header: string): Map<string, string> {
  const matches = header.matchAll(/(\w+)=(?:"([^"]*)"|([^\s,]+))/g);
  return new Map([...matches].map(([, name = '', quoted, plain = '']) => [name, quoted ?? plain]));
}
