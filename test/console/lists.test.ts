// Grouping, paging, reconnecting and renewing: the rules behind the lists and the link to the agent.
import { describe, expect, test } from 'vitest';
import { afterFailure, reconnectDelayMs } from '../../console/link/reconnect.ts';
import { groupSightings, mergeSightings } from '../../console/review/groups.ts';
import { appendPage, type Pages } from '../../console/review/paging.ts';
import { isStillDue } from '../../console/wall/still-cadence.ts';
import type { Sighting } from '../../shared/sighting.ts';

const seen = (cameraId: string, label: string, atMs: number, confidence = 80): Sighting => ({
  id: `${cameraId}-${label}-${atMs}`,
  cameraId,
  label,
  atMs,
  confidence,
});

describe('groups of sightings', () => {
  test('one person in front of one camera is one entry until a minute passes without', () => {
    const groups = groupSightings([
      seen('a', 'Person', 0),
      seen('a', 'Person', 59_999, 95),
      seen('a', 'Person', 119_999),
    ]);
    expect(groups.map(({ fromMs, toMs, sightings }) => ({ fromMs, toMs, count: sightings.length }))).toEqual([
      { fromMs: 119_999, toMs: 119_999, count: 1 },
      { fromMs: 0, toMs: 59_999, count: 2 },
    ]);
    expect(groups[1]?.best.confidence).toBe(95);
  });

  test('other labels and other cameras in between do not split a group', () => {
    const groups = groupSightings([
      seen('a', 'Person', 1000),
      seen('b', 'Person', 2000),
      seen('a', 'Car', 3000),
      seen('a', 'Person', 4000),
    ]);
    expect(groups.map(group => [group.best.cameraId, group.best.label, group.sightings.length])).toEqual([
      ['a', 'Person', 2],
      ['a', 'Car', 1],
      ['b', 'Person', 1],
    ]);
  });

  test('a sighting that is loaded and arrives too is there once', () => {
    const merged = mergeSightings([seen('a', 'Person', 2), seen('a', 'Person', 1)], [seen('a', 'Person', 2)]);
    expect(merged.map(sighting => sighting.atMs)).toEqual([1, 2]);
  });
});

describe('older pages', () => {
  const none: Pages<Sighting> = { items: undefined, loading: true, problem: undefined, complete: false };
  const page = (from: number, count: number) =>
    Array.from({ length: count }, (_, place) => seen('a', 'Person', from - place));

  test('a page that overlaps the one before adds only what is new', () => {
    const first = appendPage(none, page(1000, 100));
    expect(first).toMatchObject({ complete: false, loading: false });
    const second = appendPage(first, page(901, 100));
    expect(second.items).toHaveLength(199);
    expect(second.complete).toBe(false);
  });

  test('a short page, or one that brings nothing new, is the last', () => {
    expect(appendPage(none, page(10, 3)).complete).toBe(true);
    const first = appendPage(none, page(1000, 100));
    expect(appendPage(first, page(1000, 100)).complete).toBe(true);
  });
});

describe('the link to the agent', () => {
  test('a short interruption is stale, a longer one offline with a time for the next try', () => {
    expect(afterFailure({ lostAtMs: 0, nowMs: 0, attempt: 0 })).toEqual({ at: 'stale', sinceMs: 0 });
    expect(afterFailure({ lostAtMs: 0, nowMs: 3500, attempt: 3 })).toEqual({
      at: 'offline',
      sinceMs: 0,
      retryAtMs: 7500,
    });
  });

  test('pauses grow and never exceed 15 s', () => {
    const delays = Array.from({ length: 12 }, (_, attempt) => reconnectDelayMs(attempt));
    expect(delays).toEqual(delays.toSorted((a, b) => a - b));
    expect(delays.at(-1)).toBe(15_000);
  });
});

test('a still is renewed every 10 s, and every second for 20 s after a sighting', () => {
  const nowMs = 1_000_000;
  const due = (loadedAgoMs: number, sightingAgoMs?: number) =>
    isStillDue({
      nowMs,
      loadedAtMs: nowMs - loadedAgoMs,
      lastSightingMs: sightingAgoMs === undefined ? undefined : nowMs - sightingAgoMs,
    });
  expect(isStillDue({ nowMs, loadedAtMs: undefined, lastSightingMs: undefined })).toBe(true);
  expect([due(5000), due(10_000)]).toEqual([false, true]);
  expect([due(1000, 3000), due(300, 3000), due(5000, 21_000)]).toEqual([true, false, false]);
});
