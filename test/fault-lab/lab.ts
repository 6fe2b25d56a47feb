// All scenarios, and how they are run: beside each other, because they mostly wait.
import { clockScenarios } from './clock-scenarios.ts';
import { diskScenarios } from './disk-scenarios.ts';
import { killScenario } from './kill-scenario.ts';
import type { LabSize, Outcome, Scenario } from './scenario.ts';
import { serviceScenarios } from './service-scenarios.ts';
import { truncationScenario } from './truncation-scenario.ts';

export const scenarios: readonly Scenario[] = [
  ...serviceScenarios,
  killScenario,
  ...diskScenarios,
  truncationScenario,
  ...clockScenarios,
];

export type Result = { name: string } & ({ outcome: Outcome } | { failed: string } | { cannot: string });

/** Two cores carry so many without one slowing another down. */
const besideEachOther = 24;

/** In the order of the table. Never rejects: what a scenario throws is its result. */
export async function runLab(size: LabSize, onResult: (result: Result) => void = () => {}): Promise<Result[]> {
  const results = new Map<string, Result>();
  // The longest ones come last in the table: they begin first.
  const waiting = [...scenarios];
  const work = async () => {
    for (let scenario = waiting.pop(); scenario; scenario = waiting.pop()) {
      const result = await runScenario(scenario, size);
      results.set(scenario.name, result);
      onResult(result);
    }
  };
  await Promise.all(Array.from({ length: besideEachOther }, work));
  return scenarios.flatMap(({ name }) => results.get(name) ?? []);
}

async function runScenario({ name, cannot, run }: Scenario, size: LabSize): Promise<Result> {
  try {
    const reason = await cannot?.();
    return reason === undefined ? { name, outcome: await run(size) } : { name, cannot: reason };
  } catch (error) {
    return { name, failed: describe(error) };
  }
}

/** What was thrown while something else was already wrong is told with it: the first cause is the last one named. */
function describe(error: unknown): string {
  if (error instanceof SuppressedError) return `${describe(error.error)}; before it: ${describe(error.suppressed)}`;
  return error instanceof Error ? error.message : String(error);
}

/** Attempts that may follow each other quickly when a fault begins. */
const burst = 5;
/** So long that the first few do not count. */
const longFaultMs = 20_000;

/** One a second is allowed on average; besides the first few when the fault is short. */
function allowedAttempts({ faultMs }: Outcome): number {
  return (faultMs < longFaultMs ? burst : 0) + faultMs / 1000;
}

/** What an outcome breaks of what the product promises, in words; empty when it keeps all of it. */
export function breachesOf(name: string, outcome: Outcome): string[] {
  const { lost, twice, inOrder, attempts } = outcome;
  const forgets = scenarios.find(scenario => scenario.name === name)?.forgets ?? false;
  return [
    ...(lost > 0 ? [`${lost} pictures lost`] : []),
    ...(twice > 0 ? [`${twice} pictures twice`] : []),
    ...(inOrder || forgets ? [] : ['fragments not in the order of their time']),
    ...(attempts > allowedAttempts(outcome) ? [`${attempts} attempts in ${Math.round(outcome.faultMs)} ms`] : []),
  ];
}
