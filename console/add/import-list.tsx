// Many cameras at once, from a spreadsheet's CSV: first what would become of each row, then the writing.
import { useSignal } from '@preact/signals';
import type { ImportedRow } from '../../shared/camera-edits.ts';
import { StatusWord } from '../states/status-word.tsx';
import { countWords } from '../words/ages.ts';
import { AddedRows } from './added-rows.tsx';
import { type ListState, useImportAsking } from './import-asking.ts';

export function ImportList() {
  const { state, field, ask } = useImportAsking();
  const now = state.value;
  return (
    <details class="panel" data-list={now.at}>
      <summary>Paste a list</summary>
      <form
        onSubmit={event => {
          event.preventDefault();
          void ask('try');
        }}
      >
        <label for="list">Rows of a spreadsheet or a CSV file; the first names the columns</label>
        <textarea
          id="list"
          ref={field}
          rows={5}
          spellcheck={false}
          autocomplete="off"
          aria-describedby="list-problem"
          placeholder={'id,url,username,password\ngate,rtsp://10.0.0.30/1,admin,secret'}
          onInput={() => {
            state.value = { at: 'editing' };
          }}
        />
        <FileChoice
          onText={text => {
            if (field.current) field.current.value = text;
            void ask('try');
          }}
        />
        <p id="list-problem" class="problem small" role="alert">
          {now.at === 'editing' && now.problem?.message}
        </p>
        {'rows' in now && <Outcomes rows={now.rows} />}
        <Actions state={now} onAdd={() => void ask('add')} />
      </form>
      {now.at === 'added' && (
        <AddedRows ids={now.rows.filter(({ outcome }) => outcome === 'added').flatMap(({ id }) => id ?? [])} />
      )}
    </details>
  );
}

function Actions({ state, onAdd }: { state: ListState; onAdd: () => void }) {
  const rows = state.at === 'tried' ? state.rows : [];
  const good = rows.filter(({ outcome }) => outcome === 'good').length;
  return (
    <div class="actions">
      <button type="submit" disabled={state.at === 'asking'}>
        {state.at === 'asking' ? 'Looking at it…' : 'Look at the list'}
      </button>
      {good > 0 && (
        <button type="button" class="primary" onClick={onAdd}>
          {good === rows.length ? `Add ${countWords(good, 'camera')}` : `Add ${good} of ${rows.length}`}
        </button>
      )}
    </div>
  );
}

const LARGEST_FILE_BYTES = 1_000_000;

function FileChoice({ onText }: { onText: (text: string) => void }) {
  const problem = useSignal('');
  return (
    <p class="file-choice small">
      <label for="list-file">or choose a file </label>
      <input
        id="list-file"
        type="file"
        accept=".csv,.txt,text/csv"
        onChange={async ({ currentTarget }) => {
          const file = currentTarget.files?.[0];
          currentTarget.value = '';
          problem.value = file && file.size > LARGEST_FILE_BYTES ? 'This file is too large for a list of cameras.' : '';
          if (file && problem.value === '') onText(await file.text());
        }}
      />
      <span class="problem" role="alert">
        {problem}
      </span>
    </p>
  );
}

function Outcomes({ rows }: { rows: readonly ImportedRow[] }) {
  const bad = rows.filter(({ outcome }) => outcome === 'refused').length;
  const words = bad === 0 ? `All ${rows.length} rows are good` : `${countWords(bad, 'row')} cannot be added`;
  return (
    <>
      <p role="status">
        <StatusWord status={bad === 0 ? 'ok' : 'attention'} words={words} />
      </p>
      <table class="outcomes small">
        <thead>
          <tr>
            <th scope="col">Row</th>
            <th scope="col">Camera</th>
            <th scope="col">Outcome</th>
          </tr>
        </thead>
        <tbody>
          {rows.map(({ row, id, outcome, problem }) => (
            <tr key={row} data-outcome={outcome}>
              <td>{row}</td>
              <td>{id ?? '—'}</td>
              <td>{outcome === 'refused' ? problem?.message : outcome === 'added' ? 'Added' : 'Good'}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </>
  );
}
