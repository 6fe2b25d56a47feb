// What the review page shows: sightings or alerts, of which camera, of which label, and whose details. Kept in the address.
import { useLocation } from 'preact-iso/router';
import type { Sighting } from '../../shared/sighting.ts';
import { fleet } from '../link/fleet.ts';

export type Filters = {
  show: 'sightings' | 'alerts';
  camera: string;
  label: string;
  /** Only alerts with such a delivery. */
  delivery: string;
  /** Id of the alert, or of the sighting, whose details are open. */
  alert: string;
  why: string;
};

const DELIVERIES: Record<string, string> = { waiting: 'Still waiting', dead: 'Given up', delivered: 'Delivered' };

/** The filters in the address; an empty camera, label or delivery means all. */
export function useFilters(): { filters: Filters; setFilters: (change: Partial<Filters>) => void } {
  const { query, route } = useLocation();
  const filters: Filters = {
    show: query.show === 'alerts' ? 'alerts' : 'sightings',
    camera: query.camera ?? '',
    label: query.label ?? '',
    delivery: Object.hasOwn(DELIVERIES, query.delivery ?? '') ? (query.delivery ?? '') : '',
    alert: query.alert ?? '',
    why: query.why ?? '',
  };
  const setFilters = (change: Partial<Filters>) => route(reviewAddress({ ...filters, ...change }), true);
  return { filters, setFilters };
}

export function reviewAddress({ show, ...others }: Partial<Filters>): string {
  const query = new URLSearchParams();
  if (show === 'alerts') query.set('show', show);
  for (const [name, value] of Object.entries(others)) if (value !== '') query.set(name, value);
  const text = query.toString();
  return text === '' ? '/review' : `/review?${text}`;
}

/** Whether a camera and the labels seen at it pass the filters. */
export function passes(
  { camera, label }: Pick<Filters, 'camera' | 'label'>,
  cameraId: string | undefined,
  sightings: readonly Sighting[],
): boolean {
  if (camera !== '' && camera !== cameraId) return false;
  return label === '' || sightings.some(sighting => sighting.label === label);
}

type FilterBarProps = { filters: Filters; labels: readonly string[]; setFilters: (change: Partial<Filters>) => void };

export function FilterBar({ filters, labels, setFilters }: FilterBarProps) {
  const cameras = fleet.value?.cameras.map(camera => camera.id) ?? [];
  return (
    <div class="filters">
      <nav class="kinds" aria-label="What to review">
        {(['sightings', 'alerts'] as const).map(show => (
          <a
            key={show}
            href={reviewAddress({ show, camera: filters.camera, label: filters.label })}
            aria-current={filters.show === show ? 'page' : undefined}
          >
            {show === 'sightings' ? 'Sightings' : 'Alerts'}
          </a>
        ))}
      </nav>
      <Choice
        name="Camera"
        all="All cameras"
        value={filters.camera}
        values={cameras}
        onChoose={camera => setFilters({ camera })}
      />
      <Choice
        name="Label"
        all="All labels"
        value={filters.label}
        values={labels}
        onChoose={label => setFilters({ label })}
      />
      {filters.show === 'alerts' && (
        <Choice
          name="Delivery"
          all="Any delivery"
          value={filters.delivery}
          values={Object.keys(DELIVERIES)}
          words={DELIVERIES}
          onChoose={delivery => setFilters({ delivery })}
        />
      )}
    </div>
  );
}

type ChoiceProps = {
  name: string;
  all: string;
  value: string;
  values: readonly string[];
  /** What is shown for a value, if not the value itself. */
  words?: Record<string, string>;
  onChoose: (value: string) => void;
};

function Choice({ name, all, value, values, words = {}, onChoose }: ChoiceProps) {
  // A filter from the address may name something that is not loaded yet; it must not look like "all".
  const shown = value === '' || values.includes(value) ? values : [value, ...values];
  return (
    <select aria-label={name} value={value} onChange={event => onChoose(event.currentTarget.value)}>
      <option value="">{all}</option>
      {shown.map(choice => (
        <option key={choice} value={choice}>
          {words[choice] ?? choice}
        </option>
      ))}
    </select>
  );
}
