// Sign-in. The first-run password is printed by the agent where it was started; this page says so.
import { useSignal } from '@preact/signals';
import type { TargetedSubmitEvent } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { ApiFailure, signIn } from '../link/agent-api.ts';
import { enter } from '../link/session.ts';
import './sign-in.css';

export function SignInPage({ ended }: { ended: boolean }) {
  const problem = useSignal('');
  const busy = useSignal(false);
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => field.current?.focus(), []);

  const submit = async (event: TargetedSubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    busy.value = true;
    try {
      await signIn(field.current?.value ?? '');
      enter();
    } catch (error) {
      problem.value = signInProblem(error);
      busy.value = false;
      field.current?.select();
    }
  };

  return (
    <main class="sign-in">
      <form class="panel" onSubmit={submit}>
        <h1>Sign in</h1>
        {ended && <p class="note">Your session has ended. Sign in to go on where you were.</p>}
        {/* There is one user; password managers still want a name to file the password under. */}
        <input type="text" name="username" autocomplete="username" value="owner" readOnly hidden />
        <label for="password">Password</label>
        <input
          id="password"
          ref={field}
          type="password"
          autocomplete="current-password"
          required
          aria-invalid={problem.value !== ''}
          aria-describedby="sign-in-problem password-from"
        />
        <p id="sign-in-problem" class="problem" role="alert">
          {problem}
        </p>
        <button type="submit" class="primary" disabled={busy.value}>
          {busy.value ? 'Signing in…' : 'Sign in'}
        </button>
        <p id="password-from" class="soft small">
          On its first run the agent makes a password and prints it once in the terminal it was started from, or in its
          log.
        </p>
      </form>
    </main>
  );
}

function signInProblem(error: unknown): string {
  if (!(error instanceof ApiFailure)) return 'Something unexpected went wrong. Reload the page and try again.';
  if (error.status === 401) return 'That is not the password.';
  // Too many tries (429) among others: the agent's own words say how long to wait.
  return error.message;
}
