// Review: everything that was seen and every alert that left, newest first.
import type { ComponentChildren } from 'preact';
import type { Alert } from '../../shared/alert.ts';
import type { Sighting } from '../../shared/sighting.ts';
import { loadSightings } from '../link/agent-api.ts';
import { loadAlerts } from '../link/alerts-api.ts';
import { arrivedAlerts, arrivedSightings, fleet } from '../link/fleet.ts';
import { usePageTitle } from '../shell/page-title.ts';
import { Empty } from '../states/empty.tsx';
import { Failed } from '../states/failed.tsx';
import { Loading } from '../states/loading.tsx';
import { PartialNote } from '../states/partial-note.tsx';
import { AlertCard } from './alert-card.tsx';
import { AlertDetail } from './alert-detail.tsx';
import { asPictured, byId } from './as-pictured.ts';
import { FilterBar, type Filters, passes, reviewAddress, useFilters } from './filters.tsx';
import { groupSightings, mergeSightings, type SightingGroup } from './groups.ts';
import { useOlderPages } from './older-pages.ts';
import type { Pages } from './paging.ts';
import { PausedLabels } from './paused-labels.tsx';
import { SightingCard } from './sighting-card.tsx';
import { WhyDetail } from './why-detail.tsx';
import './review.css';

export function ReviewPage() {
  usePageTitle('Review');
  const { filters, setFilters } = useFilters();
  const sightings = useOlderPages<Sighting>(async page => (await loadSightings(page)).sightings);
  const seen = mergeSightings(sightings.pages.value.items ?? [], arrivedSightings.value);
  const labels = [...new Set(seen.map(sighting => sighting.label))].sort();
  const clear = () => setFilters({ camera: '', label: '', delivery: '' });
  const close = () => setFilters({ alert: '', why: '' });
  const matching = seen.filter(sighting => passes(filters, sighting.cameraId, [sighting]));
  return (
    <div class="review">
      <h1 class="for-screen-readers">Review</h1>
      <FilterBar filters={filters} labels={labels} setFilters={setFilters} />
      <PausedLabels />
      {filters.show === 'sightings' ? (
        <Listing
          what="sightings"
          pages={sightings.pages.value}
          more={sightings.more}
          all={seen.length}
          clear={clear}
          empty={<NoSightings />}
        >
          {groupSightings(matching).map(group => (
            <SightingCard
              // Not by its end, which moves on as long as it is there: whoever is on the card would be thrown off it.
              key={`${group.best.cameraId} ${group.best.label} ${group.fromMs}`}
              group={group}
              why={reviewAddress({ ...filters, why: group.best.id })}
            />
          ))}
        </Listing>
      ) : (
        <Alerts key={filters.delivery} filters={filters} seen={seen} clear={clear} />
      )}
      {filters.alert !== '' && (
        <AlertDetail key={filters.alert} alertId={filters.alert} filters={filters} onClose={close} />
      )}
      {filters.alert === '' && filters.why !== '' && (
        <WhyDetail sightingId={filters.why} group={groupOf(filters.why, seen)} filters={filters} onClose={close} />
      )}
    </div>
  );
}

type AlertsProps = { filters: Filters; seen: readonly Sighting[]; clear: () => void };

/** Of one choice of deliveries, which the agent makes: given-up ones may be far back. */
function Alerts({ filters, seen, clear }: AlertsProps) {
  const state = filters.delivery === '' ? undefined : filters.delivery;
  const { pages, more } = useOlderPages<Alert>(async page => (await loadAlerts({ ...page, state })).alerts);
  const hasState = ({ deliveries }: Alert) => !state || deliveries.some(delivery => delivery.state === state);
  const left = newestAlerts(pages.value.items ?? [], arrivedAlerts.value).filter(hasState);
  const known = byId(seen);
  return (
    <Listing
      what="alerts"
      pages={pages.value}
      more={more}
      all={left.length}
      clear={clear}
      empty={state ? <NothingMatches what="alerts" clear={clear} /> : <NoAlerts />}
    >
      {left
        .filter(alert => passes(filters, alert.cameraId, alert.sightings))
        .map(alert => (
          <AlertCard
            key={alert.id}
            alert={{ ...alert, sightings: asPictured(alert.sightings, known) }}
            details={reviewAddress({ ...filters, alert: alert.id })}
          />
        ))}
    </Listing>
  );
}

/** All that a sighting was seen together with, whatever the filters. */
function groupOf(sightingId: string, seen: readonly Sighting[]): readonly Sighting[] {
  const holds = ({ sightings }: SightingGroup) => sightings.some(({ id }) => id === sightingId);
  return groupSightings(seen).find(holds)?.sightings ?? [];
}

/** Alerts once each, newest first; one that came as a live event has the newer word on its deliveries. */
function newestAlerts(loaded: readonly Alert[], arrived: readonly Alert[]): Alert[] {
  const byId = new Map([...loaded, ...arrived].map(alert => [alert.id, alert]));
  return [...byId.values()].sort((a, b) => b.atMs - a.atMs);
}

type ListingProps = {
  what: 'sightings' | 'alerts';
  pages: Pages<unknown>;
  more: () => void;
  /** How many there are without the filters. */
  all: number;
  clear: () => void;
  empty: ComponentChildren;
  children: ComponentChildren[];
};

function Listing({ what, pages, more, all, clear, empty, children }: ListingProps) {
  const { items, loading, problem, complete } = pages;
  if (!items && problem) return <Failed what={`The ${what} could not be loaded`} problem={problem} onRetry={more} />;
  if (!items) return <Loading what={what} count={6} className="cards" />;
  if (all === 0) return <>{empty}</>;
  return (
    <>
      {children.length === 0 ? (
        <NothingMatches what={what} all={all} clear={clear} />
      ) : (
        <ol class="cards">{children}</ol>
      )}
      {problem && (
        <PartialNote>
          Older {what} could not be loaded: {problem.message}
        </PartialNote>
      )}
      {!complete && (
        <button type="button" class="more" disabled={loading} onClick={more}>
          {loading ? 'Loading…' : `Older ${what}`}
        </button>
      )}
    </>
  );
}

function NothingMatches({ what, all, clear }: { what: string; all?: number; clear: () => void }) {
  return (
    <Empty title={`No ${what} match`}>
      {all !== undefined && (
        <p>
          {all} {what} are loaded without the filters.
        </p>
      )}
      <div class="actions">
        <button type="button" onClick={clear}>
          Clear filters
        </button>
      </div>
    </Empty>
  );
}

function NoSightings() {
  const cameras = fleet.value?.cameras ?? [];
  const sampled = cameras.filter(camera => camera.labels.on).length;
  return (
    <Empty title="No sightings yet">
      <p>
        Labels are looked for on {sampled} of {cameras.length} cameras. What is seen appears here with the frame it was
        seen on.
      </p>
    </Empty>
  );
}

function NoAlerts() {
  return (
    <Empty title="No alerts yet">
      <p>
        When a rule in the agent’s settings matches a sighting, the alert appears here with what became of its delivery.
      </p>
    </Empty>
  );
}
