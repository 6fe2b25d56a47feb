// Which provider looks at a camera's pictures, and that it follows the settings.
import { copyFileSync, utimesSync, writeFileSync } from 'node:fs';
import jpeg from 'jpeg-js';
import { expect, onTestFinished, test } from 'vitest';
import { systemClock } from '../../agent/clock.ts';
import { LabelProviders } from '../../agent/labels/providers.ts';
import type { ModelSettings, OnnxSettings } from '../../shared/label-settings.ts';
import { cellModel } from './onnx-model.ts';
import { modelSettings } from './own-model.ts';
import { still } from './still.ts';

const white = still({ jpeg: jpeg.encode({ width: 64, height: 64, data: Buffer.alloc(64 * 64 * 4, 255) }, 95).data });
const signal = new AbortController().signal;
const wishes = { minConfidence: 50, maxLabels: 10, signal };
const model = cellModel({ side: 64, cell: 32, bright: 0.5, dark: 0.2, shape: 'yolo-v8' });

function onnx(labels: string): OnnxSettings {
  return modelSettings({ model, labels }, { width: 64, height: 64 });
}

function open(models: ModelSettings[]): LabelProviders {
  const aws = {
    region: 'us-west-2',
    endpoint: 'http://127.0.0.1:9',
    credentials: async () => ({ accessKeyId: 'a', secretAccessKey: 'b' }),
  };
  const providers = new LabelProviders({ aws, clock: systemClock, models });
  onTestFinished(() => providers[Symbol.dispose]());
  return providers;
}

const names = async (providers: LabelProviders, change: object = {}) =>
  (await providers.of({ provider: 'onnx', model: 'own' }).detect(white, { ...wishes, ...change })).map(
    ({ name }) => name,
  );

test('a camera’s model follows the settings and its files, and one that is gone is told', async () => {
  const first = onnx('Light\nDark');
  const providers = open([{ id: 'own', onnx: first }]);
  expect(await names(providers)).toEqual(['Light']);
  expect(await names(providers, { exclude: ['light'] })).toEqual([]);
  providers.follow([{ id: 'own', onnx: onnx('Day\nNight') }]);
  expect(await names(providers)).toEqual(['Day']);
  providers.follow([{ id: 'own', onnx: first }]);
  expect(await names(providers)).toEqual(['Light']);
  writeFileSync(first.labelsFile ?? '', 'Sun\nMoon');
  utimesSync(first.labelsFile ?? '', 1, 1);
  // Nobody reads files while nothing was said of them.
  expect(await names(providers)).toEqual(['Light']);
  providers.follow([{ id: 'own', onnx: first }]);
  expect(await names(providers)).toEqual(['Sun']);
  providers.follow([]);
  await expect(names(providers)).rejects.toMatchObject({
    code: 'model-invalid',
    message: expect.stringContaining('labels.model'),
  });
});

test('a change of other settings does not disturb who waits for an answer', async () => {
  const settings = onnx('Light\nDark');
  const providers = open([{ id: 'own', onnx: settings }]);
  const asked = names(providers);
  providers.follow([
    { id: 'own', onnx: settings },
    { id: 'other', sagemaker: { endpointName: 'x' } },
  ]);
  expect(await asked).toEqual(['Light']);
  const last = names(providers);
  await Promise.resolve();
  providers.follow([]);
  expect(await last).toEqual(['Light']);
});

test('a model of the other kind, and no model at all, are told', async () => {
  const providers = open([{ id: 'own', sagemaker: { endpointName: 'x' } }]);
  await expect(names(providers)).rejects.toMatchObject({ code: 'model-invalid' });
  const nameless = providers.of({ provider: 'sagemaker' });
  await expect(nameless.detect(white, wishes)).rejects.toMatchObject({ code: 'model-invalid' });
});

test('the provider none asks nobody; Rekognition is asked where the settings say', async () => {
  const providers = open([]);
  expect(await providers.of({ provider: 'none' }).detect(white, wishes)).toEqual([]);
  const rekognition = providers.of({ provider: 'rekognition' });
  await expect(rekognition.detect(white, wishes)).rejects.toMatchObject({ code: 'labels-failed', kind: 'unavailable' });
});

test('models that several cameras use run once', async () => {
  const settings = onnx('Light\nDark');
  copyFileSync(settings.modelFile, `${settings.modelFile}.copy`);
  const providers = open([{ id: 'own', onnx: settings }]);
  const cameras = Array.from({ length: 4 }, () => providers.of({ provider: 'onnx', model: 'own' }));
  const labels = await Promise.all(cameras.map(camera => camera.detect(white, wishes)));
  expect(labels.flat().map(({ name }) => name)).toEqual(['Light', 'Light', 'Light', 'Light']);
});
