// What happened at one camera in a stretch of time: its footage, and its sightings with those that arrive meanwhile.
import { type ReadonlySignal, useComputed, useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { FootageSpan } from '../../shared/api.ts';
import type { LabelPause } from '../../shared/budget.ts';
import type { Problem } from '../../shared/camera-status.ts';
import type { Sighting } from '../../shared/sighting.ts';
import { loadCameraSightings, loadFootage, loadLabelPauses, type TimeRange } from '../link/agent-api.ts';
import { nowMs } from '../link/agent-clock.ts';
import { arrivedSightings } from '../link/fleet.ts';
import { useAnswer } from '../link/use-answer.ts';
import { mergeSightings } from '../review/groups.ts';
import type { TimeWindow } from '../timeline/time-scale.ts';

const FOOTAGE_EVERY_MS = 10_000;
/** The agent gives at most this many sightings at once. */
const PAGE = 5000;
const MOST_PAGES = 4;
const PAUSES_EVERY_MS = 60_000;

export type CameraHistory = {
  spans: readonly FootageSpan[];
  pauses: readonly LabelPause[];
  sightings: ReadonlySignal<readonly Sighting[]>;
  loading: boolean;
  /** Why the newest answer is missing, if it is. */
  problem: Problem | undefined;
  /** There are more sightings in this stretch than are shown. */
  cut: boolean;
};

export function useCameraHistory(cameraId: string, window: TimeWindow): CameraHistory {
  const range = roundOut(window);
  const place = `${cameraId} ${range.fromMs} ${range.toMs}`;
  const footage = useAnswer(`${place} ${Math.floor(nowMs.value / FOOTAGE_EVERY_MS)}`, () =>
    loadFootage(cameraId, range),
  );
  const paused = useAnswer(`${place} ${Math.floor(nowMs.value / PAUSES_EVERY_MS)}`, () =>
    loadLabelPauses(cameraId, range),
  );
  const seen = useAnswer(place, () => loadAllSightings(cameraId, range));
  const id = useSignal(cameraId);
  useEffect(() => {
    id.value = cameraId;
  }, [cameraId]);
  const sightings = useComputed(() => {
    const arrived = arrivedSightings.value.filter(sighting => sighting.cameraId === id.value);
    const loaded = seen.answer.value.value?.sightings ?? [];
    return mergeSightings(loaded, arrived).filter(sighting => sighting.cameraId === id.value);
  });
  return {
    spans: footage.answer.value.value?.spans ?? [],
    pauses: paused.answer.value.value?.pauses ?? [],
    sightings,
    loading: seen.answer.value.loading && seen.answer.value.value === undefined,
    problem: seen.answer.value.problem ?? footage.answer.value.problem ?? paused.answer.value.problem,
    cut: seen.answer.value.value?.cut ?? false,
  };
}

/** Rounded to twelfths of its length, so that a window that follows the clock is not loaded anew every second. */
function roundOut({ fromMs, toMs }: TimeWindow): TimeRange {
  const grid = Math.round((toMs - fromMs) / 12);
  return { fromMs: Math.floor(fromMs / grid) * grid, toMs: Math.ceil(toMs / grid) * grid };
}

async function loadAllSightings(
  cameraId: string,
  { fromMs, toMs }: TimeRange,
): Promise<{ sightings: Sighting[]; cut: boolean }> {
  let sightings: Sighting[] = [];
  let startMs = fromMs;
  for (let page = 0; page < MOST_PAGES; page++) {
    const answer = await loadCameraSightings(cameraId, { fromMs: startMs, toMs });
    sightings = mergeSightings(sightings, answer.sightings);
    const lastMs = answer.sightings.at(-1)?.atMs;
    if (answer.sightings.length < PAGE || lastMs === undefined || lastMs === startMs) return { sightings, cut: false };
    startMs = lastMs;
  }
  return { sightings, cut: true };
}
