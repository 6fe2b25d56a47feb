// Zones and lines at their edges, and against other ways of finding out the same.
import { describe, expect, test } from 'vitest';
import { beginPath, type Direction, stepTo } from '../../agent/rules/line.ts';
import { anchorOf, contains, isInZone, shareInside } from '../../agent/rules/zone.ts';
import { seededRandom } from '../../scripts/fuzz/seeded-random.ts';
import type { CrossingLine, Point } from '../../shared/label-settings.ts';

const square: Point[] = [
  [0.2, 0.2],
  [0.8, 0.2],
  [0.8, 0.8],
  [0.2, 0.8],
];
/** A U that is open at the top. */
const concave: Point[] = [
  [0, 0],
  [0.3, 0],
  [0.3, 0.6],
  [0.7, 0.6],
  [0.7, 0],
  [1, 0],
  [1, 1],
  [0, 1],
];

test.each<[string, Point[], Point, boolean]>([
  ['the middle', square, [0.5, 0.5], true],
  ['a corner', square, [0.2, 0.2], true],
  ['an edge', square, [0.8, 0.3], true],
  ['an edge that sums do not hit exactly', square, [0.1 + 0.7, 0.3], true],
  ['just beside an edge', square, [0.800_001, 0.3], false],
  ['level with a corner, outside', square, [0.1, 0.2], false],
  ['between the arms', concave, [0.5, 0.3], false],
  ['in the left arm', concave, [0.1, 0.3], true],
  ['in the right arm', concave, [0.9, 0.3], true],
  ['on the bottom between the arms', concave, [0.5, 0.6], true],
  ['level with the bottom, in the left arm', concave, [0.15, 0.6], true],
  ['on the edge of the picture', concave, [0.5, 1], true],
])('%s', (_what, polygon, point, inside) => {
  expect(contains(polygon, point)).toBe(inside);
  expect(contains(polygon.toReversed(), point)).toBe(inside);
});

test('what is cut off by the picture stands at its edge', () => {
  expect(anchorOf({ left: 0.4, top: 0.5, width: 0.2, height: 0.7 }, 'bottom')).toEqual([0.5, 1]);
  expect(anchorOf({ left: -0.3, top: 0.2, width: 0.2, height: 0.2 }, 'centre')).toEqual([0, 0.30000000000000004]);
});

test('a box without an area counts by its centre', () => {
  const zone = { name: 'door', polygon: square };
  const box = { left: 0.5, top: 0.5, width: 0, height: 0.1 };
  expect(isInZone(box, zone, { anchor: 'overlap', overlap: 0.5 })).toBe(true);
  expect(isInZone({ ...box, left: 0.1 }, zone, { anchor: 'overlap', overlap: 0.5 })).toBe(false);
});

/** Corners at random distances around a centre: any shape that has no holes, mostly concave. */
function randomPolygon(random: () => number): Point[] {
  const corners = 3 + Math.floor(random() * 12);
  const [x, y] = [0.3 + random() * 0.4, 0.3 + random() * 0.4];
  return Array.from({ length: corners }, (_, corner): Point => {
    const angle = ((corner + random() * 0.9) / corners) * 2 * Math.PI;
    const distance = 0.05 + random() * 0.25;
    return [x + Math.cos(angle) * distance, y + Math.sin(angle) * distance];
  });
}

/** The polygon turns around the point once, or not at all. */
function turnsAround(polygon: Point[], [x, y]: Point): boolean {
  let turned = 0;
  for (const [index, [bx, by]] of polygon.entries()) {
    const [ax, ay] = polygon.at(index - 1) ?? [0, 0];
    const [px, py, qx, qy] = [ax - x, ay - y, bx - x, by - y];
    turned += Math.atan2(px * qy - py * qx, px * qx + py * qy);
  }
  return Math.abs(turned) > Math.PI;
}

test('random polygons contain what they turn around, and all of their edges and corners', () => {
  const random = seededRandom(11);
  for (let round = 0; round < 300; round++) {
    const polygon = randomPolygon(random);
    for (let step = 0; step < 30; step++) {
      const point: Point = [random(), random()];
      if (contains(polygon, point) !== turnsAround(polygon, point)) expect.fail(JSON.stringify({ polygon, point }));
    }
    for (const [index, [bx, by]] of polygon.entries()) {
      const [ax, ay] = polygon.at(index - 1) ?? [0, 0];
      const share = random();
      expect(contains(polygon, [bx, by])).toBe(true);
      expect(contains(polygon, [ax + (bx - ax) * share, ay + (by - ay) * share])).toBe(true);
    }
  }
});

test('the share of a box in a random polygon is that of its points', () => {
  const random = seededRandom(12);
  const steps = 60;
  for (let round = 0; round < 60; round++) {
    const polygon = randomPolygon(random);
    const box = {
      left: random() * 0.7,
      top: random() * 0.7,
      width: 0.05 + random() * 0.25,
      height: 0.05 + random() * 0.25,
    };
    let inside = 0;
    for (let point = 0; point < steps * steps; point++) {
      const [across, down] = [((point % steps) + 0.5) / steps, (Math.floor(point / steps) + 0.5) / steps];
      if (turnsAround(polygon, [box.left + box.width * across, box.top + box.height * down])) inside++;
    }
    expect(Math.abs(shareInside(box, polygon) - inside / steps ** 2)).toBeLessThan(0.02);
  }
});

