// Signing in to the console: one password for the site, one session for each browser.
import { join } from 'node:path';
import type { Clock } from '../clock.ts';
import { AgentError } from '../errors.ts';
import type { Secret } from '../secret.ts';
import { newPassword, type Password, readPassword, writePassword } from './password.ts';
import { Sessions } from './sessions.ts';

export type Auth = {
  /** The token of a new session; `undefined` when the password is wrong. */
  signIn(password: string): Promise<string | undefined>;
  isSignedIn(token: string): boolean;
  signOut(token: string): Promise<void>;
};

/**
 * `created` is the password when this is the first start: show it once, it is stored nowhere.
 * Throws AgentError `disk-*` when `dataDir` cannot be used.
 */
export async function openAuth({
  dataDir,
  clock,
}: {
  dataDir: string;
  clock: Clock;
}): Promise<{ auth: Auth; created?: Secret }> {
  const stored = await readPassword(passwordFile(dataDir));
  const created = stored ? undefined : newPassword();
  if (created) await setPassword(dataDir, created);
  const password = stored ?? (await readPassword(passwordFile(dataDir)));
  if (!password) throw new TypeError(`${passwordFile(dataDir)} vanished while the agent was starting`);
  const sessions = await Sessions.open({
    file: join(dataDir, 'console-sessions.json'),
    clock,
    passwordId: password.id,
  });
  return { auth: new SiteAuth(password, sessions), ...(created ? { created } : {}) };
}

/**
 * From the agent's next start on only this password opens the console, and every session has ended. Setting the
 * password that holds already changes nothing. Throws AgentError `settings-invalid` for a bad one, or `disk-*`.
 */
export async function setPassword(dataDir: string, password: Secret): Promise<void> {
  const { length } = password.reveal();
  if (length < 12 || length > 1024)
    throw new AgentError({
      code: 'settings-invalid',
      kind: 'invalid',
      retry: 'never',
      message: 'The console password must have 12 to 1024 characters.',
    });
  // A damaged file is what setting a new password mends.
  const stored = await readPassword(passwordFile(dataDir)).catch(() => undefined);
  if (await stored?.matches(password.reveal())) return;
  await writePassword(passwordFile(dataDir), password);
}

function passwordFile(dataDir: string): string {
  return join(dataDir, 'console-password.json');
}

class SiteAuth implements Auth {
  readonly #password: Password;
  readonly #sessions: Sessions;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(password: Password, sessions: Sessions) {
    this.#password = password;
    this.#sessions = sessions;
  }

  async signIn(password: string): Promise<string | undefined> {
    // One at a time: each takes 16 MiB and a tenth of a second of a small device's processor.
    const matches = this.#turn.then(() => this.#password.matches(password));
    this.#turn = matches.catch(() => undefined);
    return (await matches) ? this.#sessions.begin() : undefined;
  }

  isSignedIn(token: string): boolean {
    return this.#sessions.use(token);
  }

  signOut(token: string): Promise<void> {
    return this.#sessions.end(token);
  }
}
