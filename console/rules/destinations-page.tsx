// Destinations: where alerts go, how that goes, and a test that shows what the other side answers.
import { useSignal } from '@preact/signals';
import type { Problem } from '../../shared/camera-status.ts';
import type { DestinationStatus, DestinationTested } from '../../shared/destination-status.ts';
import { nowMs } from '../link/agent-clock.ts';
import { loadDestinations, testDestination } from '../link/alerts-api.ts';
import { problemOf, useAnswer } from '../link/use-answer.ts';
import { reviewAddress } from '../review/filters.tsx';
import { usePageTitle } from '../shell/page-title.ts';
import { Empty } from '../states/empty.tsx';
import { Failed } from '../states/failed.tsx';
import { isLinkDown } from '../states/link-banner.tsx';
import { Loading } from '../states/loading.tsx';
import { PartialNote } from '../states/partial-note.tsx';
import { StatusWord } from '../states/status-word.tsx';
import { dayAndTime } from '../words/clock-times.ts';
import { destinationCounts, destinationState, kindWords, testedWords } from '../words/destination-words.ts';
import { RulesTabs } from './rules-tabs.tsx';
import './rules.css';

const EVERY_MS = 5000;

export function DestinationsPage() {
  usePageTitle('Destinations');
  const { answer, reload } = useAnswer(String(Math.floor(nowMs.value / EVERY_MS)), loadDestinations);
  const { value, problem } = answer.value;
  return (
    <div class="rules" data-stale={isLinkDown()}>
      <h1 class="for-screen-readers">Destinations</h1>
      <RulesTabs shown="destinations" />
      {!value && problem && <Failed what="The destinations could not be loaded" problem={problem} onRetry={reload} />}
      {!value && !problem && <Loading what="destinations" count={3} className="rule-cards" />}
      {value && problem && !isLinkDown() && <PartialNote>Not up to date: {problem.message}</PartialNote>}
      {value?.destinations.length === 0 && <NoDestinations />}
      {value && value.destinations.length > 0 && (
        <ul class="rule-cards">
          {value.destinations.map(status => (
            <DestinationCard key={status.id} status={status} />
          ))}
        </ul>
      )}
    </div>
  );
}

function DestinationCard({ status }: { status: DestinationStatus }) {
  const now = nowMs.value;
  const { id, kind, dead, lastProblem } = status;
  return (
    <li class="panel rule-card" data-destination={id}>
      <div class="row-head">
        <h2>{id}</h2>
        <span class="soft small">{kindWords(kind)}</span>
        <StatusWord {...destinationState(status)} />
      </div>
      <p class="small">{destinationCounts(status, now)}</p>
      {lastProblem && (
        <p class="small">
          <span class="soft">Last problem, {dayAndTime(lastProblem.atMs, now)}:</span> {lastProblem.message}
        </p>
      )}
      <SendTest id={id} />
      {dead > 0 && (
        <a class="small" href={reviewAddress({ show: 'alerts', delivery: 'dead' })}>
          See what was given up
        </a>
      )}
    </li>
  );
}

type Outcome = { at: 'asking' } | { at: 'tested'; result: DestinationTested } | { at: 'failed'; why: Problem };

function SendTest({ id }: { id: string }) {
  const outcome = useSignal<Outcome | undefined>(undefined);
  const isAsking = outcome.value?.at === 'asking';
  const send = async () => {
    outcome.value = { at: 'asking' };
    try {
      outcome.value = { at: 'tested', result: await testDestination(id) };
    } catch (error) {
      outcome.value = { at: 'failed', why: problemOf(error) };
    }
  };
  return (
    <div class="send-test">
      <button type="button" disabled={isAsking || isLinkDown()} onClick={send}>
        {isAsking ? 'Sending…' : 'Send test'}
      </button>
      <div role="status">
        {outcome.value?.at === 'failed' && <span class="problem">{outcome.value.why.message}</span>}
        {outcome.value?.at === 'tested' && <Tested result={outcome.value.result} />}
      </div>
    </div>
  );
}

function Tested({ result }: { result: DestinationTested }) {
  const { problem, answer } = result;
  return (
    <div class="tested" data-delivered={result.delivered}>
      <StatusWord {...testedWords(result)} />
      {problem && (
        <span class="small">
          {problem.message} <code class="soft">{problem.code}</code>
        </span>
      )}
      {answer && <pre class="raw">{answer}</pre>}
    </div>
  );
}

function NoDestinations() {
  return (
    <Empty title="No destinations yet">
      <p>
        Alerts are kept and shown under <a href="/review?show=alerts">Review</a>. To have them sent too, name a
        destination in the agent’s settings file and in the rules: see <code>docs/rules.md</code>.
      </p>
    </Empty>
  );
}
