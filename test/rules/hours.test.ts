// Weekly hours against what Intl prints of a moment, on the days on which clocks are changed too.
import { describe, expect, test } from 'vitest';
import { isOpen, weeklyHours } from '../../agent/rules/hours.ts';
import { LocalTime } from '../../agent/rules/local-time.ts';
import { seededRandom } from '../../scripts/fuzz/seeded-random.ts';

const minuteMs = 60_000;
const dayMs = 86_400_000;
const names = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'];

function openAt(spans: string[], timeZone: string, at: string | number): boolean {
  const time = new LocalTime(timeZone);
  return isOpen(weeklyHours(spans), time.minuteOfWeek(typeof at === 'string' ? Date.parse(at) : at));
}

test.each([
  ['a moment before it begins', ['Mon-Fri 22:00-06:00'], '2026-11-23T20:59:59.999Z', false],
  ['the moment it begins', ['Mon-Fri 22:00-06:00'], '2026-11-23T21:00:00Z', true],
  ['the next morning', ['Mon-Fri 22:00-06:00'], '2026-11-24T04:59:59.999Z', true],
  ['the moment it ends', ['Mon-Fri 22:00-06:00'], '2026-11-24T05:00:00Z', false],
  ['Saturday morning still belongs to Friday', ['Mon-Fri 22:00-06:00'], '2026-11-28T03:00:00Z', true],
  ['Monday morning does not belong to Sunday', ['Mon-Fri 22:00-06:00'], '2026-11-23T03:00:00Z', false],
  ['over the end of the week', ['Sun 22:00-06:00'], '2026-11-23T03:00:00Z', true],
  ['days over the end of the week', ['Sat-Mon 08:00-09:00'], '2026-11-22T07:30:00Z', true],
  ['days over the end of the week, another', ['Sat-Mon 08:00-09:00'], '2026-11-24T07:30:00Z', false],
  ['until 24:00', ['Sun 12:00-24:00'], '2026-11-22T22:59:59.999Z', true],
  ['not beyond 24:00', ['Sun 12:00-24:00'], '2026-11-22T23:00:00Z', false],
  ['a whole day', ['Sat,Sun 00:00-24:00'], '2026-11-21T10:00:00Z', true],
  ['begin and end the same: for 24 hours', ['Sat 08:00-08:00'], '2026-11-22T06:59:00Z', true],
  ['begin and end the same: no longer', ['Sat 08:00-08:00'], '2026-11-22T07:00:00Z', false],
  ['one of several spans', ['Mon 01:00-02:00', 'Mon 03:00-04:00'], '2026-11-23T02:30:00Z', true],
  ['between several spans', ['Mon 01:00-02:00', 'Mon 03:00-04:00'], '2026-11-23T01:30:00Z', false],
])('%s', (_situation, spans, at, open) => {
  expect(openAt(spans, 'Europe/Berlin', at)).toBe(open);
});

describe('when clocks are changed', () => {
  function openMinutes(spans: string[], timeZone: string, from: string, hours: number): number {
    const [week, time] = [weeklyHours(spans), new LocalTime(timeZone)];
    const minutes = Array.from({ length: hours * 60 }, (_, minute) => Date.parse(from) + minute * minuteMs);
    return minutes.filter(atMs => isOpen(week, time.minuteOfWeek(atMs))).length;
  }

  test('a night with 23 hours has an hour less, and one with 25 an hour more', () => {
    const night = ['Sat 22:00-06:00'];
    expect(openMinutes(night, 'Europe/Berlin', '2026-03-28T12:00:00Z', 24)).toBe(7 * 60);
    expect(openMinutes(night, 'Europe/Berlin', '2026-10-24T12:00:00Z', 24)).toBe(9 * 60);
    expect(openMinutes(night, 'Australia/Lord_Howe', '2026-10-03T00:00:00Z', 24)).toBe(7.5 * 60);
  });

  test('the hour that is left out never comes, the one that is repeated comes twice', () => {
    expect(openMinutes(['Sun 02:00-03:00'], 'Europe/Berlin', '2026-03-28T12:00:00Z', 36)).toBe(0);
    expect(openMinutes(['Sun 02:00-03:00'], 'Europe/Berlin', '2026-10-24T12:00:00Z', 36)).toBe(120);
  });

  test('a day that a country left out has no hours', () => {
    expect(openMinutes(['Fri 00:00-24:00'], 'Pacific/Apia', '2011-12-29T00:00:00Z', 72)).toBe(0);
  });
});

