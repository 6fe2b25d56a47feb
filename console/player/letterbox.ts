// Where the picture is inside the player, and where a box is on the picture. Pure.
import type { Box } from '../../shared/sighting.ts';

export type Size = { width: number; height: number };
export type Rect = { x: number; y: number; width: number; height: number };

/** The picture's place when it is shown whole and centred (`object-fit: contain`); empty while a size is unknown. */
export function containRect(picture: Size, frame: Size): Rect {
  if (picture.width <= 0 || picture.height <= 0) return { x: 0, y: 0, width: 0, height: 0 };
  const scale = Math.min(frame.width / picture.width, frame.height / picture.height);
  const width = picture.width * scale;
  const height = picture.height * scale;
  return { x: (frame.width - width) / 2, y: (frame.height - height) / 2, width, height };
}

/** A label's box (fractions of the picture) as a rectangle of the frame, cut to what lies on the picture. */
export function boxRect(box: Box, picture: Rect): Rect {
  const left = clampFraction(box.left);
  const top = clampFraction(box.top);
  const right = clampFraction(box.left + box.width);
  const bottom = clampFraction(box.top + box.height);
  return {
    x: picture.x + left * picture.width,
    y: picture.y + top * picture.height,
    width: (right - left) * picture.width,
    height: (bottom - top) * picture.height,
  };
}

function clampFraction(value: number): number {
  return Math.min(1, Math.max(0, value));
}
