// Failed: what did not work, why, the code, what to do, and the details to pass on. Problems never contain secrets.
import { useSignal } from '@preact/signals';
import type { Problem } from '../../shared/camera-status.ts';
import { adviceFor } from '../words/advice.ts';

type FailedProps = { what: string; problem: Problem; onRetry?: (() => void) | undefined };

export function Failed({ what, problem, onRetry }: FailedProps) {
  return (
    <section class="state panel" role="alert" data-view="failed">
      <h2>{what}</h2>
      <p>{problem.message}</p>
      <p>{adviceFor(problem.code)}</p>
      <p class="soft small">
        Code: <code>{problem.code}</code>
      </p>
      <div class="actions">
        {onRetry && (
          <button type="button" class="primary" onClick={onRetry}>
            Try again
          </button>
        )}
        <CopyDetails text={`${what} — ${problem.message} (${problem.code}) at ${location.pathname}`} />
      </div>
    </section>
  );
}

function CopyDetails({ text }: { text: string }) {
  const word = useSignal('Copy details');
  // Browsers offer the clipboard only over HTTPS or on this machine.
  if (!navigator.clipboard) return null;
  const copy = async () => {
    const copied = await navigator.clipboard.writeText(text).then(
      () => true,
      () => false,
    );
    word.value = copied ? 'Copied' : 'The browser did not allow it';
  };
  return (
    <button type="button" onClick={copy}>
      {word}
    </button>
  );
}
