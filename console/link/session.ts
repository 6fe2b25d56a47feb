// Whether someone is signed in. The address bar is left alone meanwhile, so that signing in leads back to where one was.
import { signal } from '@preact/signals';
import { ApiFailure, checkSession, onSignedOut, signOut } from './agent-api.ts';
import { forgetFleet } from './fleet.ts';
import { followAgent } from './live-events.ts';

export type Session =
  | { at: 'checking' }
  | { at: 'in' }
  /** `ended` when a session was lost rather than never begun. */
  | { at: 'out'; ended: boolean }
  | { at: 'unreachable' };

const RECHECK_MS = 3000;

export const session = signal<Session>({ at: 'checking' });

let following = new AbortController();

/** Asks the agent whether the browser's cookie is still good; keeps asking while the agent does not answer. */
export async function beginSession(): Promise<void> {
  onSignedOut(() => leave(session.value.at === 'in'));
  try {
    await checkSession();
    enter();
  } catch (error) {
    if (error instanceof ApiFailure && error.status === 401) return;
    session.value = { at: 'unreachable' };
    setTimeout(beginSession, RECHECK_MS);
  }
}

/** Takes the session as good and starts to follow the agent. */
export function enter(): void {
  following.abort();
  following = new AbortController();
  session.value = { at: 'in' };
  void followAgent(following.signal);
}

/** Signs out; the console is left even when the agent could not be told. */
export async function endSession(): Promise<void> {
  await signOut().catch(() => {});
  leave(false);
}

function leave(ended: boolean): void {
  if (session.value.at === 'out') return;
  following.abort();
  forgetFleet();
  session.value = { at: 'out', ended };
}
