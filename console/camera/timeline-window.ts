// Which stretch of time the camera page shows: it follows the clock until one goes back, and the playhead when that leaves it.
import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { type TimeWindow, windowAt, ZOOMS, type Zoom } from '../timeline/time-scale.ts';

type Wanted = { atMs: number | undefined; playheadMs: number | undefined; nowMs: number; zoom: Zoom };

export function useTimelineWindow({ atMs, playheadMs, nowMs, zoom }: Wanted): {
  window: TimeWindow;
  pan: (share: number) => void;
} {
  const centreMs = useSignal<number | undefined>(atMs);
  const spanMs = ZOOMS[zoom];
  const window = windowAt(centreMs.value ?? nowMs, spanMs, nowMs);
  const outside = (ms: number) => ms < window.fromMs || ms > window.toMs;

  useEffect(() => {
    if (atMs === undefined) centreMs.value = undefined;
    else if (outside(atMs)) centreMs.value = atMs;
  }, [atMs]);
  useEffect(() => {
    // Only a playhead that ran out to the right; one may well look at earlier hours while the video plays.
    if (playheadMs !== undefined && atMs !== undefined && playheadMs > window.toMs && playheadMs < window.toMs + 1000) {
      centreMs.value = playheadMs;
    }
  }, [playheadMs]);

  const pan = (share: number) => {
    const centre = (window.fromMs + window.toMs) / 2 + share * spanMs;
    centreMs.value = centre + spanMs / 2 > nowMs ? undefined : centre;
  };
  return { window, pan };
}
