// Draws label boxes over the picture.
import type { Sighting } from '../../shared/sighting.ts';
import { labelHue, sightingWords } from '../words/label-hue.ts';
import { boxRect, containRect, type Rect, type Size } from './letterbox.ts';

const LINE_PX = 2;
const TEXT_PX = 13;
const PADDING_PX = 4;

type Drawing = {
  canvas: HTMLCanvasElement;
  picture: Size;
  /** `strength`: 0–1. */
  boxes: readonly { sighting: Sighting; strength: number }[];
};

/** Clears the canvas, fits it to its place on the page and draws the boxes. Returns how many were drawn. */
export function drawBoxes({ canvas, picture, boxes }: Drawing): number {
  const context = canvas.getContext('2d');
  if (!context) return 0;
  const frame = fitCanvas(canvas, context);
  const place = containRect(picture, frame);
  const style = getComputedStyle(canvas);
  let drawn = 0;
  for (const { sighting, strength } of boxes) {
    if (!sighting.box) continue;
    const hue = style.getPropertyValue(`--label-${labelHue(sighting.label)}`).trim();
    const rect = boxRect(sighting.box, place);
    context.globalAlpha = strength;
    context.lineWidth = LINE_PX;
    context.strokeStyle = hue;
    context.strokeRect(rect.x, rect.y, rect.width, rect.height);
    // The words stay legible while the box fades.
    context.globalAlpha = 1;
    drawTag({ context, rect, words: sightingWords(sighting), hue, frame });
    drawn += 1;
  }
  return drawn;
}

/** Gives the canvas one pixel for each of the screen's and clears it. Returns its size in CSS pixels. */
export function fitCanvas(canvas: HTMLCanvasElement, context: CanvasRenderingContext2D): Size {
  const { clientWidth, clientHeight } = canvas;
  const ratio = devicePixelRatio;
  const width = Math.round(clientWidth * ratio);
  const height = Math.round(clientHeight * ratio);
  if (canvas.width !== width) canvas.width = width;
  if (canvas.height !== height) canvas.height = height;
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, clientWidth, clientHeight);
  return { width: clientWidth, height: clientHeight };
}

type TagDrawing = { context: CanvasRenderingContext2D; rect: Rect; words: string; hue: string; frame: Size };

function drawTag({ context, rect, words, hue, frame }: TagDrawing): void {
  context.font = `600 ${TEXT_PX}px system-ui, sans-serif`;
  const width = context.measureText(words).width + 2 * PADDING_PX;
  const height = TEXT_PX + 2 * PADDING_PX;
  // Above the box where there is room, otherwise inside it; never off the side.
  const x = Math.max(0, Math.min(rect.x - LINE_PX / 2, frame.width - width));
  const y = rect.y >= height ? rect.y - height : rect.y;
  context.fillStyle = hue;
  context.fillRect(x, y, width, height);
  context.fillStyle = '#06121f';
  context.textBaseline = 'middle';
  context.fillText(words, x + PADDING_PX, y + height / 2 + 1);
}
