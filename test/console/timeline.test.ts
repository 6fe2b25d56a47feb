// The timeline's arithmetic and what it says of missing footage.
import { describe, expect, test } from 'vitest';
import { cameraAddress, parseTime } from '../../console/camera/camera-address.ts';
import { absenceWords, footageWords, nextFootage, previousFootage, spanAt } from '../../console/timeline/footage.ts';
import { parseZoom, pixelOf, ticks, timeAt, windowAt } from '../../console/timeline/time-scale.ts';
import type { FootageSpan } from '../../shared/api.ts';

const HOUR_MS = 3_600_000;
const utc = () => 0;

describe('the time scale', () => {
  test('a pixel and its time are the same both ways', () => {
    const window = { fromMs: 1_000_000, toMs: 2_000_000 };
    expect(pixelOf(1_250_000, window, 800)).toBe(200);
    expect(timeAt(200, window, 800)).toBe(1_250_000);
  });

  test('the window is centred in the past and ends just after now when live', () => {
    expect(windowAt(10 * HOUR_MS, HOUR_MS, 20 * HOUR_MS)).toEqual({ fromMs: 9.5 * HOUR_MS, toMs: 10.5 * HOUR_MS });
    const live = windowAt(20 * HOUR_MS, HOUR_MS, 20 * HOUR_MS);
    expect(live.toMs).toBe(20.05 * HOUR_MS);
    expect(live.toMs - live.fromMs).toBe(HOUR_MS);
  });

  test('ticks are round times with room for their words', () => {
    const window = { fromMs: 7 * HOUR_MS + 60_000, toMs: 8 * HOUR_MS + 60_000 };
    const found = ticks(window, { widthPx: 720, minGapPx: 100 }, utc);
    expect(found.map(ms => (ms / 60_000) % 60)).toEqual([10, 20, 30, 40, 50, 0]);
    expect(ticks({ fromMs: 0, toMs: 24 * HOUR_MS }, { widthPx: 10, minGapPx: 100 }, utc).length).toBeLessThanOrEqual(2);
  });

  test('ticks stay on round local hours on the day of 25 hours', () => {
    // Central Europe, 25 October 2026: at 01:00 UTC the offset goes from +2 h to +1 h.
    const change = Date.UTC(2026, 9, 25, 1);
    const offset = (ms: number) => (ms < change ? -120 : -60);
    const window = { fromMs: Date.UTC(2026, 9, 24, 22), toMs: Date.UTC(2026, 9, 25, 22) };
    const hours = ticks(window, { widthPx: 800, minGapPx: 90 }, offset).map(ms => (ms - offset(ms) * 60_000) / HOUR_MS);
    expect(hours.length).toBeGreaterThan(5);
    expect(hours.map(hour => hour % 1)).toEqual(hours.map(() => 0));
  });

  test('an address keeps the second and the zoom, and nonsense in it means live and one hour', () => {
    const address = cameraAddress('front door', { atMs: Date.UTC(2026, 10, 23, 7, 41, 12), zoom: '6h' });
    expect(address).toBe('/camera/front%20door?t=2026-11-23T07%3A41%3A12.000Z&zoom=6h');
    expect(parseTime('2026-11-23T07:41:12.000Z')).toBe(Date.UTC(2026, 10, 23, 7, 41, 12));
    expect(parseTime('yesterday')).toBeUndefined();
    expect(parseTime(undefined)).toBeUndefined();
    expect(parseZoom('9h')).toBe('1h');
    expect(cameraAddress('door')).toBe('/camera/door');
  });
});

describe('missing footage', () => {
  const spans: FootageSpan[] = [
    { startMs: 0, endMs: 100_000, at: 'cloud' },
    { startMs: 200_000, endMs: 300_000, at: 'lost', reason: 'The disk was full.' },
    { startMs: 300_000, endMs: 301_000, at: 'cloud' },
    { startMs: 301_000, endMs: 400_000, at: 'disk' },
    { startMs: 400_000, endMs: 500_000, at: 'offline', reason: 'camera-denied' },
    { startMs: 500_000, endMs: 600_000, at: 'agent-down' },
    { startMs: 600_000, endMs: 700_000, at: 'lost', reason: 'disk-full' },
    { startMs: 700_000, endMs: 800_000, at: 'offline' },
  ];

  test('a span covers its start and not its end', () => {
    expect(spanAt(spans, 0)?.at).toBe('cloud');
    expect(spanAt(spans, 100_000)).toBeUndefined();
    expect(spanAt(spans, 300_000)?.at).toBe('cloud');
  });

  test.each([
    [150_000, 'recorded nothing then', 'no footage'],
    [250_000, 'The disk was full.', 'lost: The disk was full.'],
    [350_000, 'waits to be uploaded', 'on disk, waiting to be uploaded'],
    [50_000, 'retention', 'in the cloud'],
    [450_000, 'gave no video then: it refused the password.', 'camera offline: it refused the password'],
    [550_000, 'agent was not running', 'the agent was off'],
    [650_000, 'lost: the disk was full', 'lost: the disk was full'],
    [750_000, 'gave no video then', 'camera offline'],
  ])('at %i one is told why there is nothing', (atMs, reason, words) => {
    expect(absenceWords(spans, atMs)).toContain(reason);
    expect(footageWords(spanAt(spans, atMs))).toBe(words);
  });

  test('the way out leads to playable footage on either side', () => {
    expect(nextFootage(spans, 150_000)).toBe(300_000);
    expect(previousFootage(spans, 150_000)).toBe(95_000);
    expect(previousFootage(spans, 350_000)).toBe(300_000);
    expect(nextFootage(spans, 350_000)).toBeUndefined();
    expect(previousFootage(spans, 50_000)).toBeUndefined();
  });
});
