// One alert: which rule, at which camera, when, and what became of it at each destination.
import type { Alert, Delivery } from '../../shared/alert.ts';
import { cameraAddress, LEAD_IN_MS } from '../camera/camera-address.ts';
import { nowMs } from '../link/agent-clock.ts';
import { StatusWord } from '../states/status-word.tsx';
import { ageWords } from '../words/ages.ts';
import { dayAndTime } from '../words/clock-times.ts';
import { deliveryWords } from '../words/delivery-words.ts';
import { sightingWords } from '../words/label-hue.ts';
import { FramedStill } from './framed-still.tsx';

/** `details` is the address of its details. */
export function AlertCard({ alert, details }: { alert: Alert; details: string }) {
  const now = nowMs.value;
  const [first] = alert.sightings;
  const picture = first ? <FramedStill sighting={first} /> : <div class="framed-still soft small">No picture</div>;
  return (
    <li class="card alert-card" data-alert={alert.id}>
      {alert.cameraId === undefined ? (
        picture
      ) : (
        <a
          href={cameraAddress(alert.cameraId, { atMs: alert.atMs - LEAD_IN_MS })}
          aria-label={`Video of alert ${alert.ruleId}`}
        >
          {picture}
        </a>
      )}
      <div class="card-words">
        <h3>{alert.ruleId}</h3>
        <span>
          {alert.cameraId ?? 'This device'} · {alert.sightings.map(sightingWords).join(', ') || alert.why}
        </span>
        <span class="soft small">
          {dayAndTime(alert.atMs, now)} · {ageWords(alert.atMs, now)}
        </span>
        <ul class="deliveries">
          {alert.deliveries.map(delivery => (
            <DeliveryLine key={delivery.destination} delivery={delivery} />
          ))}
        </ul>
        <a class="button card-more" href={details} aria-label={`Details of alert ${alert.ruleId}`}>
          Details
        </a>
      </div>
    </li>
  );
}

function DeliveryLine({ delivery }: { delivery: Delivery }) {
  return (
    <li class="small" data-delivery={delivery.state}>
      <StatusWord {...deliveryWords(delivery, nowMs.value)} />
      <span class="soft"> to {delivery.destination}</span>
      {delivery.problem && delivery.state !== 'delivered' && <span class="soft"> — {delivery.problem}</span>}
    </li>
  );
}
