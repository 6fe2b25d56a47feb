// What rules look at, to the digits that are kept of it: what is decided now is decided again when it is replayed from disk.
import type { Box, Seen } from '../../shared/sighting.ts';

/** A ten-thousandth of the picture is less than half a pixel; nobody is surer than to a tenth of a per cent. */
export function settled({ sighting: { path: _path, ...sighting }, observation, isNew }: Seen): Seen {
  const { box, confidence } = observation;
  const rounded = { ...observation, confidence: Math.round(confidence * 10) / 10 };
  return { sighting, observation: box ? { ...rounded, box: settledBox(box) } : rounded, isNew };
}

function settledBox({ left, top, width, height }: Box): Box {
  return { left: fine(left), top: fine(top), width: fine(width), height: fine(height) };
}

function fine(fraction: number): number {
  return Math.round(fraction * 10_000) / 10_000;
}
