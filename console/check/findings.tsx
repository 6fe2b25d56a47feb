// What a check of a camera found: its picture, then the rows to look at, and what is fine behind one line.
import type { Finding } from '../../shared/camera-check.ts';
import { countWords } from '../words/ages.ts';
import { findingWords } from '../words/check-words.ts';
import './check.css';

export function Findings({ findings }: { findings: readonly Finding[] }) {
  const level = (wanted: Finding['level']) => findings.filter(finding => finding.level === wanted);
  const green = level('green');
  return (
    <div class="findings">
      <ul>
        {[...level('red'), ...level('amber')].map(finding => (
          <FindingRow key={`${finding.subject} ${finding.value}`} finding={finding} />
        ))}
      </ul>
      {green.length > 0 && (
        <details>
          <summary>
            <span class="mark mark-green" aria-hidden="true">
              ✓
            </span>
            {countWords(green.length, 'thing')} {green.length === 1 ? 'is' : 'are'} as they should be
          </summary>
          <ul>
            {green.map(finding => (
              <FindingRow key={`${finding.subject} ${finding.value}`} finding={finding} />
            ))}
          </ul>
        </details>
      )}
    </div>
  );
}

function FindingRow({ finding }: { finding: Finding }) {
  const { title, mark, meaning, sentence, setting } = findingWords(finding);
  return (
    <li class="finding" data-finding={finding.subject} data-level={finding.level}>
      <span class={`mark mark-${finding.level}`} aria-hidden="true">
        {mark}
      </span>
      <div>
        <strong>
          <span class="for-screen-readers">{meaning}: </span>
          {title}
        </strong>
        <span class="finding-value soft small">{finding.value}</span>
        <p class="small">{sentence}</p>
        {setting !== undefined && (
          <p class="small setting">
            <span class="soft">To change:</span> {setting}
          </p>
        )}
      </div>
    </li>
  );
}

export function CheckPicture({ still, title }: { still: string | undefined; title: string }) {
  if (still === undefined) return <div class="check-still soft small">No picture</div>;
  return (
    <div class="check-still">
      <img src={`data:image/jpeg;base64,${still}`} alt={`What ${title} sees`} />
    </div>
  );
}
