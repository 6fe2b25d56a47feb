// Step 3: what each camera sends, and what to change. What cannot work holds it back; the rest is the owner's choice.
import { useSignal } from '@preact/signals';
import { CheckPicture, Findings } from '../check/findings.tsx';
import { CertificateChoice, TranscodeChoice } from '../check/repair-choices.tsx';
import { StatusWord } from '../states/status-word.tsx';
import { countWords } from '../words/ages.ts';
import { blockers, findingWords, unknownCertificate } from '../words/check-words.ts';
import { type AddFlow, isUnderWay } from './add-flow.ts';
import type { Draft } from './draft.ts';
import { StreamChoice } from './stream-choice.tsx';

export function CheckStep({ flow }: { flow: AddFlow }) {
  const drafts = flow.drafts.value;
  const held = drafts.filter(draft => holdsBack(draft) !== undefined);
  return (
    <>
      <ul class="checks">
        {drafts.map(draft => (
          <CheckCard key={draft.candidate.key} flow={flow} draft={draft} />
        ))}
      </ul>
      <div class="actions">
        <button
          type="button"
          class="primary"
          disabled={held.length > 0}
          onClick={() => {
            flow.step.value = 'name';
          }}
        >
          Go on
        </button>
        <p role="status" class="small">
          {held.length > 0 && !flow.isChecking.value && (
            <StatusWord
              status="attention"
              words={`${countWords(held.length, 'camera')} cannot work yet: change it and check again, or leave it out`}
            />
          )}
        </p>
      </div>
    </>
  );
}

/** Why a camera cannot be added yet. */
function holdsBack({ check, transcode, url }: Draft): string | undefined {
  if (isUnderWay(check)) return 'It is being checked.';
  if (check.at === 'failed') return check.problem.message;
  if (check.at !== 'done') return 'It was not checked.';
  const [first] = blockers(check.check.findings, { transcode });
  if (first) return `${findingWords(first).title}: ${findingWords(first).sentence}`;
  return url === '' ? 'The address of its stream is missing.' : undefined;
}

function CheckCard({ flow, draft }: { flow: AddFlow; draft: Draft }) {
  const { candidate, check } = draft;
  const { key, title, address } = candidate;
  const last = useSignal<Draft['check']>(check);
  if (check.at === 'done' || check.at === 'failed') last.value = check;
  // The last result stays readable while a new one is on its way.
  const shown = last.value.at === 'done' ? last.value.check : undefined;
  const busy = isUnderWay(check);
  const choices = { draft, busy, check: (change: Partial<Draft> = {}) => void flow.check(key, change) };
  return (
    <li class="check-card" data-check={key} data-check-at={check.at} aria-busy={busy}>
      <div class="row-head">
        <h3>{title}</h3>
        <span class="soft small">{address}</span>
        {busy && <StatusWord status="waiting" words={check.at === 'running' ? 'Checking…' : 'Waits for its turn'} />}
        <span class="card-actions">
          <button type="button" disabled={busy} onClick={() => choices.check()}>
            Check again
          </button>
          <button type="button" class="quiet" disabled={busy} onClick={() => flow.leaveOut(key)}>
            Leave it out
          </button>
        </span>
      </div>
      {check.at === 'failed' && (
        <p class="problem" role="alert">
          {check.problem.message}
        </p>
      )}
      {shown && (
        <div class="check-body">
          <CheckPicture still={shown.still} title={title} />
          <div class="check-words">
            {unknownCertificate(shown.facts) === undefined && <StreamChoice {...choices} />}
            <CertificateChoice
              facts={shown.facts}
              busy={busy}
              onTrust={tlsFingerprint => choices.check({ tlsFingerprint })}
            />
            <TranscodeChoice
              check={shown}
              isChosen={draft.transcode}
              onChoose={transcode => flow.change(key, { transcode })}
            />
            <Findings findings={shown.findings} />
          </div>
        </div>
      )}
    </li>
  );
}
