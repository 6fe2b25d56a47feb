// The JSON that models behind SageMaker endpoints answer with, in the shapes that are documented. Pure.
import { z } from 'zod';
import { parseOutside } from '../../shared/parse-outside.ts';
import type { Box } from '../../shared/sighting.ts';
import type { DetectedLabel } from './provider.ts';

/** SageMaker's own object detection: class, score 0–1, and xmin, ymin, xmax, ymax as fractions. */
const predictions = z.object({
  prediction: z.array(z.tuple([z.number(), z.number(), z.number(), z.number(), z.number(), z.number()])).max(10_000),
});
/** SageMaker's own image classification: a probability for each class. */
const probabilities = z.array(z.number()).min(1).max(100_000);
/** Hugging Face's pipelines: score 0–1, box in pixels when they detect objects. */
const pipeline = z
  .array(
    z.object({
      label: z.string(),
      score: z.number(),
      box: z.object({ xmin: z.number(), ymin: z.number(), xmax: z.number(), ymax: z.number() }).optional(),
    }),
  )
  .max(10_000);
/** For models of one's own: confidence 0–100, box as fractions. */
const labels = z.object({
  labels: z
    .array(
      z.object({
        name: z.string().min(1),
        confidence: z.number().min(0).max(100),
        box: z.object({ left: z.number(), top: z.number(), width: z.number(), height: z.number() }).optional(),
      }),
    )
    .max(10_000),
});

const answer = z.union([predictions, labels, probabilities, pipeline]);

type Seen = { name: string; confidence: number; box?: Box };

export type AnswerContext = {
  /** Of classes that come as numbers; undefined when there is no labels file. */
  names: readonly string[] | undefined;
  /** Of the picture that was sent, in pixels. */
  width: number;
  height: number;
};

/** `problem` goes on after "The endpoint parcels …". */
export function labelsOf(json: unknown, context: AnswerContext): { labels: DetectedLabel[] } | { problem: string } {
  const { data } = parseOutside(answer, json);
  if (!data) {
    const shapes = 'prediction, labels, a list of probabilities, or a list of label and score';
    return {
      problem: `answers with JSON of another shape than ${shapes}. See docs/labels.md, and change what the model answers.`,
    };
  }
  const seen = seenIn(data, context);
  if (!seen) {
    const known =
      context.names === undefined ? 'there is no labelsFile' : `labelsFile has ${context.names.length} labels`;
    return { problem: `names classes by number, and ${known}. Set labelsFile to one label a line, for every class.` };
  }
  return { labels: grouped(seen) };
}

/** Undefined when a number has no name. */
function seenIn(data: z.output<typeof answer>, { names, width, height }: AnswerContext): Seen[] | undefined {
  if ('labels' in data)
    return data.labels.map(({ box, ...seen }) => ({ ...seen, ...(box ? { box: within(box) } : {}) }));
  if ('prediction' in data) {
    const rows = data.prediction.map(([number, score, left, top, right, bottom]) => {
      const box = within({ left, top, width: right - left, height: bottom - top });
      return { name: names?.[Math.round(number)], confidence: percent(score), box };
    });
    return rows.every(isNamed) ? rows : undefined;
  }
  if (isPipeline(data))
    return data.map(({ label, score, box }) => {
      const { xmin = 0, ymin = 0, xmax = 0, ymax = 0 } = box ?? {};
      const place = {
        left: xmin / width,
        top: ymin / height,
        width: (xmax - xmin) / width,
        height: (ymax - ymin) / height,
      };
      return { name: label, confidence: percent(score), ...(box ? { box: within(place) } : {}) };
    });
  if (names?.length !== data.length) return undefined;
  return data.map((score, index) => ({ name: names[index] ?? '', confidence: percent(score) }));
}

function isPipeline(
  data: z.output<typeof probabilities> | z.output<typeof pipeline>,
): data is z.output<typeof pipeline> {
  return typeof data[0] === 'object' || data.length === 0;
}

function isNamed<Row extends { name: string | undefined }>(row: Row): row is Row & { name: string } {
  return row.name !== undefined;
}

function percent(score: number): number {
  return Math.min(100, Math.max(0, score * 100));
}

function within({ left, top, width, height }: Box): Box {
  const fraction = (value: number) => Math.min(1, Math.max(0, value));
  const [x, y] = [fraction(left), fraction(top)];
  return {
    left: x,
    top: y,
    width: Math.max(0, fraction(left + width) - x),
    height: Math.max(0, fraction(top + height) - y),
  };
}

/** One label for each name, with each of its places. */
function grouped(seen: readonly Seen[]): DetectedLabel[] {
  const byName = new Map<string, DetectedLabel>();
  for (const { name, confidence, box } of seen) {
    const known = byName.get(name) ?? { name, confidence, instances: [] };
    known.confidence = Math.max(known.confidence, confidence);
    if (box && box.width > 0 && box.height > 0) known.instances.push({ box, confidence });
    byName.set(name, known);
  }
  return [...byName.values()];
}
