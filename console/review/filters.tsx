// What the review page shows: sightings or alerts, of which camera, of which label. Kept in the address.
import { useLocation } from 'preact-iso/router';
import type { Sighting } from '../../shared/sighting.ts';
import { fleet } from '../link/fleet.ts';

export type Filters = { show: 'sightings' | 'alerts'; camera: string; label: string };

/** The filters in the address; an empty camera or label means all. */
export function useFilters(): { filters: Filters; setFilters: (change: Partial<Filters>) => void } {
  const { query, route } = useLocation();
  const filters: Filters = {
    show: query.show === 'alerts' ? 'alerts' : 'sightings',
    camera: query.camera ?? '',
    label: query.label ?? '',
  };
  const setFilters = (change: Partial<Filters>) => route(reviewAddress({ ...filters, ...change }), true);
  return { filters, setFilters };
}

export function reviewAddress({ show, camera, label }: Filters): string {
  const query = new URLSearchParams();
  if (show === 'alerts') query.set('show', show);
  if (camera !== '') query.set('camera', camera);
  if (label !== '') query.set('label', label);
  const text = query.toString();
  return text === '' ? '/review' : `/review?${text}`;
}

/** Whether a camera and the labels seen at it pass the filters. */
export function passes(
  { camera, label }: Filters,
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
            href={reviewAddress({ ...filters, show })}
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
    </div>
  );
}

type ChoiceProps = {
  name: string;
  all: string;
  value: string;
  values: readonly string[];
  onChoose: (value: string) => void;
};

function Choice({ name, all, value, values, onChoose }: ChoiceProps) {
  // A filter from the address may name something that is not loaded yet; it must not look like "all".
  const shown = value === '' || values.includes(value) ? values : [value, ...values];
  return (
    <select aria-label={name} value={value} onChange={event => onChoose(event.currentTarget.value)}>
      <option value="">{all}</option>
      {shown.map(choice => (
        <option key={choice} value={choice}>
          {choice}
        </option>
      ))}
    </select>
  );
}
