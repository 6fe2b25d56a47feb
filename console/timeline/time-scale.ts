// The timeline's arithmetic: which stretch of time it shows, where a time lies on it, which ticks it has. Pure.

export type TimeWindow = { fromMs: number; toMs: number };

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/** The zoom levels, by the name the address bar carries. */
export const ZOOMS = { '1h': HOUR_MS, '6h': 6 * HOUR_MS, '24h': 24 * HOUR_MS } as const;
export type Zoom = keyof typeof ZOOMS;
export const ZOOM_NAMES: readonly Zoom[] = ['1h', '6h', '24h'];

const TICK_STEPS_MS = [1, 5, 10, 15, 30, 60, 120, 180, 360, 720].map(minutes => minutes * MINUTE_MS);

/** The zoom a text names; an hour when it names none. */
export function parseZoom(text: string | undefined): Zoom {
  return text === '6h' || text === '24h' ? text : '1h';
}

/** The stretch shown around `centreMs`. It never reaches past `nowMs` by more than a twentieth, so live is at the right edge. */
export function windowAt(centreMs: number, spanMs: number, nowMs: number): TimeWindow {
  const toMs = Math.min(centreMs + spanMs / 2, nowMs + spanMs / 20);
  return { fromMs: toMs - spanMs, toMs };
}

/** Where a time lies, in pixels from the left edge. */
export function pixelOf(atMs: number, { fromMs, toMs }: TimeWindow, widthPx: number): number {
  return ((atMs - fromMs) / (toMs - fromMs)) * widthPx;
}

/** Which time a pixel means. */
export function timeAt(pixel: number, { fromMs, toMs }: TimeWindow, widthPx: number): number {
  return fromMs + (pixel / widthPx) * (toMs - fromMs);
}

/**
 * Round local times to label, at least `minGapPx` apart. `offsetMinutesAt` gives the zone's offset as `getTimezoneOffset` does,
 * so that ticks stay on round hours through a change of daylight saving time.
 */
export function ticks(
  window: TimeWindow,
  { widthPx, minGapPx }: { widthPx: number; minGapPx: number },
  offsetMinutesAt: (ms: number) => number,
): number[] {
  const wanted = ((window.toMs - window.fromMs) * minGapPx) / Math.max(1, widthPx);
  const step = TICK_STEPS_MS.find(candidate => candidate >= wanted) ?? 24 * HOUR_MS;
  const offsetMs = offsetMinutesAt(window.fromMs) * MINUTE_MS;
  const found: number[] = [];
  for (let local = Math.ceil((window.fromMs - offsetMs) / step) * step; ; local += step) {
    const base = local + offsetMs;
    // The zone's offset may have changed since the left edge.
    const atMs = local + offsetMinutesAt(base) * MINUTE_MS;
    if (base > window.toMs) return found;
    if (atMs >= window.fromMs && atMs <= window.toMs) found.push(atMs);
  }
}
