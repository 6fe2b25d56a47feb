// The process of one model. Whatever a model does to it (a crash in native code, gigabytes of memory, minutes of one picture),
// cameras are recorded by another process. Ends with the agent, also when that is killed.
import { writeFileSync } from 'node:fs';
import type { OnnxSettings } from '../../../shared/label-settings.ts';
import type { LoadedModel } from './loaded-model.ts';
import { ModelProblem } from './model-problem.ts';
import type { DetectMessage, FromModel, ToModel } from './model-wire.ts';

/** Linux ends the process with the highest number first when memory runs out. Raising one's own needs no right. */
const endMeFirst = '800';

let model: Promise<LoadedModel> | undefined;
let turn: Promise<void> = Promise.resolve();

process.on('disconnect', () => process.exit());
process.on('message', (message: ToModel) => {
  if ('load' in message) {
    model = load(message.load);
    model.catch(() => undefined);
  } else {
    turn = turn.then(() => answer(message));
  }
});
try {
  writeFileSync('/proc/self/oom_score_adj', endMeFirst);
} catch {
  // Not Linux, or not allowed: the kernel chooses as it likes.
}

/** The runtime is loaded only here: who uses no model of their own never pays for it. */
async function load(settings: OnnxSettings): Promise<LoadedModel> {
  const { LoadedModel } = await import('./loaded-model.ts').catch(error => {
    throw new ModelProblem(
      'invalid',
      'cannot run on this device: onnxruntime has no build for it, or it is not installed. Choose another provider.',
      error,
    );
  });
  return LoadedModel.load(settings);
}

async function answer({ id, jpeg, minConfidence }: DetectMessage): Promise<void> {
  process.send?.(await answerOf({ id, jpeg, minConfidence }));
}

async function answerOf({ id, jpeg, minConfidence }: DetectMessage): Promise<FromModel> {
  try {
    const loaded = await model;
    if (!loaded) throw new Error('Asked before it was told what to load');
    return { id, labels: await loaded.detect(jpeg, minConfidence) };
  } catch (error) {
    if (error instanceof ModelProblem) return { id, problem: { blame: error.blame, sentence: error.message } };
    return { id, problem: { blame: 'bug', sentence: error instanceof Error ? error.message : String(error) } };
  }
}
