// The results as a Markdown table, and its place in the page. Pure.
import type { Result } from './lab.ts';
import type { Outcome } from './scenario.ts';

const head =
  '| fault | lasted | pictures | lost | twice | superseded | dropped, recorded | attempts/s | recovery | what the agent said |';
const rule = '| --- | --: | --: | --: | --: | --: | --: | --: | --: | --- |';
const begin = '<!-- fault-lab: begin -->';
const end = '<!-- fault-lab: end -->';

export function tableOf(results: readonly Result[]): string {
  return [head, rule, ...results.map(rowOf)].join('\n');
}

/** The page with what stands between the two marks replaced. @throws Error when it has no such place */
export function withTable(page: string, table: string): string {
  const [from, to] = [page.indexOf(begin), page.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`docs/reliability.md has no ${begin} … ${end}`);
  return `${page.slice(0, from + begin.length)}\n\n${table}\n\n${page.slice(to)}`;
}

function rowOf(result: Result): string {
  if ('cannot' in result) return `| ${result.name} | not run: ${result.cannot} |||||||||`;
  if ('failed' in result) return `| ${result.name} | FAILED: ${result.failed} |||||||||`;
  const { pictures, lost, twice, superseded, dropped, recoveryMs, errors } = result.outcome;
  const { faultMs, attempts } = result.outcome;
  const cells = [
    ...[result.name, seconds(faultMs), pictures, lost, twice, superseded, dropped],
    ...[perSecond(result.outcome, attempts), seconds(recoveryMs), errors.map(code => `\`${code}\``).join(' ')],
  ];
  return `| ${cells.join(' | ')} |`;
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}

/** Of faults shorter than a second there is no rate. */
function perSecond({ faultMs }: Outcome, attempts: number): string {
  return faultMs < 1000 ? `${attempts} in all` : (attempts / (faultMs / 1000)).toFixed(2);
}
