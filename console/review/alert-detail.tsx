// One alert as a whole: which rule, why, what was seen, and how each delivery went. Follows the alert while it is open.
import type { Alert, CrossingCounts } from '../../shared/alert.ts';
import type { AlertAnswer } from '../../shared/api.ts';
import { cameraAddress, LEAD_IN_MS } from '../camera/camera-address.ts';
import { nowMs } from '../link/agent-clock.ts';
import { loadAlert, loadRules } from '../link/alerts-api.ts';
import { arrivedAlerts, arrivedSightings } from '../link/fleet.ts';
import { useAnswer } from '../link/use-answer.ts';
import { Failed } from '../states/failed.tsx';
import { Loading } from '../states/loading.tsx';
import { PartialNote } from '../states/partial-note.tsx';
import { ageWords } from '../words/ages.ts';
import { dayAndTime } from '../words/clock-times.ts';
import { sightingWords } from '../words/label-hue.ts';
import { ruleSentence } from '../words/rule-words.ts';
import { asPictured, byId } from './as-pictured.ts';
import { DeliveryDetail } from './delivery-detail.tsx';
import { Drawer } from './drawer.tsx';
import { type Filters, reviewAddress } from './filters.tsx';
import { FramedStill } from './framed-still.tsx';

type DetailProps = { alertId: string; filters: Filters; onClose: () => void };

export function AlertDetail({ alertId, filters, onClose }: DetailProps) {
  // Live events tell of deliveries, not of their attempts: each is a reason to ask again.
  const arrived = arrivedAlerts.value.find(({ id }) => id === alertId);
  const { answer, reload } = useAnswer(`${alertId} ${JSON.stringify(arrived?.deliveries)}`, () => loadAlert(alertId));
  const { value, problem } = answer.value;
  return (
    <Drawer title={value?.alert.ruleId ?? 'Alert'} onClose={onClose}>
      {!value && problem && <Failed what="The alert could not be loaded" problem={problem} onRetry={reload} />}
      {!value && !problem && <Loading what="the alert" count={3} className="rows" />}
      {value && problem && <PartialNote>Not up to date: {problem.message}</PartialNote>}
      {value && <Body answer={value} filters={filters} reload={reload} />}
    </Drawer>
  );
}

function Body({ answer, filters, reload }: { answer: AlertAnswer; filters: Filters; reload: () => void }) {
  const { alert, attempts } = answer;
  const now = nowMs.value;
  return (
    <>
      <p class="soft small">
        {alert.cameraId ?? 'This device'} · {dayAndTime(alert.atMs, now)} · {ageWords(alert.atMs, now)}
      </p>
      <dl class="facts">
        <dt>Why</dt>
        <dd data-why>{alert.why}</dd>
        <dt>Rule</dt>
        <dd data-rule-sentence>
          <RuleOfAlert alert={alert} />
        </dd>
      </dl>
      <WhatWasSeen alert={alert} filters={filters} />
      {alert.counts && <Crossings counts={alert.counts} />}
      <section class="deliveries-detail" aria-labelledby="deliveries-title">
        <h3 id="deliveries-title">Deliveries</h3>
        {alert.deliveries.length === 0 && <p class="soft">The rule names no destination.</p>}
        {alert.deliveries.map(delivery => (
          <DeliveryDetail
            key={delivery.destination}
            alertId={alert.id}
            delivery={delivery}
            attempts={attempts.filter(({ destination }) => destination === delivery.destination)}
            reload={reload}
          />
        ))}
      </section>
    </>
  );
}

function RuleOfAlert({ alert }: { alert: Alert }) {
  const { answer } = useAnswer('rules', loadRules);
  const { value, problem } = answer.value;
  if (!value) return <>{problem ? `Its sentence could not be loaded: ${problem.message}` : '…'}</>;
  const rule = value.rules.find(({ id }) => id === alert.ruleId);
  return <>{rule ? ruleSentence(rule) : 'This rule is not in the settings any more.'}</>;
}

function WhatWasSeen({ alert, filters }: { alert: Alert; filters: Filters }) {
  const [first, ...others] = asPictured(alert.sightings, byId(arrivedSightings.value));
  const { cameraId, atMs } = alert;
  return (
    <>
      {first && <FramedStill key={first.id} sighting={first} />}
      {others.length > 0 && <p class="small">With {others.map(sightingWords).join(', ')}.</p>}
      <div class="actions">
        {cameraId !== undefined && (
          <a class="button" href={cameraAddress(cameraId, { atMs: atMs - LEAD_IN_MS })}>
            Open the video
          </a>
        )}
        {first && (
          <a class="button" href={reviewAddress({ ...filters, alert: '', why: first.id })}>
            What other rules said
          </a>
        )}
      </div>
    </>
  );
}

function Crossings({ counts: { line, fromMs, toMs, crossings } }: { counts: CrossingCounts }) {
  const now = nowMs.value;
  return (
    <table class="attempts">
      <caption>
        Crossings of {line}, {dayAndTime(fromMs, now)} – {dayAndTime(toMs, now)}
      </caption>
      <thead>
        <tr>
          <th scope="col">Label</th>
          <th scope="col">Direction</th>
          <th scope="col">Count</th>
        </tr>
      </thead>
      <tbody>
        {crossings.map(({ label, direction, count }) => (
          <tr key={`${label} ${direction}`}>
            <td>{label}</td>
            <td>{direction.replaceAll('-', ' ')}</td>
            <td>{count}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
