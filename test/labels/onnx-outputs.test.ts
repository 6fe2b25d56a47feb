// Shapes of answers, told apart and refused: pure functions on small tensors.
import { expect, test } from 'vitest';
import { checkInput } from '../../agent/labels/onnx/model-checks.ts';
import { boxOn, fillInput, type InputSettings, placementOf } from '../../agent/labels/onnx/model-input.ts';
import { ModelProblem } from '../../agent/labels/onnx/model-problem.ts';
import { readClasses, readScore } from '../../agent/labels/onnx/scene-output.ts';
import { type NamedTensor, readSsd } from '../../agent/labels/onnx/ssd-output.ts';
import { type Found, maxFound, suppress } from '../../agent/labels/onnx/suppress.ts';
import { readYolo, readYoloNms } from '../../agent/labels/onnx/yolo-output.ts';

/** Two boxes of three labels: the first is label 1, the second label 2. */
const boxes = [
  { centre: [100, 60, 40, 20], scores: [0.1, 0.8, 0.2] },
  { centre: [300, 200, 60, 80], scores: [0, 0, 0.6] },
];
const fillers = Array.from({ length: 14 }, () => ({ centre: [0, 0, 1, 1], scores: [0, 0, 0] }));
const all = [...boxes, ...fillers];

function transposed(rows: number[][]): number[][] {
  return (rows[0] ?? []).map((_, column) => rows.map(row => row[column] ?? 0));
}

const withoutObjectness = all.map(({ centre, scores }) => [...centre, ...scores]);
const withObjectness = all.map(({ centre, scores }) => [...centre, 0.5, ...scores]);
const options = { labels: 3, firstClass: 0, minScore: 0.25 };

test.each([
  { name: '[1, 4 + labels, boxes]', dims: [1, 7, 16], rows: transposed(withoutObjectness), factor: 1 },
  { name: '[1, boxes, 5 + labels]', dims: [1, 16, 8], rows: withObjectness, factor: 0.5 },
  { name: '[boxes, 5 + labels], without a batch', dims: [16, 8], rows: withObjectness, factor: 0.5 },
])('a YOLO answer of shape $name is read box by box', ({ dims, rows, factor }) => {
  expect(readYolo({ dims, data: rows.flat() }, options)).toEqual([
    { label: 1, score: 0.8 * factor, corners: [80, 50, 120, 70] },
    { label: 2, score: 0.6 * factor, corners: [270, 160, 330, 240] },
  ]);
});

test('a shape that fits both ways is read as the one with more boxes', () => {
  // Of four labels: 8 boxes of 4 + 4 numbers, or 8 of 5 + 4 numbers; 9 of 4 + 4 would be wider than high.
  const dims = [1, 8, 9];
  const data = transposed(all.slice(0, 9).map(({ centre, scores }) => [...centre, ...scores, 0])).flat();
  expect(readYolo({ dims, data }, { ...options, labels: 4 })).toHaveLength(2);
});

test.each([{ dims: [1, 16, 7] }, { dims: [1, 8, 16] }])(
  'a shape turned round, $dims, is refused: with one label more or less it would be another model’s',
  ({ dims }) => {
    expect(() => readYolo({ dims, data: [] }, options)).toThrow('labelsFile');
  },
);

const ssd: NamedTensor[] = [
  { name: 'detection_boxes', dims: [1, 2, 4], data: [0.1, 0.2, 0.3, 0.4, 0, 0, 1, 1], integers: false },
  { name: 'detection_classes', dims: [1, 2], data: [3, 1], integers: false },
  { name: 'detection_scores', dims: [1, 2], data: [0.9, 0.5], integers: false },
];
const ssdOptions = { ...options, width: 200, height: 100, corners: 'yxyx', firstClass: 1 } as const;

test('SSD boxes come as fractions or as pixels, either corner first, and no more than the model counts', () => {
  const first = {
    label: 2,
    score: 0.9,
    corners: [expect.closeTo(40), expect.closeTo(10), expect.closeTo(80), expect.closeTo(30)],
  };
  expect(readSsd(ssd, ssdOptions)).toEqual([first, { label: 0, score: 0.5, corners: [0, 0, 200, 100] }]);
  const counted = [...ssd, { name: 'num_detections', dims: [1], data: [1], integers: false }];
  expect(readSsd(counted, ssdOptions)).toEqual([first]);
  const unnamed: NamedTensor[] = [
    { name: '12', dims: [1, 1, 4], data: [40, 10, 80, 30], integers: false },
    { name: '13', dims: [1, 1], data: [2], integers: true },
    { name: '14', dims: [1, 1], data: [0.9], integers: false },
  ];
  expect(readSsd(unnamed, { ...ssdOptions, corners: 'xyxy', firstClass: 0 })).toEqual([
    { label: 2, score: 0.9, corners: [40, 10, 80, 30] },
  ]);
});

