// A model's files in a folder of their own, and a process for it, for one test.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { systemClock } from '../../agent/clock.ts';
import { ModelProcess, type ModelProcessOptions } from '../../agent/labels/onnx/model-process.ts';
import { modelSchema, type OnnxSettings } from '../../shared/label-settings.ts';
import { cellLabels } from './onnx-model.ts';

export function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'model-'));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

/** Settings with their defaults; the files are written, a labels file of `undefined` is not. */
export function modelSettings(
  { model, labels = cellLabels.join('\n') }: { model: Uint8Array; labels?: string | Uint8Array | undefined },
  change: Partial<OnnxSettings> = {},
): OnnxSettings {
  const path = folder();
  const modelFile = join(path, 'test.onnx');
  const labelsFile = join(path, 'labels.txt');
  writeFileSync(modelFile, model);
  writeFileSync(labelsFile, labels);
  const { onnx } = modelSchema.parse({ id: 'test', onnx: { modelFile, labelsFile, ...change } });
  if (!onnx) throw new Error('The schema left the model out');
  return onnx;
}

/** For the start of a process and one picture: a safety net for a machine that has much else to do. */
const deadlineMs = 170_000;

export function startModel(settings: OnnxSettings, change: Partial<ModelProcessOptions> = {}): ModelProcess {
  const model = new ModelProcess({ id: 'test', settings, clock: systemClock, deadlineMs, ...change });
  onTestFinished(() => model[Symbol.dispose]());
  return model;
}
