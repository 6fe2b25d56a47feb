// Models that describe the whole picture: a score for each label, or one number that says how unusual it is. Pure.
import { ModelProblem, shapeWords } from './model-problem.ts';
import { checkCorners, type NumberTensor } from './yolo-output.ts';

/**
 * One score for each label, 0–1. Values outside 0–1 are logits and go through softmax; within it they are taken as they are,
 * also when several labels may be there at once.
 */
export function readClasses({ dims, data }: NumberTensor, labels: number): number[] {
  if (data.length !== labels)
    throw new ModelProblem(
      'invalid',
      `answers with ${shapeWords(dims)}: that is ${data.length} scores for the ${labels} labels of labelsFile. Put one label on each line of labelsFile, or set output.`,
    );
  const scores = Array.from(data);
  checkCorners(...scores);
  if (scores.every(score => score >= 0 && score <= 1)) return scores;
  const highest = Math.max(...scores);
  const weights = scores.map(score => Math.exp(score - highest));
  const sum = weights.reduce((total, weight) => total + weight, 0);
  return weights.map(weight => weight / sum);
}

/** The one number of a model that has only that, among whatever else it gives; cut to 0–1. */
export function readScore(tensors: readonly NumberTensor[]): number {
  const single = tensors.filter(({ data }) => data.length === 1);
  const [score] = single;
  if (!score || single.length > 1)
    throw new ModelProblem(
      'invalid',
      `answers with ${tensors.map(({ dims }) => shapeWords(dims)).join(', ')}: output: score needs exactly one tensor of one number. Set output to what the model gives.`,
    );
  const value = Number(score.data[0]);
  checkCorners(value);
  return Math.min(1, Math.max(0, value));
}