test('scores within 0–1 are taken as they are, others go through softmax; one score is cut to 0–1', () => {
  expect(readClasses({ dims: [1, 3], data: [0.9, 0.8, 0] }, 3)).toEqual([0.9, 0.8, 0]);
  const [a = 0, b = 0] = readClasses({ dims: [1, 2], data: [1000, 998] }, 2);
  expect(a + b).toBeCloseTo(1);
  expect(a).toBeCloseTo(1 / (1 + Math.exp(-2)));
  expect(
    readScore([
      { dims: [1, 1, 2, 2], data: [1, 2, 3, 4] },
      { dims: [], data: [1.7] },
    ]),
  ).toBe(1);
  expect(readScore([{ dims: [1], data: [-3] }])).toBe(0);
});

const nan = Number.NaN;
const yoloOf = (box: number[]) => ({ dims: [1, 7, 1], data: box });
test.each<{ name: string; read: () => unknown; says: RegExp; blame?: string }>([
  {
    name: 'labels that do not go with the shape',
    read: () => readYolo({ dims: [1, 84, 8400], data: [] }, options),
    says: /\[1, 84, 8400\].* 3 labels .*seems to have 80 labels, or 79.*labelsFile/,
  },
  { name: 'a batch', read: () => readYolo({ dims: [4, 7, 16], data: [] }, options), says: /\[4, 7, 16\]/ },
  { name: 'no dimensions', read: () => readYolo({ dims: [], data: [] }, options), says: /\[\]/ },
  {
    name: 'a score that is no number',
    read: () => readYolo(yoloOf([1, 1, 1, 1, 0.9, nan, 0]), options),
    says: /NaN.*scale, mean and std/,
    blame: 'failed',
  },
  {
    name: 'a box that is endless',
    read: () => readYolo(yoloOf([1, Infinity, 1, 1, 0.9, 0, 0]), options),
    says: /NaN/,
    blame: 'failed',
  },
  { name: 'too few numbers', read: () => readYolo(yoloOf([1, 1]), options), says: /NaN/, blame: 'failed' },
  {
    name: 'logits',
    read: () => readYolo(yoloOf([1, 1, 1, 1, 4.2, 0, 0]), options),
    says: /a score of 4\.20.*last activation/,
  },
  {
    name: 'yolo-nms of another width',
    read: () => readYoloNms({ dims: [1, 84, 8400], data: [] }, options),
    says: /\[1, boxes, 6\].*Set output/,
  },
  {
    name: 'a class beyond the labels',
    read: () => readYoloNms({ dims: [1, 1, 6], data: [0, 0, 1, 1, 0.9, 3] }, options),
    says: /class 3.* 3 labels.*firstClass/,
  },
  {
    name: 'a class that is no number',
    read: () => readYoloNms({ dims: [1, 1, 6], data: [0, 0, 1, 1, 0.9, nan] }, options),
    says: /class NaN/,
  },
  {
    name: 'SSD with one tensor',
    read: () => readSsd(ssd.slice(0, 1), ssdOptions),
    says: /detection_boxes \[1, 2, 4\].*Set output/,
  },
  {
    name: 'SSD with tensors of other lengths',
    read: () =>
      readSsd([...ssd.slice(0, 2), { name: 'scores', dims: [1, 3], data: [1, 1, 1], integers: false }], ssdOptions),
    says: /scores \[1, 3\]/,
  },
  {
    name: 'another number of scores',
    read: () => readClasses({ dims: [1, 1000], data: new Array(1000).fill(0) }, 3),
    says: /1000 scores for the 3 labels/,
  },
  { name: 'no single score', read: () => readScore([{ dims: [1, 3], data: [0, 1, 2] }]), says: /\[1, 3\].*one number/ },
])('$name: the sentence says what to change', ({ read, says, blame = 'invalid' }) => {
  expect(read).toThrow(ModelProblem);
  expect(read).toThrow(says);
  expect(read).toThrow(expect.objectContaining({ blame }));
});

const square = { width: 640, height: 640, layout: 'nchw' } as const;
const takes = (shape: (number | string)[], type = 'float32') =>
  [{ name: 'images', isTensor: true, type, shape }] as const;
