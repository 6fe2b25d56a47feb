// Models made here run on real frames, in every shape of answer, and find what ffmpeg measures on the same frames.
import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { objectLabels } from '../../agent/labels/onnx/found-labels.ts';
import type { DetectedLabel } from '../../agent/labels/provider.ts';
import type { OnnxSettings } from '../../shared/label-settings.ts';
import { footagePath } from '../sampler/footage.ts';
import { type CellModel, cellLabels, cellModel } from './onnx-model.ts';
import { modelSettings, startModel } from './own-model.ts';

const signal = new AbortController().signal;
const street = footagePath('street-cars.mp4');
const room = footagePath('room-person.mp4');

function frame(path: string, atSeconds: number): Buffer {
  const args = ['-v', 'error', '-ss', String(atSeconds), '-i', path, '-frames:v', '1', '-q:v', '3', '-f', 'mjpeg', '-'];
  return execFileSync('ffmpeg', args, { maxBuffer: 2 ** 24 });
}

/** Mean brightness of each cell, 0–1, measured by ffmpeg: an oracle that shares nothing with the code under test. */
function brightness(jpeg: Buffer, columns: number, rows: number): number[] {
  const filter = `scale=${columns}:${rows}:flags=area,format=gray`;
  const args = ['-v', 'error', '-f', 'mjpeg', '-i', '-', '-vf', filter, '-f', 'rawvideo', '-'];
  return Array.from(execFileSync('ffmpeg', args, { input: jpeg }), byte => byte / 255);
}

const columns = 32;
const rows = 18;
/** 768 × 432 on a square of 640: 32 × 18 whole cells, between bars of 7 cells. */
const cells = { side: 640, cell: 20, bright: 0.5, dark: 0.38 } satisfies Partial<CellModel>;

/** The cells of the picture that a label's boxes cover, and that their places are exactly cells. */
function cellsOf(labels: DetectedLabel[], name: string): Set<number> {
  const found = new Set<number>();
  for (const { box } of labels.find(label => label.name === name)?.instances ?? []) {
    expect(box.width).toBeCloseTo(1 / columns, 5);
    expect(box.height).toBeCloseTo(1 / rows, 5);
    found.add(Math.round(box.left * columns) + columns * Math.round(box.top * rows));
  }
  return found;
}

/** Two grey steps: decoders of JPEG and scalers round. */
const margin = 2 / 255;

function expectCells(found: Set<number>, isThere: (cell: number) => number): void {
  const missed = [];
  const wrong = [];
  for (let cell = 0; cell < columns * rows; cell++) {
    if (isThere(cell) > margin && !found.has(cell)) missed.push(cell);
    if (isThere(cell) < -margin && found.has(cell)) wrong.push(cell);
  }
  expect({ missed, wrong }).toEqual({ missed: [], wrong: [] });
  expect(found.size).toBeGreaterThan(0);
  expect(found.size).toBeLessThan((columns * rows) / 2);
}

const shapes: { shape: CellModel['shape']; model?: Partial<CellModel>; settings: Partial<OnnxSettings> }[] = [
  { shape: 'yolo-v8', settings: { output: 'yolo' } },
  { shape: 'yolo-v5', settings: { output: 'yolo' } },
  { shape: 'yolo-nms', settings: { output: 'yolo-nms' } },
  { shape: 'ssd', settings: { output: 'ssd' } },
  {
    shape: 'ssd-tensorflow',
    model: { input: 'bytes-last' },
    settings: { output: 'ssd', corners: 'yxyx', firstClass: 1, layout: 'nhwc' },
  },
];

const absent = ' (skipped: ../shared/media is not beside the repository)';

test.skipIf(!street).each(shapes)(
  `on frames of a street, a model of shape $shape finds the cells that ffmpeg measures as bright and as dark${street ? '' : absent}`,
  async ({ shape, model, settings }) => {
    const running = startModel(modelSettings({ model: cellModel({ ...cells, shape, ...model }) }, settings));
    for (const atSeconds of [2, 12]) {
      const jpeg = frame(street ?? '', atSeconds);
      const labels = await running.detect({ jpeg, minConfidence: 50, signal });
      const measured = brightness(jpeg, columns, rows);
      expectCells(cellsOf(labels, 'Bright'), cell => (measured[cell] ?? 0) - cells.bright);
      expectCells(cellsOf(labels, 'Dark'), cell => cells.dark - (measured[cell] ?? 0));
    }
  },
);

