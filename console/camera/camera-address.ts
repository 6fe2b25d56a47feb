// The camera page's address: the camera, the chosen time and the zoom. Whatever is in the address bar can be shared.
import type { Zoom } from '../timeline/time-scale.ts';

/** The time in `?t=`; undefined when there is none or it is no time. */
export function parseTime(text: string | undefined): number | undefined {
  const ms = text === undefined ? Number.NaN : Date.parse(text);
  return Number.isNaN(ms) ? undefined : ms;
}

/** The address of a camera, live when no time is given. */
export function cameraAddress(
  cameraId: string,
  { atMs, zoom }: { atMs?: number | undefined; zoom?: Zoom } = {},
): string {
  const query = new URLSearchParams();
  if (atMs !== undefined) query.set('t', new Date(atMs).toISOString());
  if (zoom !== undefined && zoom !== '1h') query.set('zoom', zoom);
  const text = query.toString();
  return `/camera/${encodeURIComponent(cameraId)}${text === '' ? '' : `?${text}`}`;
}

/** A sighting is shown from a little before it, so that one sees what led to it. */
export const LEAD_IN_MS = 5000;
