// npm run fuzz: seeded mutation fuzzing of everything that reads what others send. One JSON object a target; exit code 1
// as soon as something was thrown, promised and not kept, hung, or held on to.
import { parseArgs } from 'node:util';
import { Worker } from 'node:worker_threads';
import { type TargetName, targetNames } from './targets.ts';
import type { FuzzResult, FuzzTask } from './worker.ts';

const usage = `npm run fuzz -- ${targetNames.join('|')}|all [--inputs N] [--seed S] [--first I]

  --inputs N   inputs for each target (20000)
  --seed S     another seed gives other inputs (1)
  --first I    begin with input I: with --inputs 1, a finding alone (0)`;

/** Inputs are a few kilobytes and take microseconds, or as long as a server has to answer: no machine is this slow. */
const hangMs = 40_000;
/** Before the first input a target may take its time. */
const gettingReady = -1;
const mostHeldGrowthBytes = 16 * 1024 * 1024;

type Range = { first: number; inputs: number; seed: number };

async function fuzz(target: TargetName, range: Range): Promise<boolean> {
  const progress = new Int32Array(new SharedArrayBuffer(4)).fill(gettingReady);
  const workerData: FuzzTask = { target, ...range, progress };
  const startMs = performance.now();
  const worker = new Worker(new URL('worker.ts', import.meta.url), { workerData });
  const outcome = Promise.withResolvers<FuzzResult>();
  worker.once('message', outcome.resolve).once('error', outcome.reject);
  const watch = setInterval(
    (last => () => {
      const input = Atomics.load(progress, 0);
      if (input !== gettingReady && input === last.input)
        outcome.resolve({ ok: false, input, problem: `hung for ${hangMs / 1000} s` });
      last.input = input;
    })({ input: -1 }),
    hangMs,
  );
  const result = await outcome.promise.finally(() => clearInterval(watch));
  const seconds = (performance.now() - startMs) / 1000;
  await worker.terminate();
  return report(target, range, result, seconds);
}

/** @returns whether all went well */
function report(target: TargetName, { inputs, seed }: Range, result: FuzzResult, seconds: number): boolean {
  const inputsPerSecond = Math.round(inputs / seconds);
  const ok = result.ok && result.heldGrowthBytes <= mostHeldGrowthBytes;
  const told = result.ok
    ? { inputs, seconds: Math.round(seconds), inputsPerSecond, ...result, limits: { mostHeldGrowthBytes } }
    : { ...result, again: `npm run fuzz -- ${target} --seed ${seed} --first ${result.input} --inputs 1` };
  process.stdout.write(`${JSON.stringify({ fuzz: target, seed, ...told, ok }, null, 2)}\n`);
  return ok;
}

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      inputs: { type: 'string', default: '20000' },
      seed: { type: 'string', default: '1' },
      first: { type: 'string', default: '0' },
    },
  });
  const [name = ''] = positionals;
  const chosen = name === 'all' ? targetNames : targetNames.filter(known => known === name);
  const range = { first: Number(values.first), inputs: Number(values.inputs), seed: Number(values.seed) };
  if (chosen.length === 0 || !Object.values(range).every(value => Number.isSafeInteger(value) && value >= 0)) {
    process.stderr.write(`${usage}\n`);
    return 2;
  }
  let ok = true;
  for (const target of chosen) ok = (await fuzz(target, range)) && ok;
  return ok ? 0 : 1;
}

process.exitCode = await main();
