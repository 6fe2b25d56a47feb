// What SSD and its relatives answer (TensorFlow's detection models, torchvision's): tensors of boxes, classes and scores, and
// sometimes how many count. Told apart by their names, and without telling names by their shapes. Pure.
import type { OnnxSettings } from '../../../shared/label-settings.ts';
import { ModelProblem, shapeWords } from './model-problem.ts';
import type { Found } from './suppress.ts';
import { checkCorners, checkScore, labelOf, type NumberTensor } from './yolo-output.ts';

export type SsdOptions = Pick<OnnxSettings, 'corners' | 'firstClass' | 'width' | 'height'> & {
  labels: number;
  minScore: number;
};

/** `integers`: the model gives whole numbers, as of classes. */
export type NamedTensor = NumberTensor & { name: string; integers: boolean };

/** Throws a ModelProblem when the tensors cannot be told apart or do not go together. */
export function readSsd(tensors: readonly NamedTensor[], options: SsdOptions): Found[] {
  const { labels, firstClass, minScore } = options;
  const { boxes, classes, scores, count } = rolesOf(tensors);
  const rows = Math.min(scores.data.length, count ?? Number.POSITIVE_INFINITY);
  const found: Found[] = [];
  const unit = unitOf(boxes, rows, options);
  for (let row = 0; row < rows; row++) {
    const score = scores.data[row] ?? Number.NaN;
    checkScore(score);
    if (score < minScore) continue;
    const at = (corner: number) => boxes.data[4 * row + corner] ?? Number.NaN;
    checkCorners(at(0), at(1), at(2), at(3));
    const [x1, y1, x2, y2] = options.corners === 'xyxy' ? [0, 1, 2, 3] : [1, 0, 3, 2];
    found.push({
      label: labelOf(classes.data[row] ?? Number.NaN, { firstClass, labels }),
      score,
      corners: [at(x1) * unit.width, at(y1) * unit.height, at(x2) * unit.width, at(y2) * unit.height],
    });
  }
  return found;
}

type Roles = { boxes: NamedTensor; classes: NamedTensor; scores: NamedTensor; count?: number };

function rolesOf(tensors: readonly NamedTensor[]): Roles {
  const boxes = one(tensors, [named(/box|loc/i), ({ dims }) => dims.at(-1) === 4 && dims.length > 1]);
  const rest = tensors.filter(tensor => tensor !== boxes);
  const rows = (boxes?.data.length ?? 0) / 4;
  const classes = one(rest, [named(/class|label/i), ({ integers, data }) => integers && data.length === rows]);
  const scores = one(
    rest.filter(tensor => tensor !== classes),
    [named(/score|conf|prob/i), ({ integers, data }) => !integers && data.length === rows],
  );
  const count = rest.find(({ name, data }) => data.length === 1 && /num|count/i.test(name));
  if (!boxes || !classes || !scores) throw untold(tensors);
  if (scores.data.length !== rows || classes.data.length !== rows) throw untold(tensors);
  return { boxes, classes, scores, ...(count ? { count: count.data[0] ?? 0 } : {}) };
}

/** Not `num_detections`, which names what it counts. */
function named(pattern: RegExp): (tensor: NamedTensor) => boolean {
  return ({ name }) => pattern.test(name) && !/num|count/i.test(name);
}

/** The only one that passes the first test anything passes. */
function one(tensors: readonly NamedTensor[], tests: ((tensor: NamedTensor) => boolean)[]): NamedTensor | undefined {
  for (const test of tests) {
    const passed = tensors.filter(test);
    if (passed.length > 0) return passed.length === 1 ? passed[0] : undefined;
  }
  return undefined;
}

function untold(tensors: readonly NamedTensor[]): ModelProblem {
  const seen = tensors.map(({ name, dims }) => `${name} ${shapeWords(dims)}`).join(', ');
  return new ModelProblem(
    'invalid',
    `answers with ${seen}: output: ssd needs boxes [1, n, 4], classes [1, n] and scores [1, n], with "box", "class" and "score" in their names. Set output to what the model gives.`,
  );
}

/** Corners are either pixels or fractions of the picture; no box in pixels is smaller than two of them. */
function unitOf({ data }: NamedTensor, rows: number, { width, height }: SsdOptions): { width: number; height: number } {
  for (let at = 0; at < 4 * rows; at++) if (Math.abs(data[at] ?? 0) > 2) return { width: 1, height: 1 };
  return { width, height };
}