test.each([
  { inputs: takes([1, 3, 640, 640]) },
  { inputs: takes(['batch', 3, 'height', 'width']) },
  { inputs: takes([-1, 3, -1, -1]) },
  { inputs: takes([1, 3, 640, 640], 'uint8') },
])('an input of $inputs.0.shape, $inputs.0.type, is a picture of the settings', ({ inputs }) => {
  expect(checkInput(inputs, square)).toEqual({ name: 'images', type: inputs[0].type });
});

test.each([
  { inputs: takes([1, 3, 320, 416]), says: /\[1, 3, 320, 416\].*Set width: 416, height: 320\./ },
  { inputs: takes([1, 640, 640, 3]), says: /Set layout: nhwc\./ },
  { inputs: takes([1, 300, 300, 3], 'uint8'), says: /Set layout: nhwc, width: 300, height: 300\./ },
  { inputs: takes([1, 1, 640, 640]), says: /one picture of three colours/ },
  { inputs: takes([8, 3, 640, 640]), says: /one picture of three colours/ },
  { inputs: takes([1, 768]), says: /\[1, 768\]/ },
  { inputs: takes([1, 3, 640, 640], 'float16'), says: /float16.*32-bit/ },
  { inputs: [...takes([1, 3, 640, 640]), ...takes([1, 1])], says: /2 inputs/ },
  { inputs: [], says: /0 inputs/ },
])('an input that is not: $says', ({ inputs, says }) => {
  expect(() => checkInput(inputs, square)).toThrow(says);
});

test('a picture on the model’s and a box back on the picture are inverse, for many sizes of both', () => {
  let seed = 7;
  const random = (below: number) => {
    seed = (seed * 48_271) % 2_147_483_647;
    return seed % below;
  };
  for (let run = 0; run < 500; run++) {
    const picture = { width: 2 + random(2000), height: 2 + random(2000) };
    const fit = random(2) === 0 ? 'pad' : 'stretch';
    const model = { width: 16 + random(800), height: 16 + random(800), fit } as const;
    const { left, top, width, height } = placementOf(picture, model);
    expect(left >= 0 && top >= 0 && left + width <= model.width && top + height <= model.height).toBe(true);
    if (fit === 'pad') expect(left === 0 || top === 0).toBe(true);
    const box = { left: random(100) / 200, top: random(100) / 200, width: 0.25, height: 0.5 };
    const right = left + (box.left + box.width) * width;
    const corners = [
      left + box.left * width,
      top + box.top * height,
      right,
      top + (box.top + box.height) * height,
    ] as const;
    const back = boxOn({ left, top, width, height }, corners);
    for (const side of ['left', 'top', 'width', 'height'] as const) expect(back?.[side]).toBeCloseTo(box[side], 6);
  }
});

test('a picture of the model’s own size arrives byte for byte, as floats by scale, mean and std', () => {
  const rgb = Uint8Array.from({ length: 4 * 2 * 3 }, (_, index) => index * 10);
  const picture = { width: 4, height: 2, rgb };
  const placement = { left: 0, top: 0, width: 4, height: 2 };
  const settings: InputSettings = {
    ...{ width: 4, height: 2, fit: 'pad', layout: 'nhwc', colours: 'rgb' },
    ...{ scale: 1 / 255, mean: [0.1, 0.2, 0.3], std: [0.5, 0.25, 0.125] },
  };
  const bytes = new Uint8Array(rgb.length).fill(99);
  fillInput(bytes, picture, { settings, placement });
  expect([...bytes]).toEqual([...rgb]);
  const floats = new Float32Array(rgb.length).fill(99);
  fillInput(floats, picture, { settings: { ...settings, layout: 'nchw' }, placement });
  for (let pixel = 0; pixel < 8; pixel++)
    for (let colour = 0; colour < 3; colour++) {
      const value = (rgb[3 * pixel + colour] ?? 0) / 255;
      const wanted = (value - (settings.mean[colour] ?? 0)) / (settings.std[colour] ?? 1);
      expect(floats[8 * colour + pixel]).toBeCloseTo(wanted, 4);
    }
});

test('of boxes in one place the surest stays, those of another label too, and the number is bounded', () => {
  const at = (label: number, score: number, x: number): Found => ({ label, score, corners: [x, 0, x + 10, 10] });
  const kept = suppress([at(0, 0.5, 1), at(0, 0.9, 0), at(1, 0.4, 0), at(0, 0.3, 6), at(0, 0.2, 100)], 0.5);
  expect(kept.map(({ label, score }) => [label, score])).toEqual([
    [0, 0.9],
    [1, 0.4],
    [0, 0.3],
    [0, 0.2],
  ]);
  const many = Array.from({ length: 8_400 }, (_, index) => at(0, index / 8_400, index * 20));
  expect(suppress(many, 0.5)).toHaveLength(maxFound);
});
