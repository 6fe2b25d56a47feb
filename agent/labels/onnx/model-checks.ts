// Whether a model's input is a picture of the size and layout that the settings say, before the first picture. Pure.
import type { OnnxSettings } from '../../../shared/label-settings.ts';
import { ModelProblem } from './model-problem.ts';

/** What the runtime says of an input. Dimensions that may be anything are names, or −1. */
export type ModelTensor = { name: string; type: 'float32' | 'uint8' };
export type InputMetadata =
  | { name: string; isTensor: true; type: string; shape: readonly (number | string)[] }
  | { name: string; isTensor: false };

/** Throws a ModelProblem that says which setting to change. */
export function checkInput(
  inputs: readonly InputMetadata[],
  { width, height, layout }: Pick<OnnxSettings, 'width' | 'height' | 'layout'>,
): ModelTensor {
  const [input] = inputs;
  if (!input?.isTensor || inputs.length > 1)
    throw new ModelProblem(
      'invalid',
      `takes ${inputs.length} inputs, not one picture. Set modelFile to a model of pictures.`,
    );
  const { name, type, shape } = input;
  const told = `[${shape.map(size => (typeof size === 'number' && size > 0 ? size : '?')).join(', ')}]`;
  if (type !== 'float32' && type !== 'uint8')
    throw new ModelProblem(
      'invalid',
      `takes pictures of ${type}. Export it with 32-bit floats (or bytes) as its input.`,
    );
  if (shape.length !== 4)
    throw new ModelProblem('invalid', `takes ${told}, not one picture of three colours. Set modelFile.`);
  const wanted = layout === 'nchw' ? [1, 3, height, width] : [1, height, width, 3];
  if (shape.every((size, index) => fits(size, wanted[index]))) return { name, type };
  const turned = layout === 'nchw' ? [shape[3], shape[1], shape[2]] : [shape[1], shape[2], shape[3]];
  if (fits(turned[0], 3) && turned[0] === 3)
    throw new ModelProblem(
      'invalid',
      `takes pictures of ${told}. ${adviceFor(layout === 'nchw' ? 'nhwc' : 'nchw', turned.slice(1), { width, height }, true)}`,
    );
  const sides = layout === 'nchw' ? shape.slice(2) : shape.slice(1, 3);
  throw new ModelProblem(
    'invalid',
    `takes pictures of ${told}, the settings make [${wanted.join(', ')}]. ${adviceFor(layout, sides, { width, height }, false)}`,
  );
}

function fits(size: number | string | undefined, wanted: number | undefined): boolean {
  return typeof size !== 'number' || size <= 0 || size === wanted;
}

function adviceFor(
  layout: string,
  [height, width]: (number | string | undefined)[],
  set: { width: number; height: number },
  otherLayout: boolean,
): string {
  const sizes = fits(height, set.height) && fits(width, set.width) ? [] : [`width: ${width}`, `height: ${height}`];
  const changes = [...(otherLayout ? [`layout: ${layout}`] : []), ...sizes];
  return changes.length > 0
    ? `Set ${changes.join(', ')}.`
    : 'Set modelFile to a model that takes one picture of three colours.';
}
