// A budget and its pauses on a ledger of their own, with a clock that tests set.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { type Fact, Facts } from '../../agent/facts.ts';
import { type BudgetLimits, CallBudget } from '../../agent/labels/call-budget.ts';
import { LabelLedger } from '../../agent/labels/label-ledger.ts';
import { LabelPauses } from '../../agent/labels/label-pauses.ts';
import { SimulatedClock } from '../simulated-clock.ts';

export function dataFolder(): string {
  const path = mkdtempSync(join(tmpdir(), 'budget-'));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

export function camera(id: string, provider: 'rekognition' | 'onnx' | 'sagemaker' | 'none', callsPerDay?: number) {
  return { id, labels: { provider, ...(callsPerDay === undefined ? {} : { callsPerDay }) } };
}

type SceneOptions = { dataDir?: string; nowMs?: number; limits?: Partial<BudgetLimits>; correctionMs?: number };

export function budgetScene({ dataDir = dataFolder(), nowMs, limits: change, correctionMs = 0 }: SceneOptions = {}) {
  const clock = new SimulatedClock(nowMs ?? Date.UTC(2026, 10, 25, 9));
  const limits: BudgetLimits = {
    timeZone: 'Europe/Berlin',
    budget: { dollarsPerThousandCalls: 1 },
    cameras: [camera('door', 'rekognition')],
    ...change,
  };
  const published: Fact[] = [];
  const facts = new Facts(error => {
    throw error;
  });
  facts.subscribe(fact => published.push(fact));
  const problems: string[] = [];
  const onProblem = ({ code }: { code: string }) => problems.push(code);
  const ledger = new LabelLedger(dataDir);
  const budget = new CallBudget({ ledger, clock, limits: () => limits, onProblem, correctionMs: () => correctionMs });
  const pauses = new LabelPauses({ ledger, clock, facts, onProblem });
  onTestFinished(() => ledger[Symbol.dispose]());
  return { clock, limits, facts, published, problems, ledger, budget, pauses, dataDir };
}
