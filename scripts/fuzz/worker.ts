// Feeds one target with inputs on a thread of its own: an input that never ends then hangs this thread and not the one
// that watches it. Input N of a seed is the same in every run, so a finding is told by two numbers.
import { parentPort, workerData } from 'node:worker_threads';
import { heldBytes } from './memory.ts';
import { seededRandom } from './seeded-random.ts';
import type { Ending, Target } from './target.ts';
import { type TargetName, targets } from './targets.ts';

export type FuzzTask = {
  target: TargetName;
  first: number;
  inputs: number;
  seed: number;
  /** The number of the input in hand, for the thread that watches. */
  progress: Int32Array;
};

export type FuzzResult =
  | { ok: true; endings: Record<Ending, number>; heldGrowthBytes: number }
  | { ok: false; input: number; problem: string };

/** What is cached and compiled on the way is no leak; measuring begins after this many. */
const warmUpInputs = 2000;

async function run(task: FuzzTask): Promise<FuzzResult> {
  const target = await targets[task.target]();
  const result = await feedAll(target, task);
  try {
    await target[Symbol.asyncDispose]();
  } catch (error) {
    // What shows at the end only; of a finding before it, it may be a consequence.
    if (result.ok) return { ok: false, input: task.first + task.inputs, problem: toldOf(error) };
  }
  return result;
}

async function feedAll(target: Target, { first, inputs, seed, progress }: FuzzTask): Promise<FuzzResult> {
  const endings: Record<Ending, number> = {};
  let heldBefore = heldBytes();
  for (let input = first; input < first + inputs; input++) {
    Atomics.store(progress, 0, input);
    if (input === first + warmUpInputs) heldBefore = heldBytes();
    try {
      const ending = await target.feed(seededRandom(Math.imul(seed, 0x9e3779b1) ^ Math.imul(input + 1, 0x85ebca6b)));
      endings[ending] = (endings[ending] ?? 0) + 1;
    } catch (error) {
      return { ok: false, input, problem: toldOf(error) };
    }
  }
  return { ok: true, endings, heldGrowthBytes: heldBytes() - heldBefore };
}

function toldOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

if (parentPort) parentPort.postMessage(await run(workerData));
