// One delivery of an alert: how it stands, every attempt that is kept, and the way to send it again.
import { useSignal } from '@preact/signals';
import type { Delivery, DeliveryAttempt } from '../../shared/alert.ts';
import { nowMs } from '../link/agent-clock.ts';
import { redeliver } from '../link/alerts-api.ts';
import { problemOf } from '../link/use-answer.ts';
import { isLinkDown } from '../states/link-banner.tsx';
import { StatusWord } from '../states/status-word.tsx';
import { dayAndTime } from '../words/clock-times.ts';
import { attemptWords, deliveryWords, olderAttemptsWords, tookWords } from '../words/delivery-words.ts';

type DetailProps = {
  alertId: string;
  delivery: Delivery;
  attempts: readonly DeliveryAttempt[];
  reload: () => void;
};

export function DeliveryDetail({ alertId, delivery, attempts, reload }: DetailProps) {
  const { destination, state, problem } = delivery;
  return (
    <section class="panel delivery-detail" data-delivery-of={destination}>
      <div class="row-head">
        <h4>{destination}</h4>
        <StatusWord {...deliveryWords(delivery, nowMs.value)} />
      </div>
      {problem && state !== 'delivered' && <p class="small">{problem}</p>}
      <Again alertId={alertId} delivery={delivery} reload={reload} />
      {attempts.length > 0 && <Attempts attempts={attempts} />}
      {attempts.length > 0 && attempts.length < delivery.attempts && (
        <p class="soft small">{olderAttemptsWords(attempts.length, delivery.attempts)}</p>
      )}
    </section>
  );
}

function Attempts({ attempts }: { attempts: readonly DeliveryAttempt[] }) {
  const now = nowMs.value;
  return (
    <table class="attempts">
      <thead>
        <tr>
          <th scope="col">No.</th>
          <th scope="col">Time</th>
          <th scope="col">Took</th>
          <th scope="col">What came of it</th>
        </tr>
      </thead>
      <tbody>
        {attempts.map(attempt => (
          <tr key={attempt.number} data-attempt={attempt.number}>
            <td>{attempt.number}</td>
            <td>{dayAndTime(attempt.atMs, now)}</td>
            <td>{tookWords(attempt.tookMs)}</td>
            <td>
              {attemptWords(attempt)}
              {attempt.answer && <code class="answer">{attempt.answer}</code>}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Again({ alertId, delivery, reload }: Omit<DetailProps, 'attempts'>) {
  const asking = useSignal(false);
  const said = useSignal<{ ok: boolean; words: string } | undefined>(undefined);
  const isDead = delivery.state === 'dead';
  const again = async () => {
    asking.value = true;
    try {
      const { deliveries } = await redeliver(alertId, delivery.destination);
      said.value = { ok: true, words: deliveries > 0 ? 'On its way again.' : 'It was delivered meanwhile.' };
      reload();
    } catch (error) {
      said.value = { ok: false, words: problemOf(error).message };
    }
    asking.value = false;
  };
  const canAsk = isDead || (delivery.state === 'waiting' && delivery.attempts > 0);
  if (!canAsk && (delivery.state === 'delivered' || !said.value)) return null;
  return (
    <div class="actions">
      {canAsk && (
        <button type="button" class={isDead ? 'primary' : ''} disabled={asking.value || isLinkDown()} onClick={again}>
          {isDead ? 'Redeliver' : 'Try now'}
        </button>
      )}
      {said.value && (
        <span class={said.value.ok ? '' : 'problem'} role="status">
          {said.value.words}
        </span>
      )}
    </div>
  );
}
