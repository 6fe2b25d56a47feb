// Which boxes are drawn where, and where in the video a chosen time is.
import { describe, expect, test } from 'vitest';
import { boxStrength, sightingsForFrame } from '../../console/player/frame-sightings.ts';
import { boxRect, containRect } from '../../console/player/letterbox.ts';
import { endOf, positionOf, windowAround } from '../../console/player/playback-window.ts';
import { mergeSightings } from '../../console/review/groups.ts';
import type { Sighting } from '../../shared/sighting.ts';

const seen = (atMs: number, label = 'Person'): Sighting => ({
  id: `${label}-${atMs}`,
  cameraId: 'door',
  atMs,
  label,
  confidence: 90,
});

describe('the picture in its frame', () => {
  test.each([
    [
      'a wide picture in a square has bars above and below',
      { width: 1920, height: 1080 },
      { width: 960, height: 960 },
      { x: 0, y: 210, width: 960, height: 540 },
    ],
    [
      'a 4:3 picture in a 16:9 frame has bars at the sides',
      { width: 640, height: 480 },
      { width: 1600, height: 900 },
      { x: 200, y: 0, width: 1200, height: 900 },
    ],
    [
      'a picture of the frame’s shape fills it',
      { width: 640, height: 360 },
      { width: 320, height: 180 },
      { x: 0, y: 0, width: 320, height: 180 },
    ],
    [
      'a picture of unknown size has no place',
      { width: 0, height: 0 },
      { width: 320, height: 180 },
      { x: 0, y: 0, width: 0, height: 0 },
    ],
  ])('%s', (_title, picture, frame, place) => {
    expect(containRect(picture, frame)).toEqual(place);
  });

  test('a box lies on the picture and not on the bars', () => {
    const place = containRect({ width: 640, height: 480 }, { width: 1600, height: 900 });
    const rect = boxRect({ left: 0.5, top: 0.25, width: 0.25, height: 0.5 }, place);
    expect(rect).toEqual({ x: 800, y: 225, width: 300, height: 450 });
  });

  test('a box that reaches over the picture’s edge is cut there', () => {
    const rect = boxRect({ left: -0.1, top: 0.9, width: 0.2, height: 0.3 }, { x: 10, y: 20, width: 100, height: 100 });
    expect(rect.x).toBe(10);
    expect(rect.width).toBeCloseTo(10);
    expect(rect.y + rect.height).toBeCloseTo(120);
  });
});

