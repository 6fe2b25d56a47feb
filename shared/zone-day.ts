// Which day it is somewhere, and when that day ends there: also on days of 23 and of 25 hours. Pure.

export type ZoneDay = {
  /** `2026-11-25` */
  day: string;
  /** The first moment of the next day. */
  endsMs: number;
};

/** No day is longer, whatever a country does to its clocks. */
const longestDayMs = 30 * 3_600_000;

const formats = new Map<string | undefined, Intl.DateTimeFormat>();

/** `timeZone` undefined: that of the machine. Throws a RangeError for a zone that nobody knows. */
export function dayAt(ms: number, timeZone: string | undefined): ZoneDay {
  const day = dayName(ms, timeZone);
  let last = ms;
  let first = ms + longestDayMs;
  while (first - last > 1) {
    const middle = Math.floor((first + last) / 2);
    if (dayName(middle, timeZone) === day) last = middle;
    else first = middle;
  }
  return { day, endsMs: first };
}

function dayName(ms: number, timeZone: string | undefined): string {
  const known = formats.get(timeZone);
  // The Swedish way to write a date is ISO 8601.
  const format = known ?? new Intl.DateTimeFormat('sv-SE', { dateStyle: 'short', timeZone });
  if (!known) formats.set(timeZone, format);
  return format.format(ms);
}
