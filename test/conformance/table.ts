// The conformance table at the end of a test run: which operations which clients did, and how many checks that were.
import type { Reporter, TestCase, TestModule } from 'vitest/node';
import type { Cell } from './cell.ts';

export type Outcome = Cell & { state: 'passed' | 'failed' | 'skipped' };

export class ConformanceTable implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const outcomes = modules.flatMap(({ children }) => [...children.allTests()].flatMap(outcomeOf));
    if (outcomes.length > 0) process.stdout.write(`\n${tableOf(outcomes)}\n`);
  }
}

function outcomeOf(test: TestCase): Outcome[] {
  const { conformance } = test.meta();
  const { state } = test.result();
  return conformance ? [{ ...conformance, state: state === 'pending' ? 'skipped' : state }] : [];
}

/** Markdown: a row an operation, a column a client, in each cell how many checks passed; then the sums. */
export function tableOf(outcomes: readonly Outcome[]): string {
  const operations = [...new Set(outcomes.map(({ operation }) => operation))].sort();
  const clients = [...new Set(outcomes.map(({ client }) => client))].sort();
  const rows = operations.map(operation => {
    const cells = clients.map(client =>
      cellOf(outcomes.filter(one => one.operation === operation && one.client === client)),
    );
    return [operation, ...cells];
  });
  const lines = [['Operation', ...clients], ['---', ...clients.map(() => '---:')], ...rows];
  return `${lines.map(cells => `| ${cells.join(' | ')} |`).join('\n')}\n\n${sumOf(outcomes)}`;
}

function cellOf(outcomes: readonly Outcome[]): string {
  if (outcomes.length === 0) return '';
  const passed = outcomes.filter(({ state }) => state === 'passed').length;
  return passed === outcomes.length ? `${passed}` : `${passed} of ${outcomes.length}`;
}

function sumOf(outcomes: readonly Outcome[]): string {
  const pairs = new Set(outcomes.map(({ operation, client }) => `${operation} ${client}`)).size;
  const count = (state: Outcome['state']) => outcomes.filter(one => one.state === state).length;
  const sums = (['failed', 'skipped'] as const).filter(state => count(state) > 0);
  const others = sums.map(state => `, ${count(state)} ${state}`).join('');
  return `${pairs} pairs of operation and client, ${outcomes.length} checks: ${count('passed')} passed${others}.`;
}
