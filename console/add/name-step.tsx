// Step 4: what each camera is called, where its video goes, and the writing; then what has arrived of each.
import type { TargetedSubmitEvent } from 'preact';
import { useEffect, useId, useRef } from 'preact/hooks';
import { fleet } from '../link/fleet.ts';
import { countWords } from '../words/ages.ts';
import { type AddFlow, takenIds } from './add-flow.ts';
import { AddedRows } from './added-rows.tsx';
import { type Draft, idProblem } from './draft.ts';

export function NameStep({ flow }: { flow: AddFlow }) {
  const drafts = flow.drafts.value;
  const form = useRef<HTMLFormElement>(null);
  const added = drafts.filter(draft => draft.added.at === 'added');
  const open = drafts.filter(draft => draft.added.at !== 'added');
  const submit = (event: TargetedSubmitEvent<HTMLFormElement>) => {
    event.preventDefault();
    if (open.some(draft => nameProblem(draft, drafts) !== undefined)) {
      form.current?.querySelector<HTMLInputElement>('[aria-invalid=true]')?.focus();
      return;
    }
    void flow.add();
  };
  return (
    <>
      {open.length > 0 && (
        <form ref={form} class="names" onSubmit={submit}>
          {open.map(draft => (
            <NameFields key={draft.candidate.key} flow={flow} draft={draft} drafts={drafts} />
          ))}
          <div class="actions">
            <button type="submit" class="primary" disabled={flow.adding.value === 'running'}>
              {flow.adding.value === 'running' ? 'Adding…' : `Add ${countWords(open.length, 'camera')}`}
            </button>
          </div>
        </form>
      )}
      {flow.adding.value === 'done' && <AddedNote count={added.length} />}
      {added.length > 0 && <AddedRows ids={added.map(({ id }) => id)} />}
      {flow.adding.value === 'done' && (
        <div class="actions">
          <a class="button primary" href="/">
            See the cameras
          </a>
          <button type="button" onClick={() => flow.startAnew()}>
            Add more cameras
          </button>
        </div>
      )}
    </>
  );
}

/** Takes the focus over from the button that is gone. */
function AddedNote({ count }: { count: number }) {
  const note = useRef<HTMLParagraphElement>(null);
  useEffect(() => note.current?.focus(), []);
  return (
    <p ref={note} tabIndex={-1}>
      {count === 1 ? 'It is' : 'They are'} in the settings, and {count === 1 ? 'records' : 'record'} from now on:
    </p>
  );
}

function nameProblem(draft: Draft, drafts: readonly Draft[]): string | undefined {
  const others = drafts.filter(({ candidate }) => candidate.key !== draft.candidate.key).map(({ id }) => id);
  return idProblem(draft.id, new Set([...takenIds(), ...others]));
}

function streamNote({ id, stream }: Draft): string {
  const name = stream === '' ? id : stream;
  const other = fleet.value?.cameras.find(camera => camera.stream === name && camera.id !== id);
  if (other) return `${other.id} sends to this stream already: two cameras in one stream cannot be told apart.`;
  return 'The Kinesis video stream; it is created when it is missing. Left empty: the name.';
}

type NameFieldsProps = { flow: AddFlow; draft: Draft; drafts: readonly Draft[] };

function NameFields({ flow, draft, drafts }: NameFieldsProps) {
  const { candidate, id, stream, audio, labels, added, check } = draft;
  const { key, title, address } = candidate;
  const at = useId();
  const change = (change: Partial<Draft>) => flow.change(key, change);
  const problem = nameProblem(draft, drafts);
  const hasSound = check.at === 'done' && check.check.facts.stream?.audio !== undefined;
  return (
    <fieldset class="name-fields" data-name={key} disabled={flow.adding.value === 'running'}>
      <legend>
        {title} <span class="soft small">{address}</span>
      </legend>
      <div class="field">
        <label for={`${at}-id`}>Name</label>
        <input
          id={`${at}-id`}
          type="text"
          value={id}
          autocapitalize="none"
          autocomplete="off"
          spellcheck={false}
          aria-invalid={problem !== undefined}
          aria-describedby={`${at}-id-problem`}
          onInput={({ currentTarget }) => change({ id: currentTarget.value })}
        />
        <span id={`${at}-id-problem`} class="small problem">
          {problem}
        </span>
      </div>
      <div class="field">
        <label for={`${at}-stream`}>Stream</label>
        <input
          id={`${at}-stream`}
          type="text"
          value={stream}
          placeholder={id}
          autocomplete="off"
          spellcheck={false}
          pattern="[a-zA-Z0-9_.\-]{1,256}"
          title="Letters, digits, _ . and -"
          aria-describedby={`${at}-stream-note`}
          onInput={({ currentTarget }) => change({ stream: currentTarget.value })}
        />
        <span id={`${at}-stream-note`} class="small soft">
          {streamNote(draft)}
        </span>
      </div>
      <label class="tick">
        <input
          type="checkbox"
          checked={audio && hasSound}
          disabled={!hasSound}
          onChange={({ currentTarget }) => change({ audio: currentTarget.checked })}
        />
        <span>{hasSound ? 'Record its sound' : 'It sends no sound that could be recorded'}</span>
      </label>
      <label class="tick">
        <input
          type="checkbox"
          checked={labels}
          onChange={({ currentTarget }) => change({ labels: currentTarget.checked })}
        />
        <span>
          Label what it sees: people, cars and more.{' '}
          <span class="soft small">Each picture with motion costs money, about 1 US$ per 1,000.</span>
        </span>
      </label>
      {added.at === 'refused' && (
        <p class="problem" role="alert">
          {added.problem.message}
        </p>
      )}
    </fieldset>
  );
}
