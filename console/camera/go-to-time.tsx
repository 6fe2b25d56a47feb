// A form to choose a moment by date and time.
import type { TargetedSubmitEvent } from 'preact';
import { useRef } from 'preact/hooks';
import { agentNowMs } from '../link/agent-clock.ts';
import { localInputValue } from '../words/clock-times.ts';

export function GoToTime({ atMs, goTo }: { atMs: number | undefined; goTo: (atMs: number) => void }) {
  const field = useRef<HTMLInputElement>(null);
  const submit = (event: TargetedSubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    // Without a zone the browser reads it as the viewer's local time, which is what the field shows.
    const chosen = Date.parse(field.current?.value ?? '');
    if (!Number.isNaN(chosen)) goTo(chosen);
  };
  const now = agentNowMs();
  return (
    <form class="go-to-time" onSubmit={submit}>
      <label class="for-screen-readers" for="go-to">
        Go to date and time
      </label>
      <input
        id="go-to"
        key={atMs}
        ref={field}
        type="datetime-local"
        step="1"
        required
        max={localInputValue(now)}
        defaultValue={localInputValue(atMs ?? now)}
      />
      <button type="submit">Go</button>
    </form>
  );
}
