// Who may play what: session tokens. A token is the only key to a session, so it cannot be guessed and it expires.
// Kept in memory: after a restart of the server players ask for a new session, as they do when one expires.
import { randomBytes } from 'node:crypto';
import type { Clock } from '../../clock.ts';
import type { Session } from './session.ts';

/** Sessions kept at once; the oldest gives way. */
const maxSessions = 1000;
/** Fragments listed in all of them, some hundred bytes each; again the oldest gives way. */
const maxListed = 500_000;
/** How long a token is remembered as expired, so that a player is told why it was refused. */
const rememberExpiredMs = 3_600_000;

/** Without its session once it has expired. */
type Entry<Kind> = { session: Kind | undefined; expiresAtMs: number };

export class Sessions<Kind extends Session = Session> {
  readonly #clock: Clock;
  readonly #entries = new Map<string, Entry<Kind>>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** @returns the token */
  add(session: Kind): string {
    this.#makeRoom(1);
    const token = `${randomBytes(96).toString('base64url')}~`;
    const expiresAtMs = this.#clock.monotonicMs() + session.settings.lifetimeMs;
    this.#entries.set(token, { session, expiresAtMs });
    return token;
  }

  find(token: string): Kind | 'expired' | 'unknown' {
    // Sessions list more as they are played.
    this.#makeRoom(0);
    const entry = this.#entries.get(token);
    if (!entry) return 'unknown';
    return entry.session ?? 'expired';
  }

  #makeRoom(coming: number): void {
    const nowMs = this.#clock.monotonicMs();
    let listed = 0;
    for (const [token, entry] of this.#entries) {
      if (entry.expiresAtMs <= nowMs) entry.session = undefined;
      if (entry.expiresAtMs + rememberExpiredMs < nowMs) this.#entries.delete(token);
      else listed += listedIn(entry);
    }
    for (const [token, entry] of this.#entries) {
      if (this.#entries.size + coming <= maxSessions && listed <= maxListed) break;
      this.#entries.delete(token);
      listed -= listedIn(entry);
    }
  }
}

function listedIn({ session }: Entry<Session>): number {
  return session?.timeline.entries.length ?? 0;
}
