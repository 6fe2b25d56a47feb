// What the YOLO family answers. Pure. `yolo`: one tensor [1, 4 + classes, boxes] (v8 to v11) or [1, boxes, 5 + classes] (v5 to
// v7, whose fifth number says whether there is anything). Turned round they would be mistaken for each other when the labels
// are one too few or too many, so each is read only as its exporters write it.
// `yolo-nms` (v10, and models exported with their own suppression): [1, boxes, 6] of corners, score and class.
import { ModelProblem, shapeWords } from './model-problem.ts';
import type { Found } from './suppress.ts';

export type NumberTensor = { dims: readonly number[]; data: ArrayLike<number> };

export type YoloOptions = {
  /** How many labels there are. */
  labels: number;
  /** Of `yolo-nms`: the number of the first label's class. */
  firstClass: number;
  /** Less sure ones are left out, 0–1. */
  minScore: number;
};

type Layout = {
  boxes: number;
  /** From one box to the next, and from one number of a box to the next. */
  boxStep: number;
  fieldStep: number;
  objectness: boolean;
};

/** Throws a ModelProblem for a shape that cannot be, and for numbers that are none. */
export function readYolo({ dims, data }: NumberTensor, { labels, minScore }: YoloOptions): Found[] {
  const { boxes, boxStep, fieldStep, objectness } = layoutOf(dims, labels);
  const firstScore = objectness ? 5 : 4;
  const found: Found[] = [];
  for (let box = 0; box < boxes; box++) {
    const at = (field: number) => data[box * boxStep + field * fieldStep] ?? Number.NaN;
    const present = objectness ? at(4) : 1;
    checkScore(present);
    if (present < minScore) continue;
    let best = 0;
    let label = 0;
    for (let index = 0; index < labels; index++) {
      const score = at(firstScore + index);
      if (score > best) {
        best = score;
        label = index;
      } else if (Number.isNaN(score)) checkScore(score);
    }
    checkScore(best);
    const score = present * best;
    if (score < minScore) continue;
    const [x, y, width, height] = [at(0), at(1), at(2), at(3)];
    checkCorners(x, y, width, height);
    found.push({ label, score, corners: [x - width / 2, y - height / 2, x + width / 2, y + height / 2] });
  }
  return found;
}

export function readYoloNms({ dims, data }: NumberTensor, { labels, firstClass, minScore }: YoloOptions): Found[] {
  const [, boxes = 0, fields] = dims.length === 2 ? [1, ...dims] : dims;
  if (fields !== 6 || dims.length > 3)
    throw new ModelProblem(
      'invalid',
      `answers with ${shapeWords(dims)}, not with [1, boxes, 6] as output: yolo-nms says. Set output to what it was exported as.`,
    );
  const found: Found[] = [];
  for (let box = 0; box < boxes; box++) {
    const at = (field: number) => data[6 * box + field] ?? Number.NaN;
    const score = at(4);
    checkScore(score);
    if (score < minScore) continue;
    checkCorners(at(0), at(1), at(2), at(3));
    found.push({
      label: labelOf(at(5), { firstClass, labels }),
      score,
      corners: [at(0), at(1), at(2), at(3)],
    });
  }
  return found;
}

function layoutOf(dims: readonly number[], labels: number): Layout {
  const [batch, second = 0, third = 0] = dims.length === 2 ? [1, ...dims] : dims;
  const outline = { dims, labels };
  if (batch !== 1 || dims.length > 3 || dims.length < 2) throw mismatch(outline);
  const fits = [
    ...(second === labels + 4 ? [{ boxes: third, boxStep: 1, fieldStep: third, objectness: false }] : []),
    ...(third === labels + 5 ? [{ boxes: second, boxStep: third, fieldStep: 1, objectness: true }] : []),
  ];
  // Both at once: no model has fewer boxes than numbers for each.
  const [layout] = fits.toSorted((a, b) => b.boxes - a.boxes);
  if (!layout) throw mismatch(outline);
  return layout;
}

function mismatch({ dims, labels }: { dims: readonly number[]; labels: number }): ModelProblem {
  const fields = Math.min(...dims.slice(-2));
  const guess = fields > 5 ? `; it seems to have ${fields - 4} labels, or ${fields - 5} if it is a YOLOv5 to v7` : '';
  return new ModelProblem(
    'invalid',
    `answers with ${shapeWords(dims)}, which does not go with the ${labels} labels of labelsFile: output: yolo is [1, 4 + labels, boxes] or [1, boxes, 5 + labels]${guess}. Put one label on each line of labelsFile, or set output.`,
  );
}

export type ClassNumbers = { firstClass: number; labels: number };

/** The index of the label of a class that is named by its number. */
export function labelOf(number: number, { firstClass, labels }: ClassNumbers): number {
  const index = Math.round(number) - firstClass;
  if (index >= 0 && index < labels) return index;
  throw new ModelProblem(
    'invalid',
    `names a class ${number}, but labelsFile has ${labels} labels and the first one is class ${firstClass}. Set labelsFile or firstClass.`,
  );
}

/** Sigmoid ends a hair above 1 in some exports. */
const highestScore = 1.01;

export function checkScore(score: number): void {
  if (Number.isNaN(score)) throw notNumbers();
  if (score > highestScore || score < -0.01)
    throw new ModelProblem(
      'invalid',
      `answers with a score of ${score.toPrecision(3)}, not 0 to 1. Export it with its last activation, or set output.`,
    );
}

export function checkCorners(...corners: number[]): void {
  if (!corners.every(Number.isFinite)) throw notNumbers();
}

function notNumbers(): ModelProblem {
  return new ModelProblem(
    'failed',
    'answers with values that are no numbers (NaN). Check scale, mean and std, and that the file is whole.',
  );
}
