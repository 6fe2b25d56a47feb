// Step 2: the user and the password of the cameras, one for all or each its own, and in words what became of it.
import type { TargetedSubmitEvent } from 'preact';
import { useId } from 'preact/hooks';
import { StatusWord } from '../states/status-word.tsx';
import { countWords } from '../words/ages.ts';
import { signInVerdict } from '../words/check-words.ts';
import type { StatusWords } from '../words/status.ts';
import { type AddFlow, isDenied, type SignIn } from './add-flow.ts';
import type { Draft } from './draft.ts';

export function SignInStep({ flow }: { flow: AddFlow }) {
  const drafts = flow.drafts.value;
  const busy = flow.isChecking.value;
  const denied = drafts.filter(isDenied);
  const begun = drafts.some(({ check }) => check.at !== 'none');
  // Those that let us in keep what they were given.
  const asked = denied.length > 0 ? denied : drafts;
  const keys = asked.map(({ candidate }) => candidate.key);
  const isAsking = !begun || (!busy && denied.length > 0);
  return (
    <>
      {isAsking && (
        <SignInForm
          username={asked[0]?.username ?? ''}
          action={keys.length === 1 ? 'Sign in and check' : `Sign in to ${keys.length} and check`}
          hint={
            denied.length > 0
              ? `${countWords(denied.length, 'camera')} did not take it. Some cameras lock the account after a few wrong passwords.`
              : 'Cameras that ask for no password: leave both empty. It is sent to the chosen cameras only.'
          }
          busy={busy}
          onSignIn={signIn => void flow.signIn(keys, signIn)}
        />
      )}
      <p role="status" class="soft small">
        {busy && `Checking ${doneCount(drafts) + 1} of ${drafts.length}: each takes about ten seconds.`}
      </p>
      <ul class="sign-ins" aria-label="Sign-in of each camera">
        {drafts.map(draft => (
          <SignInRow key={draft.candidate.key} flow={flow} draft={draft} isAskedAbove={isAsking && keys.length === 1} />
        ))}
      </ul>
      {begun && !busy && denied.length === 0 && (
        <div class="actions">
          <button
            type="button"
            class="primary"
            onClick={() => {
              flow.step.value = 'check';
            }}
          >
            Go on
          </button>
        </div>
      )}
    </>
  );
}

function doneCount(drafts: readonly Draft[]): number {
  return Math.min(drafts.length - 1, drafts.filter(({ check }) => check.at === 'done' || check.at === 'failed').length);
}

type SignInRowProps = { flow: AddFlow; draft: Draft; isAskedAbove: boolean };

function SignInRow({ flow, draft, isAskedAbove }: SignInRowProps) {
  const { candidate, username, check } = draft;
  const isFree = check.at !== 'waiting' && check.at !== 'running';
  return (
    <li data-sign-in={candidate.key}>
      <div class="row-head">
        <strong>{candidate.title}</strong>
        <span class="soft small">{candidate.address}</span>
        <StatusWord {...stateWords(draft)} />
        {isFree && isDenied(draft) && (
          <button type="button" class="quiet" onClick={() => flow.leaveOut(candidate.key)}>
            Leave it out
          </button>
        )}
      </div>
      {check.at === 'failed' && <p class="small problem">{check.problem.message}</p>}
      {!isAskedAbove && isFree && (
        <details>
          <summary class="small">Another sign-in for this one</summary>
          <SignInForm
            username={username}
            action="Sign in and check"
            busy={false}
            onSignIn={signIn => void flow.signIn([candidate.key], signIn)}
          />
        </details>
      )}
    </li>
  );
}

function stateWords({ check, username }: Draft): StatusWords {
  switch (check.at) {
    case 'none':
      return { status: 'waiting', words: 'Not tried yet' };
    case 'waiting':
      return { status: 'waiting', words: 'Waits for its turn' };
    case 'running':
      return { status: 'waiting', words: 'Signing in and checking…' };
    case 'failed':
      return { status: 'failed', words: 'Not checked' };
    case 'done':
      return signInVerdict(check.check, { signedIn: username !== '' });
  }
}

type SignInFormProps = {
  username: string;
  action: string;
  hint?: string;
  busy: boolean;
  onSignIn: (signIn: SignIn) => void;
};

function SignInForm({ username, action, hint, busy, onSignIn }: SignInFormProps) {
  const id = useId();
  const submit = (event: TargetedSubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = event.currentTarget;
    const data = new FormData(form);
    onSignIn({ username: String(data.get('camera-user')).trim(), password: String(data.get('camera-password')) });
    const password = form.elements.namedItem('camera-password');
    if (password instanceof HTMLInputElement) password.value = '';
  };
  return (
    <form class="sign-in-form" onSubmit={submit}>
      <label for={`${id}-user`}>
        User
        <input
          id={`${id}-user`}
          name="camera-user"
          type="text"
          autocomplete="off"
          autocapitalize="none"
          spellcheck={false}
          defaultValue={username}
        />
      </label>
      <label for={`${id}-password`}>
        Password
        {/* Not the console's own password, which a browser would fill in here. */}
        <input id={`${id}-password`} name="camera-password" type="password" autocomplete="new-password" />
      </label>
      <button type="submit" class="primary" disabled={busy}>
        {action}
      </button>
      {hint && <p class="soft small">{hint}</p>}
    </form>
  );
}
