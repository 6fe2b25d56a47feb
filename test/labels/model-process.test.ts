// A model in its own process: what its owner is told when it is not right, and that nothing it does reaches the agent.
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import jpeg from 'jpeg-js';
import { expect, test } from 'vitest';
import type { ModelProcess } from '../../agent/labels/onnx/model-process.ts';
import { SimulatedClock } from '../simulated-clock.ts';
import { cellModel } from './onnx-model.ts';
import { folder, modelSettings, startModel } from './own-model.ts';

const cells = { side: 64, cell: 8, bright: 0.5, dark: 0.2, shape: 'yolo-v8' } as const;
const small = { width: 64, height: 64 };
const model = cellModel(cells);

/** The left half white, the right half black. */
const half = (() => {
  const data = Buffer.alloc(64 * 64 * 4);
  for (let at = 0; at < data.length; at++) data[at] = at % 256 < 128 ? 255 : 0;
  return jpeg.encode({ width: 64, height: 64, data }, 95).data;
})();

const signal = new AbortController().signal;
const ask = (running: ModelProcess, change: { jpeg?: Uint8Array; signal?: AbortSignal } = {}) =>
  running.detect({ jpeg: half, minConfidence: 50, signal, ...change });
const counts = (labels: Awaited<ReturnType<typeof ask>>) =>
  labels.map(({ name, instances }) => [name, instances.length]);
const found = [
  ['Bright', 32],
  ['Dark', 32],
];

test('pictures are answered in the order they were asked, by one process', async () => {
  const running = startModel(modelSettings({ model }, small));
  const answers = await Promise.all([ask(running), ask(running), ask(running)]);
  expect(answers.map(counts)).toEqual([found, found, found]);
  const { pid } = running;
  await ask(running);
  expect(running.pid).toBe(pid);
});

test.each([
  {
    name: 'a file that is no model',
    model: Buffer.from('not a model'),
    says: /test\.onnx is no ONNX model.*Set modelFile/,
  },
  { name: 'a model that was cut short', model: model.subarray(0, model.length / 2), says: /no ONNX model/ },
  { name: 'an empty file', model: Buffer.alloc(0), says: /no ONNX model/ },
  { name: 'another size', model, change: { width: 640, height: 640 }, says: /Set width: 64, height: 64/ },
  { name: 'another layout', model: cellModel({ ...cells, input: 'bytes-last' }), says: /Set layout: nhwc/ },
  {
    name: 'labels that are too few',
    model,
    labels: 'Bright',
    says: /\[1, 6, 64\].* 1 labels of labelsFile.*labelsFile/,
  },
  { name: 'an empty labels file', model, labels: '\n \n', says: /labels\.txt is empty.*Set labelsFile/ },
  { name: 'labels that are no text', model, labels: Buffer.from([0xff, 0xfe, 0x41]), says: /UTF-8/ },
  { name: 'another output', model, change: { output: 'ssd' } as const, says: /output0 \[1, 6, 64\].*Set output/ },
])('$name is model-invalid, with the setting to change', async ({ model, labels, change, says }) => {
  const running = startModel(
    modelSettings({ model, ...(labels === undefined ? {} : { labels }) }, { ...small, ...change }),
  );
  await expect(ask(running)).rejects.toMatchObject({
    code: 'model-invalid',
    retry: 'later',
    message: expect.stringMatching(says),
  });
});

test('a file that is missing is model-invalid, and is found as soon as it is there', async () => {
  const settings = modelSettings({ model }, small);
  const labels = readFileSync(settings.labelsFile ?? '');
  rmSync(settings.modelFile);
  rmSync(settings.labelsFile ?? '');
  const running = startModel(settings);
  await expect(ask(running)).rejects.toMatchObject({
    code: 'model-invalid',
    message: expect.stringMatching(/labels\.txt is not there\. Set labelsFile\./),
  });
  writeFileSync(settings.labelsFile ?? '', labels);
  await expect(ask(running)).rejects.toMatchObject({
    code: 'model-invalid',
    message: expect.stringMatching(/test\.onnx is not there\. Set modelFile\./),
  });
  writeFileSync(settings.modelFile, model);
  expect(counts(await ask(running))).toEqual(found);
});

test('a picture that is none is left out, and the next one is looked at by the same process', async () => {
  const running = startModel(modelSettings({ model }, small));
  await ask(running);
  const { pid } = running;
  for (const bad of [Buffer.from('no picture'), half.subarray(0, 200), new Uint8Array(0)])
    await expect(ask(running, { jpeg: bad })).rejects.toMatchObject({ code: 'labels-failed', retry: 'never' });
  expect(counts(await ask(running))).toEqual(found);
  expect(running.pid).toBe(pid);
});

test('a process that is killed is model-failed, and another one takes its place', async () => {
  const running = startModel(modelSettings({ model }, small));
  await ask(running);
  const pid = running.pid ?? 0;
  const asked = ask(running, { jpeg: half });
  process.kill(pid, 'SIGKILL');
  await expect(asked).rejects.toMatchObject({ code: 'model-failed', message: expect.stringContaining('SIGKILL') });
  expect(counts(await ask(running))).toEqual(found);
  expect(running.pid).not.toBe(pid);
});

test('a model that does not answer in time is ended, and started again for the next picture', async () => {
  const clock = new SimulatedClock();
  const running = startModel(modelSettings({ model }, small), { clock, deadlineMs: 30_000 });
  const asked = ask(running);
  const refused = expect(asked).rejects.toMatchObject({
    code: 'model-failed',
    message: expect.stringMatching(/30 s.*threads/),
  });
  await clock.advanceUntil(() => running.pid !== undefined);
  await clock.advance(30_000);
  await refused;
  expect(counts(await ask(running))).toEqual(found);
});

test('who no longer waits does not hold up the others', async () => {
  const running = startModel(modelSettings({ model }, small));
  const leaving = new AbortController();
  const first = ask(running);
  const second = ask(running, { signal: leaving.signal });
  leaving.abort(new Error('The camera was removed'));
  await expect(second).rejects.toThrow('The camera was removed');
  expect(counts(await first)).toEqual(found);
  expect(counts(await ask(running))).toEqual(found);
});

test('a model that is no longer needed leaves no process, and one that an agent left behind ends by itself', async () => {
  const running = startModel(modelSettings({ model }, small));
  await ask(running);
  const pid = running.pid ?? 0;
  expect(readFileSync(`/proc/${pid}/oom_score_adj`, 'utf8').trim()).toBe('800');
  running[Symbol.dispose]();
  await gone(pid);
  await expect(ask(running)).rejects.toMatchObject({ code: 'model-failed' });
});

test('a model with one score needs no labels', async () => {
  const { labelsFile: _, ...settings } = modelSettings(
    { model: cellModel({ ...cells, shape: 'score' }) },
    { ...small, output: 'score' },
  );
  const [label] = await ask(startModel(settings));
  expect(label).toMatchObject({ name: 'Anomaly', instances: [] });
  expect(Math.abs((label?.confidence ?? 0) - 50)).toBeLessThan(1);
});

test('a folder in the place of a file is told as such', async () => {
  const settings = { ...modelSettings({ model }, small), modelFile: join(folder(), '.') };
  await expect(ask(startModel(settings))).rejects.toMatchObject({
    code: 'model-invalid',
    message: expect.stringContaining('EISDIR'),
  });
});

async function gone(pid: number): Promise<void> {
  const isThere = () => {
    try {
      return process.kill(pid, 0);
    } catch {
      return false;
    }
  };
  await expect.poll(isThere).toBe(false);
}
