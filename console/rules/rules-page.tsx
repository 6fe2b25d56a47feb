// Rules: each as one sentence, how it is now, silence for a while, and what it would have done. They are written in the
// settings file.
import type { ShownRule, Snooze } from '../../shared/rule-answers.ts';
import { nowMs } from '../link/agent-clock.ts';
import { loadRules } from '../link/alerts-api.ts';
import { arrivedAlerts } from '../link/fleet.ts';
import { useAnswer } from '../link/use-answer.ts';
import { usePageTitle } from '../shell/page-title.ts';
import { Empty } from '../states/empty.tsx';
import { Failed } from '../states/failed.tsx';
import { isLinkDown } from '../states/link-banner.tsx';
import { Loading } from '../states/loading.tsx';
import { PartialNote } from '../states/partial-note.tsx';
import { StatusWord } from '../states/status-word.tsx';
import { lastFiredWords, ruleSentence, ruleState, snoozedWords, untilWords } from '../words/rule-words.ts';
import { Replay } from './replay.tsx';
import { RulesTabs } from './rules-tabs.tsx';
import { SnoozeChoice } from './snooze-choice.tsx';
import { type Snoozes, silentUntilMs, useSnoozes } from './use-snoozes.ts';
import './rules.css';

const EVERY_MS = 10_000;

export function RulesPage() {
  usePageTitle('Rules');
  const { answer, reload } = useAnswer(
    `${Math.floor(nowMs.value / EVERY_MS)} ${arrivedAlerts.value.at(-1)?.id}`,
    loadRules,
  );
  const snoozes = useSnoozes();
  const { value, problem } = answer.value;
  return (
    <div class="rules" data-stale={isLinkDown()}>
      <h1 class="for-screen-readers">Rules</h1>
      <RulesTabs shown="rules" />
      {!value && problem && <Failed what="The rules could not be loaded" problem={problem} onRetry={reload} />}
      {!value && !problem && <Loading what="rules" count={3} className="rule-cards" />}
      {value && problem && !isLinkDown() && <PartialNote>Not up to date: {problem.message}</PartialNote>}
      {value && snoozes.problem && !isLinkDown() && <PartialNote>Snoozes: {snoozes.problem.message}</PartialNote>}
      {value?.rules.length === 0 && <NoRules />}
      {value && value.rules.length > 0 && <Rules rules={value.rules} snoozes={snoozes} />}
    </div>
  );
}

function Rules({ rules, snoozes }: { rules: readonly ShownRule[]; snoozes: Snoozes }) {
  const wide = snoozes.current?.filter(one => one.cameraId !== undefined || one.ruleId === undefined) ?? [];
  return (
    <>
      {wide.map(one => (
        <WideSnooze key={`${one.ruleId} ${one.cameraId}`} one={one} snoozes={snoozes} />
      ))}
      <ul class="rule-cards">
        {rules.map(rule => (
          <RuleCard key={rule.id} rule={rule} snoozes={snoozes} />
        ))}
      </ul>
      <WhereWritten />
    </>
  );
}

/** One that does not stand with a rule: of a camera, or of all. */
function WideSnooze({ one, snoozes }: { one: Snooze; snoozes: Snoozes }) {
  const { ruleId, cameraId } = one;
  const target = { ...(ruleId !== undefined && { ruleId }), ...(cameraId !== undefined && { cameraId }) };
  return (
    <div class="note" data-snooze={snoozedWords(one)}>
      <span>
        {snoozedWords(one)} are snoozed {untilWords(one.untilMs, nowMs.value)}.
      </span>
      <button type="button" disabled={isLinkDown()} onClick={() => snoozes.set(target, 0)}>
        End snooze
      </button>
    </div>
  );
}

function RuleCard({ rule, snoozes }: { rule: ShownRule; snoozes: Snoozes }) {
  const now = nowMs.value;
  const silent = snoozes.current ? silentUntilMs(rule.id, snoozes.current) : rule.snoozedUntilMs;
  return (
    <li class="panel rule-card" data-rule={rule.id}>
      <div class="row-head">
        <h2>{rule.id}</h2>
        <StatusWord {...ruleState(rule, silent, now)} />
        <span class="soft small">{lastFiredWords(rule.lastFiredMs, now)}</span>
      </div>
      <p>{ruleSentence(rule)}</p>
      <SnoozeChoice target={{ ruleId: rule.id }} snoozes={snoozes} />
      {!rule.when.health && <Replay ruleId={rule.id} />}
    </li>
  );
}

function NoRules() {
  return (
    <Empty title="No rules yet">
      <p>A rule says when what is seen raises an alert, and where that goes.</p>
      <WhereWritten />
    </Empty>
  );
}

function WhereWritten() {
  return (
    <p class="soft small">
      Rules are written in the agent’s settings file and hold as soon as it is saved: see <code>docs/rules.md</code>.
    </p>
  );
}
