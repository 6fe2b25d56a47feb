// What is to be seen in room-person.mp4, one frame a second from second 0, labelled by hand from contact sheets.
// Boxes are rough (a tenth of a person), in pixels of the picture scaled to 640 × 360: left, top, right, bottom.

export type Box = { left: number; top: number; width: number; height: number };
type Span = { from: number; to: number; box: [number, number, number, number] };

/** A person from head to foot. */
const whole: Span[] = [
  { from: 7, to: 7, box: [321, 28, 450, 329] },
  { from: 8, to: 17, box: [320, 11, 433, 326] },
  { from: 18, to: 18, box: [351, 17, 478, 329] },
  { from: 24, to: 42, box: [315, 3, 450, 323] },
  { from: 43, to: 43, box: [323, 6, 472, 326] },
  { from: 52, to: 59, box: [332, 0, 461, 323] },
  { from: 60, to: 67, box: [337, 0, 478, 323] },
  { from: 68, to: 68, box: [351, 0, 470, 332] },
  { from: 76, to: 84, box: [284, 22, 422, 326] },
  { from: 85, to: 85, box: [385, 37, 506, 332] },
  { from: 94, to: 117, box: [320, 6, 436, 315] },
  { from: 118, to: 118, box: [405, 17, 512, 332] },
  { from: 125, to: 133, box: [298, 0, 436, 343] },
  { from: 134, to: 134, box: [323, 0, 484, 329] },
];

/** A person cut off by the picture's edge. */
const partial: Span[] = [
  { from: 6, to: 6, box: [214, 180, 380, 360] },
  { from: 19, to: 19, box: [512, 56, 640, 309] },
  { from: 23, to: 23, box: [250, 93, 408, 360] },
  { from: 44, to: 44, box: [509, 62, 640, 315] },
  { from: 50, to: 50, box: [160, 225, 285, 360] },
  { from: 51, to: 51, box: [292, 28, 436, 360] },
  { from: 69, to: 69, box: [475, 50, 640, 337] },
  { from: 75, to: 75, box: [222, 104, 351, 360] },
  { from: 86, to: 86, box: [514, 70, 640, 309] },
  { from: 92, to: 92, box: [250, 225, 420, 360] },
  { from: 93, to: 93, box: [315, 56, 450, 360] },
  { from: 119, to: 119, box: [497, 48, 640, 315] },
  { from: 123, to: 123, box: [110, 325, 205, 360] },
  { from: 124, to: 124, box: [222, 79, 427, 360] },
  { from: 135, to: 135, box: [506, 34, 640, 309] },
];

export type Seen = { kind: 'whole' | 'partial'; box: Box } | { kind: 'nobody' };

export function seenAt(second: number): Seen {
  const within = ({ from, to }: Span) => second >= from && second <= to;
  const found = whole.find(within);
  if (found) return { kind: 'whole', box: fractions(found) };
  const cut = partial.find(within);
  return cut ? { kind: 'partial', box: fractions(cut) } : { kind: 'nobody' };
}

function fractions({ box: [left, top, right, bottom] }: Span): Box {
  return { left: left / 640, top: top / 360, width: (right - left) / 640, height: (bottom - top) / 360 };
}

/** Intersection over union. */
export function likeness(a: Box, b: Box): number {
  const width = Math.min(a.left + a.width, b.left + b.width) - Math.max(a.left, b.left);
  const height = Math.min(a.top + a.height, b.top + b.height) - Math.max(a.top, b.top);
  const shared = Math.max(0, width) * Math.max(0, height);
  return shared / (a.width * a.height + b.width * b.height - shared);
}
