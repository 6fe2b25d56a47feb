import { expect, test } from 'vitest';
import { clockOffset } from '../../agent/onvif/answers/clock-offset.ts';

const nowMs = Date.UTC(2026, 10, 23, 7, 41, 12);
const minutes = 60_000;
const hours = 60 * minutes;

test.each([
  { name: 'right', offMs: 0, zone: 'CST-8', expected: { offsetMs: 0, localInUtc: false } },
  { name: 'some seconds off', offMs: 7_000, zone: 'CST-8', expected: { offsetMs: 7_000, localInUtc: false } },
  {
    name: 'never set',
    offMs: -20 * 365 * 24 * hours,
    zone: 'UTC0',
    expected: { offsetMs: -20 * 365 * 24 * hours, localInUtc: false },
  },
  {
    name: 'local time, zone as in POSIX',
    offMs: 8 * hours + 3_000,
    zone: 'CST-8',
    expected: { offsetMs: 3_000, localInUtc: true, otherOffsetMs: 8 * hours + 3_000 },
  },
  {
    name: 'local time, zone as people write it',
    offMs: 8 * hours,
    zone: 'GMT+08:00',
    expected: { offsetMs: 0, localInUtc: true, otherOffsetMs: 8 * hours },
  },
  {
    name: 'local summer time',
    offMs: -4 * hours,
    zone: 'EST5EDT,M3.2.0,M11.1.0',
    expected: { offsetMs: 0, localInUtc: true, otherOffsetMs: -4 * hours },
  },
  {
    name: 'a zone of half an hour',
    offMs: 5.5 * hours,
    zone: '<+0530>-5:30',
    expected: { offsetMs: 0, localInUtc: true, otherOffsetMs: 5.5 * hours },
  },
  {
    name: 'hours off without a reason',
    offMs: 3 * hours,
    zone: 'UTC0',
    expected: { offsetMs: 3 * hours, localInUtc: false, otherOffsetMs: 0 },
  },
  {
    name: 'hours off, other than its zone',
    offMs: 3 * hours,
    zone: 'CST-8',
    expected: { offsetMs: 3 * hours, localInUtc: false, otherOffsetMs: 0 },
  },
  { name: 'minutes off', offMs: 7 * minutes, zone: 'CST-8', expected: { offsetMs: 7 * minutes, localInUtc: false } },
  {
    name: 'no zone',
    offMs: hours,
    zone: undefined,
    expected: { offsetMs: hours, localInUtc: false, otherOffsetMs: 0 },
  },
  {
    name: 'a zone without sense',
    offMs: hours,
    zone: '9'.repeat(2_000),
    expected: { offsetMs: hours, localInUtc: false, otherOffsetMs: 0 },
  },
  {
    name: 'an hour and a half ahead, in no zone, and tells the same as its local time',
    offMs: 1.5 * hours,
    zone: 'UTC0',
    expected: { offsetMs: 1.5 * hours, localInUtc: false, otherOffsetMs: 0 },
  },
  {
    name: 'an hour ahead where there is no summer time',
    offMs: hours,
    zone: 'UTC0',
    expected: { offsetMs: hours, localInUtc: false, otherOffsetMs: 0 },
  },
  {
    name: 'local summer time of Greenwich',
    offMs: hours,
    zone: 'GMT0BST,M3.5.0/1,M10.5.0',
    expected: { offsetMs: 0, localInUtc: true, otherOffsetMs: hours },
  },
])('a clock that is $name', ({ name, offMs, zone, expected }) => {
  const localMs = name.includes('the same as its local time') ? nowMs + offMs : nowMs;
  const shown = { utcMs: nowMs + offMs, localMs, ntp: false, ...(zone === undefined ? {} : { timeZone: zone }) };
  expect(clockOffset(shown, nowMs)).toEqual(expected);
});

test('the same time as UTC and as local time, with a zone, is local time', () => {
  const utcMs = nowMs + 2 * hours;
  const shown = { utcMs, localMs: utcMs, timeZone: 'Custom-3', ntp: true };
  expect(clockOffset(shown, nowMs)).toEqual({ offsetMs: 0, localInUtc: true, otherOffsetMs: 2 * hours });
});
