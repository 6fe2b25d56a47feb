// What a rule would have done in the last hours, as it stands now: how often, when, and why it was silent otherwise.
import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import type { Problem } from '../../shared/camera-status.ts';
import type { ReplayAnswer, ReplayedFiring } from '../../shared/rule-answers.ts';
import { cameraAddress, LEAD_IN_MS } from '../camera/camera-address.ts';
import { sightingStillUrl } from '../link/agent-api.ts';
import { nowMs } from '../link/agent-clock.ts';
import { replayRule } from '../link/alerts-api.ts';
import { problemOf } from '../link/use-answer.ts';
import { isLinkDown } from '../states/link-banner.tsx';
import { countWords } from '../words/ages.ts';
import { dayAndTime } from '../words/clock-times.ts';
import { firedWords } from '../words/rule-words.ts';
import { silentWords } from '../words/why-words.ts';

const SPANS = [
  { hours: 1, words: 'last hour' },
  { hours: 24, words: 'last 24 hours' },
  { hours: 168, words: 'last 7 days' },
] as const;
const DAY = SPANS[1];
const MOST_SHOWN = 8;
/** So much later than asked may the kept pictures begin before it is worth a word. */
const SHORT_BY_MS = 60_000;

type Span = (typeof SPANS)[number];
type Outcome = { at: 'asking' } | { at: 'answered'; span: Span; answer: ReplayAnswer } | { at: 'failed'; why: Problem };

export function Replay({ ruleId }: { ruleId: string }) {
  const span = useSignal<Span>(DAY);
  const outcome = useSignal<Outcome | undefined>(undefined);
  const leaving = useRef(new AbortController());
  useEffect(() => () => leaving.current.abort(), []);
  const isAsking = outcome.value?.at === 'asking';
  const replay = async () => {
    const asked = span.peek();
    outcome.value = { at: 'asking' };
    try {
      const answer = await replayRule({ ruleId, hours: asked.hours }, leaving.current.signal);
      outcome.value = { at: 'answered', span: asked, answer };
    } catch (error) {
      outcome.value = { at: 'failed', why: problemOf(error) };
    }
  };
  return (
    <section class="replay" aria-label={`Replay of ${ruleId}`}>
      <div class="actions">
        <button type="button" disabled={isAsking || isLinkDown()} onClick={replay}>
          {isAsking ? 'Looking…' : 'Replay'}
        </button>
        <select
          aria-label="How far back"
          value={String(span.value.hours)}
          onChange={({ currentTarget }) => {
            span.value = SPANS.find(({ hours }) => String(hours) === currentTarget.value) ?? DAY;
          }}
        >
          {SPANS.map(({ hours, words }) => (
            <option key={hours} value={String(hours)}>
              the {words}
            </option>
          ))}
        </select>
      </div>
      <div role="status">
        {outcome.value?.at === 'failed' && <p class="problem">{outcome.value.why.message}</p>}
        {outcome.value?.at === 'answered' && <Result {...outcome.value} />}
      </div>
    </section>
  );
}

function Result({ span, answer }: { span: Span; answer: ReplayAnswer }) {
  const { fired, firings, frames, sightings, fromMs, toMs, silent } = answer;
  const isShort = fromMs - (toMs - span.hours * 3_600_000) > SHORT_BY_MS;
  const newest = firings.slice(-MOST_SHOWN).reverse();
  return (
    <div class="replayed" data-fired={fired}>
      <p>
        <strong>
          In the {span.words} {firedWords(fired)}
        </strong>
        , of {countWords(sightings, 'sighting')} on {countWords(frames, 'picture')}.
        {isShort && ` What is kept begins ${dayAndTime(fromMs, nowMs.value)}.`}
      </p>
      <Silent silent={silent} />
      {newest.length > 0 && (
        <ol class="firings">
          {newest.map(firing => (
            <Firing key={`${firing.cameraId} ${firing.atMs}`} firing={firing} />
          ))}
        </ol>
      )}
      {fired > newest.length && <p class="soft small">The last {newest.length} are shown.</p>}
    </div>
  );
}

function Silent({ silent }: Pick<ReplayAnswer, 'silent'>) {
  const lines = silentWords(silent);
  if (lines.length === 0) return null;
  return (
    <ul class="silent small soft">
      {lines.map(({ count, words }) => (
        <li key={words}>
          {count} × {words}
        </li>
      ))}
    </ul>
  );
}

function Firing({ firing: { atMs, cameraId, why, sightingIds } }: { firing: ReplayedFiring }) {
  const [first] = sightingIds;
  const gone = useSignal(false);
  return (
    <li>
      <a class="firing" href={cameraAddress(cameraId, { atMs: atMs - LEAD_IN_MS })}>
        {first !== undefined && !gone.value ? (
          <img
            src={sightingStillUrl(first, 0)}
            alt=""
            loading="lazy"
            onError={() => {
              gone.value = true;
            }}
          />
        ) : (
          <span class="no-picture" />
        )}
        <span>
          {why}
          <span class="soft small">
            {cameraId} · {dayAndTime(atMs, nowMs.value)}
          </span>
        </span>
      </a>
    </li>
  );
}
