// Beside the list of found cameras: why some are missing and what to do, and which networks were searched.
import { adviceWords, interfaceWords } from '../words/discovery-words.ts';
import type { SearchState } from './search.ts';

export function SearchNote({ state }: { state: SearchState }) {
  const { at, interfaces, advice, problem } = state;
  return (
    <div class="search-note">
      {problem && (
        <p class="note" role="alert" data-view="failed">
          {problem.message}
        </p>
      )}
      {at === 'done' && advice.length > 0 && (
        <div data-advice>
          <h3>{state.found === 0 ? 'What helps' : 'Good to know'}</h3>
          <ul class="advice">
            {advice.map(line => (
              <li key={line.text}>{adviceWords(line)}</li>
            ))}
          </ul>
        </div>
      )}
      {interfaces.length > 0 && (
        <p class="soft small" data-interfaces>
          Searched on: {interfaces.map(interfaceWords).join('; ')}.
        </p>
      )}
    </div>
  );
}