test.skipIf(!room)(
  `boxes that overlap by more than iou are one: the surest of each neighbourhood stays${room ? '' : absent}`,
  async () => {
    const settings = modelSettings(
      { model: cellModel({ ...cells, shape: 'yolo-v8', bright: 0.7, dark: 0.2, boxCells: 3 }) },
      { iou: 0.2 },
    );
    const jpeg = frame(room ?? '', 40);
    const labels = await startModel(settings).detect({ jpeg, minConfidence: 50, signal });
    const every = await startModel({ ...settings, iou: 1 }).detect({ jpeg, minConfidence: 50, signal });
    const count = (labels: DetectedLabel[], name: string) =>
      labels.find(label => label.name === name)?.instances.length ?? 0;
    for (const name of cellLabels) {
      expect(count(labels, name)).toBeGreaterThan(0);
      expect(count(labels, name)).toBeLessThan(count(every, name) / 3);
    }
  },
);

test.skipIf(!street || !room)(
  `one score for each label, and one score alone, describe whole frames${street && room ? '' : absent}`,
  async () => {
    const whole = { ...cells, bright: 0.45, dark: 0.45 };
    const classes = startModel(
      modelSettings({ model: cellModel({ ...whole, shape: 'classes' }) }, { output: 'classes', fit: 'stretch' }),
    );
    const score = startModel(
      modelSettings(
        { model: cellModel({ ...whole, shape: 'score' }), labels: 'Unusual' },
        { output: 'score', fit: 'stretch' },
      ),
    );
    for (const { path, at } of [
      { path: street, at: 12 },
      { path: room, at: 100 },
    ]) {
      const jpeg = frame(path ?? '', at);
      const measured = brightness(jpeg, columns, rows);
      const mean = measured.reduce((sum, value) => sum + value, 0) / measured.length;
      // Two logits of ±44 × (mean − 0.45), through softmax.
      const bright = 100 / (1 + Math.exp(-2 * 44 * (mean - 0.45)));
      const labels = await classes.detect({ jpeg, minConfidence: 0, signal });
      const expected = { Bright: bright, Dark: 100 - bright };
      for (const { name, confidence, instances } of labels) {
        expect(instances).toEqual([]);
        expect(Math.abs(confidence - expected[name === 'Bright' ? 'Bright' : 'Dark'])).toBeLessThan(15);
      }
      expect(labels.map(({ name }) => name)).toContain(bright > 50 ? 'Bright' : 'Dark');
      const [unusual] = await score.detect({ jpeg, minConfidence: 0, signal });
      expect(unusual?.name).toBe('Unusual');
      expect(Math.abs((unusual?.confidence ?? 0) - 100 * mean)).toBeLessThan(1);
    }
  },
);

test('colours reach the model in the order it was trained with, on a picture of pure red', async () => {
  const jpeg = execFileSync('ffmpeg', [
    '-v',
    'error',
    '-f',
    'lavfi',
    '-i',
    'color=red:size=320x320',
    '-frames:v',
    '1',
    '-q:v',
    '2',
    '-f',
    'mjpeg',
    '-',
  ]);
  const model = cellModel({ ...cells, shape: 'score' });
  const confidence = async (colours: 'rgb' | 'bgr') => {
    const labels = await startModel(modelSettings({ model }, { output: 'score', colours })).detect({
      jpeg,
      minConfidence: 0,
      signal,
    });
    return labels[0]?.confidence ?? 0;
  };
  // Red counts 0.299 of grey; read as blue it counts 0.114.
  expect(Math.abs((await confidence('rgb')) - 29.9)).toBeLessThan(1);
  expect(Math.abs((await confidence('bgr')) - 11.4)).toBeLessThan(1);
});

test('what lies in the bars beside the picture is left out', () => {
  const placement = { left: 0, top: 140, width: 640, height: 360 };
  const found = [
    { label: 0, score: 0.9, corners: [0, 0, 640, 139] as const },
    { label: 0, score: 0.8, corners: [320, 100, 640, 320] as const },
  ];
  expect(objectLabels(found, cellLabels, placement)).toEqual([
    {
      name: 'Bright',
      confidence: 80,
      instances: [{ box: { left: 0.5, top: 0, width: 0.5, height: 0.5 }, confidence: 80 }],
    },
  ]);
});
