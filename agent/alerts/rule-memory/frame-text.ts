// What one frame shows, as text: things by number, each with its confidence in tenths and its box in ten-thousandths of the
// picture (`12:942:1000,5000,400,1200`), and the number alone while both are as they were. Exact for what `settled` has rounded.
import type { Box } from '../../../shared/sighting.ts';

/** Without `look`: as it was on the frame before. */
export type FrameEntry = { thing: number; look?: { confidence: number; box?: Box } };

export function frameText(entries: readonly FrameEntry[]): string {
  return entries
    .map(({ thing, look }) => {
      if (!look) return String(thing);
      const confidence = Math.round(look.confidence * 10);
      return look.box ? `${thing}:${confidence}:${boxText(look.box)}` : `${thing}:${confidence}`;
    })
    .join(' ');
}

/** `known`: what was last read of each thing; taken further. An entry without a look is of a thing nothing is known of yet. */
export function readFrameText(text: string, known: Map<number, FrameEntry>): FrameEntry[] {
  return text.split(' ').map(word => {
    const [number, confidence, box] = word.split(':');
    const thing = Number(number);
    if (confidence === undefined) return known.get(thing) ?? { thing };
    const look = { confidence: Number(confidence) / 10, ...(box === undefined ? {} : { box: readBox(box) }) };
    const entry = { thing, look };
    known.set(thing, entry);
    return entry;
  });
}

function boxText({ left, top, width, height }: Box): string {
  return [left, top, width, height].map(fraction => Math.round(fraction * 10_000)).join(',');
}

function readBox(text: string): Box {
  const [left = 0, top = 0, width = 0, height = 0] = text.split(',').map(number => Number(number) / 10_000);
  return { left, top, width, height };
}
