// What is chosen for one camera before it is added: its name, its stream, its sound, labels.
import type { ComponentChildren } from 'preact';
import { useId } from 'preact/hooks';
import { fleet } from '../link/fleet.ts';
import type { AddFlow } from './add-flow.ts';
import type { Draft } from './draft.ts';

type NameFieldsProps = {
  flow: AddFlow;
  draft: Draft;
  /** Why its name cannot be used. */
  problem: string | undefined;
};

export function NameFields({ flow, draft, problem }: NameFieldsProps) {
  const { candidate, audio, labels, added, check } = draft;
  const { key, title, address } = candidate;
  const change = (change: Partial<Draft>) => flow.change(key, change);
  const hasSound = check.at === 'done' && check.check.facts.stream?.audio !== undefined;
  return (
    <fieldset class="name-fields" data-name={key} disabled={flow.adding.value === 'running'}>
      <legend>
        {title} <span class="soft small">{address}</span>
      </legend>
      <IdField draft={draft} problem={problem} change={change} />
      <StreamField draft={draft} change={change} />
      <Tick checked={audio && hasSound} disabled={!hasSound} onChange={isChosen => change({ audio: isChosen })}>
        {hasSound ? 'Record its sound' : 'It sends no sound that could be recorded'}
      </Tick>
      <Tick checked={labels} onChange={isChosen => change({ labels: isChosen })}>
        Label what it sees: people, cars and more.{' '}
        <span class="soft small">Each picture with motion costs money, about 1 US$ per 1,000.</span>
      </Tick>
      {added.at === 'refused' && (
        <p class="problem" role="alert">
          {added.problem.message}
        </p>
      )}
    </fieldset>
  );
}

type FieldProps = { draft: Draft; change: (change: Partial<Draft>) => void };

function IdField({ draft, problem, change }: FieldProps & { problem: string | undefined }) {
  const at = useId();
  return (
    <div class="field">
      <label for={at}>Name</label>
      <input
        id={at}
        type="text"
        value={draft.id}
        autocapitalize="none"
        autocomplete="off"
        spellcheck={false}
        aria-invalid={problem !== undefined}
        aria-describedby={`${at}-problem`}
        onInput={({ currentTarget }) => change({ id: currentTarget.value })}
      />
      <span id={`${at}-problem`} class="small problem">
        {problem}
      </span>
    </div>
  );
}

function StreamField({ draft, change }: FieldProps) {
  const at = useId();
  return (
    <div class="field">
      <label for={at}>Stream</label>
      <input
        id={at}
        type="text"
        value={draft.stream}
        placeholder={draft.id}
        autocomplete="off"
        spellcheck={false}
        pattern="[a-zA-Z0-9_.\-]{1,256}"
        title="Letters, digits, _ . and -"
        aria-describedby={`${at}-note`}
        onInput={({ currentTarget }) => change({ stream: currentTarget.value })}
      />
      <span id={`${at}-note`} class="small soft">
        {streamNote(draft)}
      </span>
    </div>
  );
}

function streamNote({ id, stream }: Draft): string {
  const name = stream === '' ? id : stream;
  const other = fleet.value?.cameras.find(camera => camera.stream === name && camera.id !== id);
  if (other) return `${other.id} sends to this stream already: two cameras in one stream cannot be told apart.`;
  return 'The Kinesis video stream; it is created when it is missing. Left empty: the name.';
}

type TickProps = {
  checked: boolean;
  disabled?: boolean;
  onChange: (isChosen: boolean) => void;
  children: ComponentChildren;
};

function Tick({ checked, disabled = false, onChange, children }: TickProps) {
  return (
    <label class="tick">
      <input
        type="checkbox"
        checked={checked}
        disabled={disabled}
        onChange={({ currentTarget }) => onChange(currentTarget.checked)}
      />
      <span>{children}</span>
    </label>
  );
}
