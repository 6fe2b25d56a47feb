// Step 1: cameras as they are found, which of them are to be added, and other ways when one is missing.
import { useSignal } from '@preact/signals';
import { useLocation } from 'preact-iso/router';
import { StatusWord } from '../states/status-word.tsx';
import { countWords } from '../words/ages.ts';
import { foundWords } from '../words/discovery-words.ts';
import type { AddFlow } from './add-flow.ts';
import { AddressForm } from './address-form.tsx';
import type { Candidate } from './candidate.ts';
import { ImportList } from './import-list.tsx';
import { ScanForm } from './scan-form.tsx';
import type { SearchState } from './search.ts';
import { SearchNote } from './search-note.tsx';

export function FindStep({ flow }: { flow: AddFlow }) {
  const { query } = useLocation();
  const { search } = flow;
  const state = search.state.value;
  const candidates = search.candidates.value;
  const chosen = useSignal<ReadonlySet<string>>(new Set(flow.drafts.peek().map(({ candidate }) => candidate.key)));
  const choose = (keys: readonly string[], isChosen: boolean) => {
    const others = [...chosen.peek()].filter(key => !keys.includes(key));
    chosen.value = new Set(isChosen ? [...others, ...keys] : others);
  };
  const addStream = (url: string) => {
    search.addTyped(url);
    choose([url], true);
  };
  const picked = candidates.filter(({ key }) => chosen.value.has(key));
  const unchosen = candidates.filter(isFresh).flatMap(({ key }) => (chosen.value.has(key) ? [] : key));
  return (
    <div class="find">
      <div class="find-list">
        <div class="find-head">
          <SearchStatus state={state} count={candidates.length} />
          {unchosen.length > 1 && (
            <button type="button" onClick={() => choose(unchosen, true)}>
              Choose {unchosen.length} new
            </button>
          )}
          {state?.at !== 'running' && (
            <button type="button" onClick={() => void search.run({})}>
              {state ? 'Search again' : 'Search the network'}
            </button>
          )}
        </div>
        <FoundList candidates={candidates} chosen={chosen.value} onChoose={choose} />
        {state && <SearchNote state={state} />}
        {candidates.length > 0 && (
          <div class="actions">
            <button type="button" class="primary" disabled={picked.length === 0} onClick={() => flow.choose(picked)}>
              {picked.length === 0 ? 'Choose a camera' : `Go on with ${countWords(picked.length, 'camera')}`}
            </button>
          </div>
        )}
      </div>
      <div class="other-ways">
        <AddressForm search={search} onStream={addStream} focus={query.by === 'address'} />
        <ScanForm search={search} />
        <ImportList />
      </div>
    </div>
  );
}

function SearchStatus({ state, count }: { state: SearchState | undefined; count: number }) {
  if (!state) return <p class="search-status soft">Type the address of a camera, or search the network.</p>;
  const running = state.at === 'running';
  const where = state.asked.host ?? state.asked.scan ?? 'the network';
  const nothingNew = state.at === 'done' && state.found === 0 && count > 0;
  const done = nothingNew
    ? `Nothing found ${state.asked.host || state.asked.scan ? `at ${where}` : 'this time'}`
    : foundWords(count);
  const words = running ? `Searching ${where}… ${count === 0 ? '' : `${foundWords(count)} so far`}` : done;
  return (
    <p role="status" class="search-status" data-search={state.at}>
      <StatusWord status={running ? 'waiting' : count > 0 && !nothingNew ? 'ok' : 'attention'} words={words} />
      {running && <progress aria-hidden="true" />}
    </p>
  );
}

/** Can be reached, and is not in the settings. */
function isFresh({ alreadyAdded, url }: Candidate): boolean {
  return alreadyAdded === undefined && url !== undefined;
}

type FoundListProps = {
  candidates: readonly Candidate[];
  chosen: ReadonlySet<string>;
  onChoose: (keys: readonly string[], isChosen: boolean) => void;
};

function FoundList({ candidates, chosen, onChoose }: FoundListProps) {
  if (candidates.length === 0) return null;
  return (
    <ul class="found" aria-label="Cameras">
      {candidates.map(candidate => (
        <FoundRow
          key={candidate.key}
          candidate={candidate}
          isChosen={chosen.has(candidate.key)}
          onChoose={isChosen => onChoose([candidate.key], isChosen)}
        />
      ))}
    </ul>
  );
}

type FoundRowProps = { candidate: Candidate; isChosen: boolean; onChoose: (isChosen: boolean) => void };

function FoundRow({ candidate, isChosen, onChoose }: FoundRowProps) {
  const { key, title, about, address, url, onvifUrl, alreadyAdded } = candidate;
  return (
    <li class="found-row" data-found={key}>
      <label>
        <input
          type="checkbox"
          checked={isChosen}
          disabled={url === undefined}
          onChange={({ currentTarget }) => onChoose(currentTarget.checked)}
        />
        <span>
          <strong>{title}</strong>
          <span class="soft small">
            {[about, about.includes(address) ? '' : address, onvifUrl === undefined ? 'no ONVIF' : '']
              .filter(Boolean)
              .join(' · ')}
          </span>
        </span>
      </label>
      {alreadyAdded !== undefined && (
        <span class="small">
          <StatusWord status="ok" words="Already added" /> as{' '}
          <a href={`/camera/${encodeURIComponent(alreadyAdded)}`}>{alreadyAdded}</a>
        </span>
      )}
      {url === undefined && (
        <span class="small">
          <StatusWord status="attention" words="Has no address in this network" />
        </span>
      )}
    </li>
  );
}
