// Crossings of a line by the path of one thing. A crossing counts once the thing is clearly on the other side: what stands on
// the line or trembles about it does not cross it again and again, and what goes round the end of the line does not cross it.
import type { CrossingLine, Point } from '../../shared/label-settings.ts';

/** Seen from the line's first point towards its second. */
export type Direction = 'left-to-right' | 'right-to-left';

/** What has to be remembered of one thing and one line. */
export type LinePath = {
  last: Point;
  /** The side on which it clearly was: -1 is left of the line, 1 right of it. */
  side: Side;
  /** Crossings of the segment since then, to the right less those to the left. */
  net: number;
};

type Side = -1 | 1;

/** Clearly on a side: so far from the line, in fractions of the picture. */
const margin = 0.01;

export function beginPath(line: CrossingLine, at: Point): LinePath {
  return { last: at, side: sideOf(distance(line, at)), net: 0 };
}

/** Takes the next place of the thing into `path`. The direction in which it has crossed the line by now, if it has. */
export function stepTo(line: CrossingLine, path: LinePath, at: Point): Direction | undefined {
  const [was, is] = [distance(line, path.last), distance(line, at)];
  if (sideOf(was) !== sideOf(is) && passesSegment(line, path.last, at, was / (was - is))) path.net += sideOf(is);
  path.last = at;
  if (Math.abs(is) < margin) return undefined;
  const side = sideOf(is);
  const crossed = side !== path.side && path.net === side;
  path.side = side;
  path.net = 0;
  if (!crossed) return undefined;
  return side === 1 ? 'left-to-right' : 'right-to-left';
}

/** From the line, endless in both directions; negative on its left. The picture's y goes down. */
function distance({ from, to }: CrossingLine, [x, y]: Point): number {
  const [dx, dy] = [to[0] - from[0], to[1] - from[1]];
  const length = Math.hypot(dx, dy);
  return length === 0 ? 0 : (dx * (y - from[1]) - dy * (x - from[0])) / length;
}

/** On the line counts as right of it, so that every path has a side at every moment. */
function sideOf(distance: number): Side {
  return distance < 0 ? -1 : 1;
}

/** Whether the point at `share` of the way is between the ends of the line, which belong to it. */
function passesSegment({ from, to }: CrossingLine, [ax, ay]: Point, [bx, by]: Point, share: number): boolean {
  const [x, y] = [ax + (bx - ax) * share, ay + (by - ay) * share];
  const [dx, dy] = [to[0] - from[0], to[1] - from[1]];
  const along = ((x - from[0]) * dx + (y - from[1]) * dy) / (dx * dx + dy * dy);
  return along >= -1e-9 && along <= 1 + 1e-9;
}
