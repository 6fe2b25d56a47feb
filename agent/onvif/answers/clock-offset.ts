// How far a device's clock is from ours, by what it says of its time. Some devices answer their local time where UTC
// belongs; the tokens they check are made with another clock than the one they show. Pure.
import type { SystemTime } from './device-answers.ts';

export type ClockOffset = {
  /** The device's UTC − ours. */
  offsetMs: number;
  /** The device shows local time as UTC; `offsetMs` is what remains without the zone. */
  localInUtc: boolean;
  /**
   * What else the device's clock may be, when a sign-in by time is refused with `offsetMs`: the time as shown, or nothing
   * but the zone taken off.
   */
  otherOffsetMs?: number;
};

const quarterMs = 15 * 60_000;
const hourMs = 60 * 60_000;
/** Two clocks that agree but for a zone agree to this much. */
const agreementMs = 90_000;
const farthestZoneMs = 14 * hourMs;

/** @param nowMs our time when the answer was made */
export function clockOffset({ utcMs, localMs, timeZone }: SystemTime, nowMs: number): ClockOffset {
  const shownMs = Math.round(utcMs - nowMs);
  const zoneMs = Math.round(shownMs / quarterMs) * quarterMs;
  const restMs = shownMs - zoneMs;
  const isZoneOff = zoneMs !== 0 && Math.abs(zoneMs) <= farthestZoneMs && Math.abs(restMs) <= agreementMs;
  if (!isZoneOff) return { offsetMs: shownMs, localInUtc: false };
  const zones = zonesIn(timeZone);
  const saysSo = zones.includes(zoneMs) || (utcMs === localMs && zones.some(zone => zone !== 0));
  return saysSo
    ? { offsetMs: restMs, localInUtc: true, otherOffsetMs: shownMs }
    : { offsetMs: shownMs, localInUtc: false, otherOffsetMs: restMs };
}

/**
 * Every offset a zone's text may mean. POSIX counts west of Greenwich as positive ("CST-8" is China's), cameras write both
 * signs; a name behind the offset is that of summer time, which adds an hour.
 */
function zonesIn(timeZone = ''): number[] {
  const found = /[+-]?(\d{1,2})(?::?(\d{2}))?(?![\d.])(\s*[A-Za-z<])?/.exec(timeZone);
  if (!found) return [];
  const sizeMs = Number(found[1]) * hourMs + Number(found[2] ?? 0) * 60_000;
  const hasSummer = found[3] !== undefined;
  return [sizeMs, -sizeMs].flatMap(zone => (hasSummer ? [zone, zone + hourMs] : [zone]));
}
