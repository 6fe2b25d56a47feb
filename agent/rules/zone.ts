// Whether what was seen is in a zone. Polygons may be concave; their edges and corners belong to them.
import type { Point, Zone } from '../../shared/label-settings.ts';
import type { Box } from '../../shared/sighting.ts';

export type Anchor = 'bottom' | 'centre' | 'overlap';

/** Nobody draws finer, and sums such as 0.1 + 0.2 must not fall beside the edge they were meant for. */
const onEdge = 1e-9;

/** The point of a box that stands for it, within the picture: boxes of what is cut off reach beyond it. */
export function anchorOf({ left, top, width, height }: Box, anchor: Anchor): Point {
  return [within(left + width / 2), within(anchor === 'bottom' ? top + height : top + height / 2)];
}

export function areaOf({ width, height }: Box): number {
  return Math.max(0, width) * Math.max(0, height);
}

/** With `overlap`, at least this share of the box must be in the zone. */
export function isInZone(
  box: Box,
  { polygon }: Zone,
  { anchor, overlap }: { anchor: Anchor; overlap: number },
): boolean {
  if (anchor !== 'overlap' || areaOf(box) === 0) return contains(polygon, anchorOf(box, anchor));
  return shareInside(box, polygon) >= overlap - onEdge;
}

/** Even-odd: a ray to the right crosses the border an odd number of times. */
export function contains(polygon: readonly Point[], [x, y]: Point): boolean {
  let inside = false;
  let previous = polygon.at(-1);
  for (const corner of polygon) {
    if (previous) {
      if (isOnSegment([x, y], previous, corner)) return true;
      const spans = previous[1] > y !== corner[1] > y;
      if (spans && x < crossingX(previous, corner, y)) inside = !inside;
    }
    previous = corner;
  }
  return inside;
}

/** Share of the box that is inside the polygon, 0–1. The box as far as it is in the picture. */
export function shareInside(box: Box, polygon: readonly Point[]): number {
  const [left, right] = [within(box.left), within(box.left + box.width)];
  const [top, bottom] = [within(box.top), within(box.top + box.height)];
  const area = (right - left) * (bottom - top);
  if (area <= 0) return 0;
  // Cut off side by side. Of a concave polygon edges along the box may be left over: they enclose nothing.
  let rest = cut(polygon, 0, left, 1);
  rest = cut(rest, 0, right, -1);
  rest = cut(rest, 1, top, 1);
  rest = cut(rest, 1, bottom, -1);
  return Math.min(1, Math.abs(enclosed(rest)) / area);
}

/** What of the polygon is beyond `limit` on an axis, in the direction of `sign`. */
function cut(polygon: readonly Point[], axis: 0 | 1, limit: number, sign: 1 | -1): Point[] {
  const kept: Point[] = [];
  let previous = polygon.at(-1);
  for (const corner of polygon) {
    if (previous) {
      const [wasIn, isIn] = [(previous[axis] - limit) * sign >= 0, (corner[axis] - limit) * sign >= 0];
      if (wasIn !== isIn) {
        const share = (limit - previous[axis]) / (corner[axis] - previous[axis]);
        kept.push([between(previous[0], corner[0], share), between(previous[1], corner[1], share)]);
      }
      if (isIn) kept.push(corner);
    }
    previous = corner;
  }
  return kept;
}

function enclosed(polygon: readonly Point[]): number {
  let twice = 0;
  let previous = polygon.at(-1);
  for (const corner of polygon) {
    if (previous) twice += previous[0] * corner[1] - corner[0] * previous[1];
    previous = corner;
  }
  return twice / 2;
}

function isOnSegment([x, y]: Point, [ax, ay]: Point, [bx, by]: Point): boolean {
  const [dx, dy] = [bx - ax, by - ay];
  const length = dx * dx + dy * dy;
  const along = length === 0 ? 0 : Math.min(1, Math.max(0, ((x - ax) * dx + (y - ay) * dy) / length));
  return Math.abs(ax + along * dx - x) <= onEdge && Math.abs(ay + along * dy - y) <= onEdge;
}

function crossingX([ax, ay]: Point, [bx, by]: Point, y: number): number {
  return ax + ((y - ay) / (by - ay)) * (bx - ax);
}

function between(from: number, to: number, share: number): number {
  return from + (to - from) * share;
}

function within(fraction: number): number {
  return Math.min(1, Math.max(0, fraction));
}