describe('the sightings of a frame', () => {
  const shown = (sightings: readonly Sighting[], frameMs: number) =>
    sightingsForFrame(sightings, frameMs, 1000).map(({ sighting, atMs, fromMs }) => [sighting.id, atMs, fromMs]);

  test('the nearest sample within half the interval, with all its labels', () => {
    const all = [seen(1000), seen(3000), seen(3000, 'Car'), seen(5000)];
    expect(shown(all, 3900)).toEqual([
      ['Person-3000', 3000, 3000],
      ['Car-3000', 3000, 3000],
    ]);
    expect(shown(all, 4100)).toEqual([['Person-5000', 5000, 5000]]);
    expect(shown([seen(1000), seen(3000)], 2000)).toEqual([['Person-1000', 1000, 1000]]);
  });

  test('no sample nearer than half the interval means no box', () => {
    expect(shown([seen(1000)], 2001)).toEqual([]);
    expect(shown([seen(1000)], 2000)).toEqual([['Person-1000', 1000, 1000]]);
    expect(shown([], 2000)).toEqual([]);
  });

  test('what stays is shown all the while, and what moved where it was at the time', () => {
    const box = (left: number) => ({ left, top: 0.1, width: 0.1, height: 0.5 });
    const path = [
      { atMs: 1000, untilMs: 9000, confidence: 70, box: box(0.1) },
      { atMs: 11_000, confidence: 80, box: box(0.4) },
      { atMs: 13_000, untilMs: 15_000, confidence: 90, box: box(0.7) },
    ];
    const visit: Sighting = { ...seen(1000), untilMs: 15_000, box: box(0.7), path };
    const at = (frameMs: number) =>
      sightingsForFrame([visit], frameMs, 1000).map(({ sighting, atMs, fromMs }) => {
        return [sighting.box?.left, sighting.confidence, atMs, fromMs];
      });
    expect(at(-1)).toEqual([]);
    expect(at(200)).toEqual([[0.1, 70, 1000, 1000]]);
    expect(at(5000)).toEqual([[0.1, 70, 5000, 1000]]);
    expect(at(9000)).toEqual([[0.1, 70, 9000, 1000]]);
    expect(at(9500)).toEqual([[expect.closeTo(0.175), 70, 9500, 1000]]);
    expect(at(10_100)).toEqual([[expect.closeTo(0.265), 80, 10_100, 1000]]);
    expect(at(11_000)).toEqual([[0.4, 80, 11_000, 11_000]]);
    expect(at(12_900)).toEqual([[expect.closeTo(0.685), 90, 12_900, 11_000]]);
    expect(at(14_000)).toEqual([[0.7, 90, 14_000, 13_000]]);
    expect(at(16_001)).toEqual([]);
    const { path: _, ...pathless } = visit;
    expect(sightingsForFrame([pathless], 8000, 1000)[0]?.sighting.box).toEqual(box(0.7));
  });

  test('what was missed for too long is not drawn on a way nobody saw, and without a box there is no way', () => {
    const box = { left: 0.1, top: 0.1, width: 0.1, height: 0.5 };
    const ends = (gapMs: number, first?: typeof box): Sighting => ({
      ...{ ...seen(1000), untilMs: 1000 + gapMs },
      path: [
        { atMs: 1000, confidence: 70, ...(first && { box: first }) },
        { atMs: 1000 + gapMs, confidence: 80, box: { ...box, left: 0.5 } },
      ],
    });
    expect(shown([ends(4000, box)], 3000)).toEqual([['Person-1000', 3000, 1000]]);
    expect(shown([ends(4001, box)], 3000)).toEqual([]);
    expect(shown([ends(4000)], 3000)).toEqual([]);
  });

  test('what live events tell of a thing adds to what is known of it', () => {
    const known: Sighting = { ...seen(1000), untilMs: 3000, path: [{ atMs: 1000, untilMs: 3000, confidence: 90 }] };
    const stays = { ...known, untilMs: 5000, path: [{ atMs: 1000, untilMs: 5000, confidence: 90 }] };
    const moved = { ...known, untilMs: 7000, confidence: 95, path: [{ atMs: 7000, confidence: 95 }] };
    const expected = { ...moved, path: [...stays.path, ...moved.path] };
    expect(mergeSightings([known], [stays, moved])).toEqual([expected]);
    // An older answer that comes late takes nothing back.
    expect(mergeSightings([expected], [known])[0]).toMatchObject({ untilMs: 7000, confidence: 95 });
  });

  test('a box fades away from its own frame but stays visible', () => {
    expect(boxStrength(1000, 1100)).toBe(1);
    expect(boxStrength(1000, 1500)).toBeCloseTo(0.7);
    expect(boxStrength(1000, 500)).toBeCloseTo(0.7);
    expect(boxStrength(1000, 2000)).toBe(0.4);
  });
});

describe('a chosen time', () => {
  const fragments = [
    { start: 0, duration: 2, programDateTime: 100_000 },
    { start: 2, duration: 2, programDateTime: 102_000 },
    { start: 4, duration: 2, programDateTime: 160_000 },
  ];

  test('asks for the fragment that may have begun 20 s before it, and never for the future', () => {
    expect(windowAround(1_000_000, 9_000_000)).toEqual({ mode: 'ON_DEMAND', startMs: 980_000, endMs: 1_600_000 });
    expect(windowAround(1_000_000, 1_060_000).endMs).toBe(1_060_000);
    const ahead = windowAround(1_000_000, 900_000);
    expect(ahead.endMs).toBeGreaterThan(ahead.startMs);
  });

  test('is found inside its fragment, counted on the media’s own line', () => {
    expect(positionOf(103_500, fragments)).toBe(3.5);
    expect(positionOf(160_000, fragments)).toBe(4);
  });

  test('shortly before a fragment means that fragment; deep in a gap or past the end there is nothing', () => {
    expect(positionOf(157_000, fragments)).toBe(4);
    expect(positionOf(110_000, fragments)).toBeUndefined();
    expect(positionOf(162_000, fragments)).toBeUndefined();
    expect(positionOf(1, [{ start: 0, duration: 2, programDateTime: null }])).toBeUndefined();
  });

  test('goes on where the last fragment ends', () => {
    expect(endOf(fragments)).toBe(162_000);
    expect(endOf([])).toBeUndefined();
  });
});
