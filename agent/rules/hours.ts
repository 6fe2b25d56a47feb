// The weekly hours of a rule. They are open whenever the wall clock shows a time within a span, so an hour that a change to
// summer time leaves out never is, and one that comes twice is open twice.

const dayNames = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'];
const dayMinutes = 1440;
const weekMinutes = 7 * dayMinutes;

/** Minutes of the week, one bit each. */
export type WeeklyHours = Uint8Array;

/**
 * From what the settings' schema lets pass, such as `Mon-Fri 22:00-06:00`. A span that ends at or before its beginning goes
 * on into the next day. Undefined stays undefined: always.
 */
export function weeklyHours(spans: readonly string[] | undefined): WeeklyHours | undefined {
  if (!spans) return undefined;
  const hours = new Uint8Array(weekMinutes / 8);
  for (const span of spans) {
    const [days = '', times = ''] = span.split(' ');
    const [begin = 0, end = 0] = times.split('-').map(minuteOfDay);
    const length = end > begin ? end - begin : end + dayMinutes - begin;
    for (const day of days.split(',').flatMap(weekdays)) open(hours, day * dayMinutes + begin, length);
  }
  return hours;
}

/** `minute` is one of LocalTime.minuteOfWeek. */
export function isOpen(hours: WeeklyHours | undefined, minute: number): boolean {
  return hours === undefined || (((hours[minute >> 3] ?? 0) >> (minute & 7)) & 1) === 1;
}

function open(hours: WeeklyHours, begin: number, length: number): void {
  for (let minute = begin; minute < begin + length; minute++) {
    const within = minute % weekMinutes;
    hours[within >> 3] = (hours[within >> 3] ?? 0) | (1 << (within & 7));
  }
}

/** `Fri-Mon` goes over the end of the week. */
function weekdays(range: string): number[] {
  const [first = 0, last = first] = range.split('-').map(name => dayNames.indexOf(name));
  return Array.from({ length: ((last - first + 7) % 7) + 1 }, (_, after) => (first + after) % 7);
}

function minuteOfDay(time: string): number {
  const [hours = 0, minutes = 0] = time.split(':').map(Number);
  return hours * 60 + minutes;
}