describe('a line', () => {
  const gate: CrossingLine = { name: 'gate', from: [0.5, 0.2], to: [0.5, 0.8] };

  function crossings(line: CrossingLine, [first, ...rest]: Point[]): Direction[] {
    if (!first) return [];
    const path = beginPath(line, first);
    return rest.flatMap(point => stepTo(line, path, point) ?? []);
  }

  // From the upper end of the gate towards the lower one, left is where the picture's right is.
  test.each<[string, Point[], Direction[]]>([
    [
      'is crossed',
      [
        [0.4, 0.5],
        [0.6, 0.5],
      ],
      ['right-to-left'],
    ],
    [
      'is crossed the other way',
      [
        [0.6, 0.5],
        [0.4, 0.5],
      ],
      ['left-to-right'],
    ],
    [
      'is crossed there and back',
      [
        [0.4, 0.5],
        [0.6, 0.5],
        [0.4, 0.5],
      ],
      ['right-to-left', 'left-to-right'],
    ],
    [
      'is not reached',
      [
        [0.4, 0.5],
        [0.49, 0.5],
      ],
      [],
    ],
    [
      'is passed beside its end',
      [
        [0.4, 0.9],
        [0.6, 0.9],
      ],
      [],
    ],
    [
      'is passed exactly at its end',
      [
        [0.4, 0.8],
        [0.6, 0.8],
      ],
      ['right-to-left'],
    ],
    [
      'is gone round',
      [
        [0.4, 0.5],
        [0.4, 0.9],
        [0.6, 0.9],
        [0.6, 0.5],
      ],
      [],
    ],
    [
      'is crossed by who came round it',
      [
        [0.4, 0.9],
        [0.6, 0.9],
        [0.6, 0.5],
        [0.4, 0.5],
      ],
      ['left-to-right'],
    ],
    [
      'is stood on',
      [
        [0.4, 0.5],
        [0.5, 0.5],
        [0.5, 0.5],
        [0.5, 0.6],
      ],
      [],
    ],
    [
      'is stood on, and then crossed',
      [
        [0.4, 0.5],
        [0.5, 0.5],
        [0.5, 0.6],
        [0.6, 0.6],
      ],
      ['right-to-left'],
    ],
    [
      'is stood on, and left the way it was reached',
      [
        [0.4, 0.5],
        [0.5, 0.5],
        [0.4, 0.5],
      ],
      [],
    ],
    [
      'is trembled about',
      [
        [0.4, 0.5],
        [0.505, 0.5],
        [0.495, 0.5],
        [0.505, 0.5],
        [0.495, 0.5],
      ],
      [],
    ],
    [
      'is crossed trembling',
      [
        [0.4, 0.5],
        [0.505, 0.5],
        [0.495, 0.5],
        [0.505, 0.5],
        [0.6, 0.5],
      ],
      ['right-to-left'],
    ],
    [
      'is crossed slowly',
      [
        [0.48, 0.5],
        [0.495, 0.5],
        [0.501, 0.5],
        [0.508, 0.5],
        [0.52, 0.5],
      ],
      ['right-to-left'],
    ],
  ])('%s', (_what, points, directions) => {
    expect(crossings(gate, points)).toEqual(directions);
    const mirrored = points.map(([x, y]): Point => [1 - x, y]);
    const other = directions.map(direction => (direction === 'left-to-right' ? 'right-to-left' : 'left-to-right'));
    expect(crossings(gate, mirrored)).toEqual(other);
  });

  test('long random ways cross it as often as their steps cut it', () => {
    const random = seededRandom(13);
    const turn = ([ax, ay]: Point, [bx, by]: Point, [cx, cy]: Point) => (bx - ax) * (cy - ay) - (by - ay) * (cx - ax);
    for (let round = 0; round < 200; round++) {
      const line = { name: 'gate', from: [random(), random()] as Point, to: [random(), random()] as Point };
      const length = Math.hypot(line.to[0] - line.from[0], line.to[1] - line.from[1]);
      const clear = (point: Point) => Math.abs(turn(line.from, line.to, point)) / length > 0.0101;
      const points = Array.from({ length: 60 }, (): Point => [random(), random()]).filter(clear);
      const expected = points.slice(1).flatMap((to, index): Direction[] => {
        const from = points[index] ?? to;
        const [was, is] = [turn(line.from, line.to, from), turn(line.from, line.to, to)];
        const cuts = was < 0 !== is < 0 && turn(from, to, line.from) < 0 !== turn(from, to, line.to) < 0;
        return cuts ? [is > 0 ? 'left-to-right' : 'right-to-left'] : [];
      });
      expect(crossings(line, points)).toEqual(expected);
    }
  });

  test('whatever trembles, directions alternate', () => {
    const random = seededRandom(14);
    for (let round = 0; round < 200; round++) {
      let x = 0.5;
      const way = Array.from({ length: 200 }, (): Point => {
        x = Math.min(0.6, Math.max(0.4, x + (random() - 0.5) * 0.02));
        return [x, 0.5];
      });
      const directions = crossings(gate, way);
      expect(directions.every((direction, index) => direction !== directions[index - 1])).toBe(true);
    }
  });
});
