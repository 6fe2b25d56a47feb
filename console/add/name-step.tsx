// Step 4: what each camera is called, where its video goes, and the writing; then what has arrived of each.
import type { TargetedSubmitEvent } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { countWords } from '../words/ages.ts';
import { type AddFlow, takenIds } from './add-flow.ts';
import { AddedRows } from './added-rows.tsx';
import { type Draft, idProblem } from './draft.ts';
import { NameFields } from './name-fields.tsx';

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
            <NameFields key={draft.candidate.key} flow={flow} draft={draft} problem={nameProblem(draft, drafts)} />
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