const zones = [
  ...['Europe/Berlin', 'America/New_York', 'America/St_Johns', 'Australia/Lord_Howe', 'Asia/Kathmandu', 'Asia/Tehran'],
  ...['Africa/Casablanca', 'Europe/Dublin', 'Pacific/Chatham', 'Pacific/Kiritimati', 'America/Sao_Paulo', 'UTC'],
];

/** Moments at which the zone's offset changes in two years, each within an hour's precision. */
function changesOf(time: LocalTime): number[] {
  const differs = (fromMs: number, toMs: number) => time.offsetMs(fromMs) !== time.offsetMs(toMs);
  const changes: number[] = [];
  for (let atMs = Date.UTC(2025, 0, 1); atMs < Date.UTC(2027, 0, 1); atMs += dayMs) {
    if (!differs(atMs, atMs + dayMs)) continue;
    const hour = Array.from({ length: 24 }, (_, hour) => atMs + hour * 3_600_000).find(at =>
      differs(at, at + 3_600_000),
    );
    if (hour !== undefined) changes.push(hour + 3_600_000);
  }
  return changes;
}

/** What a person would say who looks at a calendar clock: the span of today, or the one of yesterday that is not over. */
function saysTheClock(span: { days: string[]; begin: string; end: string }, day: string, time: string): boolean {
  const yesterday = names[(names.indexOf(day) + 6) % 7] ?? '';
  const goesOn = span.end <= span.begin;
  if (span.days.includes(day) && time >= span.begin && (goesOn || time < span.end)) return true;
  return goesOn && span.days.includes(yesterday) && time < span.end;
}

test.each(zones)('every minute about every change, with random hours: %s', timeZone => {
  const random = seededRandom(zones.indexOf(timeZone) + 1);
  const below = (count: number) => Math.floor(random() * count);
  const clock = (minutes: number) =>
    `${String(Math.floor(minutes / 60)).padStart(2, '0')}:${String(minutes % 60).padStart(2, '0')}`;
  const time = new LocalTime(timeZone);
  const format = new Intl.DateTimeFormat('en-GB', { timeZone, weekday: 'short', hour: '2-digit', minute: '2-digit' });
  for (const change of [...changesOf(time), Date.UTC(2026, below(12), 1 + below(28))]) {
    for (let round = 0; round < 4; round++) {
      const [first, count] = [below(7), 1 + below(7)];
      const days = Array.from({ length: count }, (_, after) => names[(first + after) % 7] ?? '');
      const span = { days, begin: clock(below(1440)), end: round === 0 ? '24:00' : clock(below(1440)) };
      const hours = weeklyHours([`${days[0]}-${days.at(-1)} ${span.begin}-${span.end}`]);
      for (let step = 0; step < 100; step++) {
        const atMs = change - dayMs + below(2 * dayMs);
        const shown = Object.fromEntries(format.formatToParts(atMs).map(({ type, value }) => [type, value]));
        const expected = saysTheClock(span, shown.weekday ?? '', `${shown.hour}:${shown.minute}`);
        if (isOpen(hours, time.minuteOfWeek(atMs)) !== expected) expect.fail(`${JSON.stringify(span)} at ${atMs}`);
      }
    }
  }
});

test.each(zones)('a wall clock leads back to the first moment it shows: %s', timeZone => {
  const time = new LocalTime(timeZone);
  const random = seededRandom(7);
  for (const change of changesOf(time)) {
    for (let step = 0; step < 100; step++) {
      const atMs = change + Math.floor((random() - 0.5) * 4 * 60) * minuteMs;
      const wallMs = time.wallMs(atMs);
      const found = time.utcMs(wallMs);
      if (time.wallMs(found) !== wallMs || found > atMs) expect.fail(`${wallMs} was found at ${found}, not ${atMs}`);
    }
    const gapMs = time.offsetMs(change) - time.offsetMs(change - 1);
    if (gapMs > 0) expect(time.utcMs(change - 1 + time.offsetMs(change - 1) + minuteMs)).toBe(change);
  }
});
