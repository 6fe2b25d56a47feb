// Why what was seen raised an alert, or none: what each rule said of it, those that came furthest first.
import type { RuleWhy, ShownRule, WhyAnswer } from '../../shared/rule-answers.ts';
import type { Sighting } from '../../shared/sighting.ts';
import { cameraAddress, LEAD_IN_MS } from '../camera/camera-address.ts';
import { nowMs } from '../link/agent-clock.ts';
import { loadRules, loadWhy } from '../link/alerts-api.ts';
import { useAnswer } from '../link/use-answer.ts';
import { Empty } from '../states/empty.tsx';
import { Failed } from '../states/failed.tsx';
import { Loading } from '../states/loading.tsx';
import { PartialNote } from '../states/partial-note.tsx';
import { StatusWord } from '../states/status-word.tsx';
import { dayAndTime } from '../words/clock-times.ts';
import { sightingWords } from '../words/label-hue.ts';
import { ruleSentence } from '../words/rule-words.ts';
import { byReach, toldWords, whySentence, whyState } from '../words/why-words.ts';
import { Drawer } from './drawer.tsx';
import { type Filters, reviewAddress } from './filters.tsx';
import { FramedStill } from './framed-still.tsx';

/** How many of a group one can choose from: the newest. */
const MOST_OFFERED = 12;

/** `group`: those it was seen together with, newest first; empty when it is not among those that are loaded. */
type DetailProps = { sightingId: string; group: readonly Sighting[]; filters: Filters; onClose: () => void };

export function WhyDetail({ sightingId, group, filters, onClose }: DetailProps) {
  const sighting = group.find(({ id }) => id === sightingId);
  return (
    <Drawer title="Why an alert, or none" onClose={onClose}>
      {sighting && <WhatWasSeen sighting={sighting} />}
      {group.length > 1 && <OthersOfGroup sightingId={sightingId} group={group} filters={filters} />}
      <WhatRulesSaid key={sightingId} sightingId={sightingId} />
    </Drawer>
  );
}

/** A card stands for all that was seen about the same time; each may have another reason. */
function OthersOfGroup({ sightingId, group, filters }: Omit<DetailProps, 'onClose'>) {
  return (
    <nav class="chips" aria-label="Seen about the same time">
      {group.slice(0, MOST_OFFERED).map(({ id, atMs }) => (
        <a
          key={id}
          class="button small"
          href={reviewAddress({ ...filters, why: id })}
          aria-current={id === sightingId ? 'true' : undefined}
        >
          {dayAndTime(atMs, nowMs.value)}
        </a>
      ))}
    </nav>
  );
}

function WhatRulesSaid({ sightingId }: { sightingId: string }) {
  const { answer, reload } = useAnswer(sightingId, () => loadWhy(sightingId));
  const rules = useAnswer('rules', loadRules).answer.value;
  const { value, problem } = answer.value;
  return (
    <>
      {!value && problem && <Failed what="The reasons could not be loaded" problem={problem} onRetry={reload} />}
      {!value && !problem && <Loading what="the reasons" count={3} className="rows" />}
      {rules.problem && <PartialNote>The rules’ sentences could not be loaded: {rules.problem.message}</PartialNote>}
      {value && <Reasons why={value} rules={rules.value?.rules ?? []} />}
    </>
  );
}

function WhatWasSeen({ sighting }: { sighting: Sighting }) {
  const { cameraId, atMs } = sighting;
  return (
    <>
      <FramedStill key={sighting.id} sighting={sighting} />
      <div class="row-head">
        <span>
          {sightingWords(sighting)} · {cameraId} · {dayAndTime(atMs, nowMs.value)}
        </span>
        <a href={cameraAddress(cameraId, { atMs: atMs - LEAD_IN_MS })}>Open the video</a>
      </div>
    </>
  );
}

function Reasons({ why, rules }: { why: WhyAnswer; rules: readonly ShownRule[] }) {
  if (why.rules.length === 0) {
    return (
      <Empty title="There are no rules">
        <p>Without a rule in the settings nothing that is seen raises an alert.</p>
        <p>
          <a href="/rules">See rules</a>
        </p>
      </Empty>
    );
  }
  return (
    <ol class="rows">
      {byReach(why.rules).map(said => (
        <Reason key={said.ruleId} said={said} rule={rules.find(({ id }) => id === said.ruleId)} />
      ))}
    </ol>
  );
}

function Reason({ said, rule }: { said: RuleWhy; rule: ShownRule | undefined }) {
  return (
    <li class="panel reason" data-reason={said.ruleId} data-outcome={said.outcome}>
      <div class="row-head">
        <h3>{said.ruleId}</h3>
        <StatusWord {...whyState(said)} />
      </div>
      {said.outcome !== 'fired' && <p>{whySentence(said)}</p>}
      {rule && <p class="soft small">{ruleSentence(rule)}</p>}
      {said.told.length > 1 && (
        <details class="small">
          <summary>All it said</summary>
          <ol class="told">
            {said.told.map(told => (
              <li key={`${told.outcome} ${told.firstMs}`}>{toldWords(told, nowMs.value)}</li>
            ))}
          </ol>
        </details>
      )}
    </li>
  );
}
