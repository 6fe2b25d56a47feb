// The periods in which crossings are counted, on the wall clock of a time zone: every quarter of an hour at 0:00, 0:15 …, days
// at midnight, weeks on Monday. A day on which clocks are changed has 23 or 25 hours.
import type { LocalTime } from './local-time.ts';

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
/** Monday, 5 January 1970, on the wall. */
const anchorMs = 4 * 86_400_000;

export type Period = { fromMs: number; toMs: number };

/** The period that holds `atMs`: `fromMs` ≤ `atMs` < `toMs`. */
export function periodOf(atMs: number, everyMinutes: number, time: LocalTime): Period {
  const lengthMs = everyMinutes * minuteMs;
  const wallMs = time.wallMs(atMs);
  const wallFromMs = Math.floor((wallMs - anchorMs) / lengthMs) * lengthMs + anchorMs;
  // Clocks are changed on the hour: within one, a period is as long as it says, also when the hour comes a second time.
  if (lengthMs <= hourMs) {
    const fromMs = Math.round(atMs - (wallMs - wallFromMs));
    return { fromMs, toMs: Math.round(fromMs + lengthMs) };
  }
  return { fromMs: time.utcMs(wallFromMs), toMs: time.utcMs(wallFromMs + lengthMs) };
}
