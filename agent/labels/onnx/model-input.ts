// A picture as the model takes it, and the way back from the model's pixels to the picture's. Pure.
import type { OnnxSettings } from '../../../shared/label-settings.ts';
import type { Box } from '../../../shared/sighting.ts';
import type { Picture } from './picture.ts';

/** Where the picture lies on the model's: pixels of the model. */
export type Placement = { left: number; top: number; width: number; height: number };

export type InputSettings = Pick<
  OnnxSettings,
  'width' | 'height' | 'fit' | 'layout' | 'colours' | 'scale' | 'mean' | 'std'
>;

/** Of the bars beside a picture of another shape: the grey that YOLO is trained with. */
const padByte = 114;

export function placementOf(
  picture: { width: number; height: number },
  { width, height, fit }: Pick<OnnxSettings, 'width' | 'height' | 'fit'>,
): Placement {
  if (fit === 'stretch') return { left: 0, top: 0, width, height };
  const ratio = Math.min(width / picture.width, height / picture.height);
  // Whole pixels, so that no line of the picture is mixed with the bar beside it.
  const fitted = {
    width: Math.min(width, Math.max(1, Math.round(picture.width * ratio))),
    height: Math.min(height, Math.max(1, Math.round(picture.height * ratio))),
  };
  return {
    ...fitted,
    left: Math.floor((width - fitted.width) / 2),
    top: Math.floor((height - fitted.height) / 2),
  };
}

/** Corners in the model's pixels: x1, y1, x2, y2. */
export type Corners = readonly [number, number, number, number];

/** The box on the picture, cut at its edges; undefined when nothing of it lies on the picture. */
export function boxOn({ left, top, width, height }: Placement, [x1, y1, x2, y2]: Corners): Box | undefined {
  const across = [x1, x2].map(x => fraction((x - left) / width));
  const down = [y1, y2].map(y => fraction((y - top) / height));
  const box = {
    left: Math.min(...across),
    top: Math.min(...down),
    width: Math.abs((across[1] ?? 0) - (across[0] ?? 0)),
    height: Math.abs((down[1] ?? 0) - (down[0] ?? 0)),
  };
  return box.width > 0 && box.height > 0 ? box : undefined;
}

function fraction(value: number): number {
  return Math.min(1, Math.max(0, value));
}

/**
 * Fills the model's input, in the order of its layout: as floats, or as the bytes they are, to which `scale`, `mean` and `std`
 * do not apply. `input` has room for three colours of each pixel of the model, and may be used again and again.
 */
export function fillInput(
  input: Float32Array | Uint8Array,
  picture: Picture,
  { settings, placement }: { settings: InputSettings; placement: Placement },
): void {
  const { width, height, layout, colours, scale, mean, std } = settings;
  const pixels = width * height;
  const columns = neighbours(placement.width, picture.width);
  const rows = neighbours(placement.height, picture.height);
  const isBytes = input instanceof Uint8Array;
  for (let channel = 0; channel < 3; channel++) {
    const factor = isBytes ? 1 : scale / (std[channel] ?? 1);
    const offset = isBytes ? 0.5 : -(mean[channel] ?? 0) / (std[channel] ?? 1);
    const step = layout === 'nchw' ? 1 : 3;
    const start = layout === 'nchw' ? channel * pixels : channel;
    for (let at = start, left = pixels; left > 0; left--, at += step) input[at] = padByte * factor + offset;
    fillChannel({ picture, colour: colours === 'rgb' ? channel : 2 - channel, columns, rows }, (row, column, value) => {
      const pixel = (placement.top + row) * width + placement.left + column;
      input[start + step * pixel] = value * factor + offset;
    });
  }
}

type Neighbours = { first: Int32Array; second: Int32Array; weight: Float32Array };

/** For each of `count` pixels the two of `of` pixels it lies between, and how much the second counts: as cv2.INTER_LINEAR. */
function neighbours(count: number, of: number): Neighbours {
  const first = new Int32Array(count);
  const second = new Int32Array(count);
  const weight = new Float32Array(count);
  for (let at = 0; at < count; at++) {
    const exact = Math.min(of - 1, Math.max(0, ((at + 0.5) * of) / count - 0.5));
    const floor = Math.floor(exact);
    first[at] = floor;
    second[at] = Math.min(of - 1, floor + 1);
    weight[at] = exact - floor;
  }
  return { first, second, weight };
}

type Channel = { picture: Picture; colour: number; columns: Neighbours; rows: Neighbours };

function fillChannel(
  { picture: { rgb, width }, colour, columns, rows }: Channel,
  put: (row: number, column: number, value: number) => void,
): void {
  for (let row = 0; row < rows.first.length; row++) {
    const above = (rows.first[row] ?? 0) * width;
    const below = (rows.second[row] ?? 0) * width;
    const down = rows.weight[row] ?? 0;
    for (let column = 0; column < columns.first.length; column++) {
      const left = columns.first[column] ?? 0;
      const right = columns.second[column] ?? 0;
      const across = columns.weight[column] ?? 0;
      const byte = (line: number, at: number) => rgb[3 * (line + at) + colour] ?? 0;
      const upper = byte(above, left) * (1 - across) + byte(above, right) * across;
      const lower = byte(below, left) * (1 - across) + byte(below, right) * across;
      put(row, column, upper * (1 - down) + lower * down);
    }
  }
}
