// Points in time as the viewer's own clock and calendar show them.

const timeFormat = new Intl.DateTimeFormat(undefined, {
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  hourCycle: 'h23',
});
const dayFormat = new Intl.DateTimeFormat(undefined, { weekday: 'short', day: 'numeric', month: 'short' });

/** `07:41:12` */
export function timeOfDay(ms: number): string {
  return timeFormat.format(ms);
}

const minuteFormat = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });

/** `07:41` */
export function minuteOfDay(ms: number): string {
  return minuteFormat.format(ms);
}

/** `07:41:12` on the day of `nowMs`, otherwise `Mon 23 Nov, 07:41:12` (in the viewer's language). */
export function dayAndTime(ms: number, nowMs: number): string {
  const sameDay = new Date(ms).toDateString() === new Date(nowMs).toDateString();
  return sameDay ? timeOfDay(ms) : `${dayFormat.format(ms)}, ${timeOfDay(ms)}`;
}

/** The value of an `<input type="datetime-local">`: local time without a zone, to the second. */
export function localInputValue(ms: number): string {
  const date = new Date(ms);
  const two = (part: number) => String(part).padStart(2, '0');
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day}T${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}
